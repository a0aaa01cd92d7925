#include "trace/conversation.h"

#include <array>
#include <memory>
#include <span>

namespace hourglass::trace {

namespace {

using namespace std::chrono_literals;

const SocketAddress kServerAddress{IpAddress::v4(10, 0, 0, 2), Port(80)};

/// Sends a text as there is room, and reads all that comes.
class Speaker : public tcp::ConnectionHandler {
  public:
    explicit Speaker(const std::string& text) : text_(text) {}
    void on_writable(tcp::Stream stream) override { speak(stream); }
    void on_readable(tcp::Stream stream) override {
        std::array<std::byte, 4096> room;
        while (const std::size_t n = stream.receive(room)) heard_ += n;
        if (stream.at_end()) stream.shutdown();
    }

  protected:
    void speak(tcp::Stream stream) {
        while (said_ < text_.size()) {
            const std::size_t n = stream.send(std::as_bytes(std::span(text_).subspan(said_)));
            if (n == 0) return;
            said_ += n;
        }
    }
    [[nodiscard]] bool has_said_all() const { return said_ == text_.size(); }
    [[nodiscard]] std::size_t heard() const { return heard_; }

  private:
    const std::string& text_;
    std::size_t said_ = 0;
    std::size_t heard_ = 0;
};

}  // namespace

class Conversation::Client : public Speaker {
  public:
    Client(const std::string& text, const std::string& expected) : Speaker(text), expected_(expected) {}
    void on_established(tcp::Stream stream) override { speak(stream); }
    void on_readable(tcp::Stream stream) override {
        Speaker::on_readable(stream);
        if (heard() >= expected_.size()) stream.shutdown();
    }

  private:
    const std::string& expected_;
};

class Conversation::Server : public Speaker, public tcp::AcceptHandler {
  public:
    Server(const std::string& text, const std::string& expected) : Speaker(text), expected_(expected) {}
    void on_acceptable(tcp::Listener listener) override { (void)listener.accept(this); }
    void on_readable(tcp::Stream stream) override {
        Speaker::on_readable(stream);
        if (heard() >= expected_.size()) speak(stream);
    }

  private:
    const std::string& expected_;
};

sim::LinkSettings quiet_link() { return sim::LinkSettings().both({.delay = 10ms}); }

Conversation::Conversation(const sim::LinkSettings& settings, std::uint64_t seed, const tcp::Settings& tcp)
    : world(seed), link([&]() -> sim::Link& {
          ip::HostSettings host;
          host.tcp = tcp;
          world.add_host("client", host);
          world.add_host("server", host);
          return world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, settings);
      }()) {
    recorder.attach(world);
}

Conversation::~Conversation() = default;

void Conversation::run() {
    client_ = std::make_unique<Client>(request, response);
    server_ = std::make_unique<Server>(response, request);
    listener_ = world.host("server").tcp().listen(kServerAddress, {.handler = server_.get()}).value();
    (void)world.host("client").tcp().connect(kServerAddress, {.local = {}, .handler = client_.get()});
    world.run_for(1h);
    listener_.close();
}

}  // namespace hourglass::trace
