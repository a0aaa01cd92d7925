#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <utility>

#include "hourglass/http/body.h"
#include "hourglass/http/dial.h"

namespace hourglass::http {

namespace {

constexpr char kVersion = 5;
constexpr char kNoAuthentication = 0;
constexpr char kPassword = 2;  ///< RFC 1929
constexpr std::size_t kMostOctets = 255;

/// RFC 1928, section 6.
std::string_view reply_text(unsigned char reply) {
    constexpr std::array<std::string_view, 9> texts = {"succeeded",
                                                       "general failure",
                                                       "not allowed by its rules",
                                                       "network unreachable",
                                                       "host unreachable",
                                                       "connection refused",
                                                       "time to live expired",
                                                       "command not supported",
                                                       "address type not supported"};
    return reply < texts.size() ? texts[reply] : "unknown reply";
}

std::string with_size(std::string_view text) { return static_cast<char>(text.size()) + std::string(text); }

/// A connection to a SOCKS proxy, which becomes one to a server behind it.
class SocksTunnel final : public Transport, private TransportHandler {
  public:
    SocksTunnel(std::string host, Port port, std::optional<Login> login, TransportHandler& handler,
                DialObserver observer)
        : host_(std::move(host)),
          port_(port),
          login_(std::move(login)),
          handler_(handler),
          observer_(std::move(observer)) {
        out_ = login_ ? std::string{kVersion, 2, kNoAuthentication, kPassword}
                      : std::string{kVersion, 1, kNoAuthentication};
    }

    void begin(const OpenTransport& open) { inner_ = open(*this); }

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override {
        return state_ == State::open ? inner_->send(pieces) : 0;
    }
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override {
        if (state_ != State::open) return false;
        if (in_.empty()) return inner_->receive(take);
        const std::string early = std::exchange(in_, {});
        take(as_bytes(early));
        return true;
    }
    [[nodiscard]] bool at_end() const override { return state_ == State::open && in_.empty() && inner_->at_end(); }
    void shutdown() override { inner_->shutdown(); }
    void close() override { inner_->close(); }
    void abort() override { inner_->abort(); }
    [[nodiscard]] bool exists() const override { return inner_->exists(); }
    [[nodiscard]] std::optional<TransportInfo> info() const override { return inner_->info(); }
    [[nodiscard]] std::string failure() const override { return failure_.empty() ? inner_->failure() : failure_; }

  private:
    enum class State : std::uint8_t { method, password, reply, open };

    void on_connected() override {
        // One octet tells the size of each.
        const bool too_long = login_ && std::max(login_->user.size(), login_->password.size()) > kMostOctets;
        if (too_long || host_.size() > kMostOctets)
            return fail(fmt::format("a {} of more than 255 octets can't be sent to a SOCKS proxy",
                                    too_long ? "name or password" : "host"));
        flush();
    }
    void on_ready() override {
        if (state_ == State::open) return handler_.on_ready();
        flush();
        while (state_ != State::open && failure_.empty() &&
               inner_->receive([this](std::span<const std::byte> bytes) { take(bytes); })) {
        }
        if (state_ == State::open) {
            if (observer_) observer_({.kind = DialEvent::Kind::tunnelled, .name = name()});
            return handler_.on_connected();
        }
        if (failure_.empty() && inner_->at_end()) fail("the SOCKS proxy closed the connection");
    }
    void on_closed(tcp::Error error) override {
        if (state_ == State::open) return handler_.on_closed(error);
        if (failure_.empty() && error == tcp::Error::none) failure_ = "the SOCKS proxy closed the connection";
        handler_.on_closed(failure_.empty() ? error : tcp::Error::refused);
    }

    void say(std::string bytes) {
        out_ += bytes;
        flush();
    }
    void flush() {
        while (!out_.empty()) {
            const auto bytes = as_bytes(out_);
            const std::size_t n = inner_->send(std::span(&bytes, 1));
            if (n == 0) return;
            out_.erase(0, n);
        }
    }

    void take(std::span<const std::byte> bytes) {
        in_ += as_text(bytes);
        while (state_ != State::open && failure_.empty() && step()) {
        }
    }
    /// False when more bytes are needed.
    bool step() {
        switch (state_) {
            case State::method:
                return take_method();
            case State::password:
                return take_verdict();
            case State::reply:
                return take_reply();
            case State::open:
                break;
        }
        return false;
    }
    bool take_method() {
        if (in_.size() < 2) return false;
        const char version = in_[0];
        const char method = in_[1];
        in_.erase(0, 2);
        if (version != kVersion) {
            fail("the proxy does not speak SOCKS 5");
        } else if (method == kNoAuthentication) {
            ask();
        } else if (method == kPassword && login_) {
            state_ = State::password;
            say(std::string(1, '\1') + with_size(login_->user) + with_size(login_->password));
        } else {
            fail(login_ ? "the SOCKS proxy takes no password" : "the SOCKS proxy wants a name and a password");
        }
        return true;
    }
    bool take_verdict() {
        if (in_.size() < 2) return false;
        const bool good = in_[1] == 0;
        in_.erase(0, 2);
        if (good)
            ask();
        else
            fail("the SOCKS proxy does not take this name and password");
        return true;
    }
    /// RFC 1928, section 4. Names are the proxy's to resolve.
    void ask() {
        state_ = State::reply;
        std::string request{kVersion, 1, 0};
        const auto address = IpAddress::parse(host_);
        if (!address) {
            request += '\3' + with_size(host_);
        } else {
            request += address->is_v4() ? '\1' : '\4';
            request += as_text(std::as_bytes(std::span(address->wire_octets())));
        }
        const auto port = to_number(port_);
        say(request + static_cast<char>(port >> 8) + static_cast<char>(port & 0xff));
    }
    bool take_reply() {
        if (in_.size() < 5) return false;
        const auto octet = [this](std::size_t i) { return static_cast<unsigned char>(in_[i]); };
        if (in_[0] != kVersion) {
            fail("the proxy does not speak SOCKS 5");
            return true;
        }
        if (octet(1) != 0) {
            fail(fmt::format("the SOCKS proxy does not connect to {}: {}", name(), reply_text(octet(1))));
            return true;
        }
        std::size_t size = 0;  // of the address that the proxy has bound
        switch (octet(3)) {
            case 1:
                size = 4;
                break;
            case 3:
                size = 1 + std::size_t{octet(4)};
                break;
            case 4:
                size = 16;
                break;
            default:
                fail("the SOCKS proxy's reply is malformed");
                return true;
        }
        const std::size_t whole = 4 + size + 2;
        if (in_.size() < whole) return false;
        in_.erase(0, whole);
        state_ = State::open;
        return true;
    }

    [[nodiscard]] std::string name() const { return fmt::format("{}:{}", host_, to_number(port_)); }

    /// The handler is told when the transport has gone.
    void fail(std::string failure) {
        failure_ = std::move(failure);
        inner_->abort();
    }

    std::string host_;
    Port port_;
    std::optional<Login> login_;
    TransportHandler& handler_;
    DialObserver observer_;
    State state_ = State::method;
    std::string out_;  ///< What is to be said to the proxy.
    std::string in_;   ///< What it has said; later what came behind that.
    std::string failure_;
    std::unique_ptr<Transport> inner_;
};

}  // namespace

std::unique_ptr<Transport> open_socks_tunnel(const std::string& host, Port port, std::optional<Login> login,
                                             TransportHandler& handler, const OpenTransport& open,
                                             DialObserver observer) {
    auto tunnel = std::make_unique<SocksTunnel>(host, port, std::move(login), handler, std::move(observer));
    tunnel->begin(open);
    return tunnel;
}

}  // namespace hourglass::http
