#include <fmt/format.h>
#include <utility>

#include "hourglass/http/over_tcp.h"
#include "http/over_tcp.h"

namespace hourglass::http {

class TcpClient::Implementation final : public tcp::ConnectionHandler {
  public:
    Implementation(ip::Host& host, SocketAddress server, const ClientSettings& http, const TcpClientSettings& settings)
        : host_(host), server_(server), settings_(settings), http_(http), active_(host.now()) {
        http_.on_change([this] { pump(); });
        poller_ = host_.add_poller([this](Instant now) { poll(now); }, [this] { return deadline(); });
        const auto stream = host_.tcp().connect(server, {.local = {}, .handler = this});
        if (stream)
            stream_ = *stream;
        else
            fail(ClientError::Kind::connection_failed, to_string(stream.error()));
    }
    ~Implementation() override {
        host_.remove_poller(poller_);
        stream_.set_handler(nullptr);
        stream_.abort();
    }

    void send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver) {
        if (http_.pending() == 0) active_ = host_.now();
        if (!closing_ && http_.send(std::move(request), std::move(body), receiver)) return pump();
        ClientError error = failure_;
        error.retryable = true;
        receiver->on_error(error);
    }
    void close() {
        closing_ = true;
        pump();
    }
    [[nodiscard]] tcp::Stream stream() const { return stream_; }
    [[nodiscard]] bool reusable() const { return !closing_ && http_.reusable(); }

    void on_established(tcp::Stream stream) override {
        established_ = true;
        active_ = host_.now();
        stream.set_no_delay(true);
        pump();
    }
    void on_readable(tcp::Stream) override { pump(); }
    void on_writable(tcp::Stream) override { pump(); }
    void on_closed(tcp::Stream, tcp::Error error) override {
        stream_ = {};
        established_ = false;
        if (error == tcp::Error::none)
            http_.peer_closed();
        else
            fail(error == tcp::Error::timed_out ? ClientError::Kind::timed_out : ClientError::Kind::connection_failed,
                 to_string(error));
    }

  private:
    void pump() {
        if (pumping_ || !established_) return;
        pumping_ = true;
        for (bool moved = true; moved;) {
            moved = detail::move_output(http_, stream_);
            moved = detail::move_input(http_, stream_) || moved;
            if (stream_.at_end() && http_.wants_input()) http_.peer_closed();
            if (moved) active_ = host_.now();
        }
        if (http_.should_close() || (closing_ && http_.pending() == 0)) stream_.close();
        pumping_ = false;
    }

    [[nodiscard]] Instant deadline() const {
        if (!stream_.exists()) return kNever;
        if (!established_) return active_ + settings_.connect;
        return http_.pending() == 0 ? kNever : active_ + settings_.response;
    }
    void poll(Instant now) {
        if (now < deadline()) return;
        active_ = now;
        fail(ClientError::Kind::timed_out, established_ ? "no answer in time" : "no connection in time");
        stream_.abort();
    }

    void fail(ClientError::Kind kind, std::string_view what) {
        failure_.kind = kind;
        failure_.text = fmt::format("{}: {}", server_.to_string(), what);
        http_.fail(failure_);
    }

    ip::Host& host_;
    SocketAddress server_;
    TcpClientSettings settings_;
    ClientConnection http_;
    tcp::Stream stream_;
    std::uint32_t poller_ = 0;
    Instant active_;  ///< when a byte moved last
    ClientError failure_{ClientError::Kind::connection_closed, {}, {}, "the connection is closed", true};
    bool established_ = false;
    bool closing_ = false;
    bool pumping_ = false;
};

TcpClient::TcpClient(ip::Host& host, SocketAddress server, const ClientSettings& http,
                     const TcpClientSettings& settings)
    : implementation_(std::make_unique<Implementation>(host, server, http, settings)) {}
TcpClient::~TcpClient() = default;

void TcpClient::send(Request request, Completion done) {
    send(std::move(request), nullptr, collect_response(std::move(done)));
}
void TcpClient::send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver) {
    implementation_->send(std::move(request), std::move(body), std::move(receiver));
}
void TcpClient::close() { implementation_->close(); }
tcp::Stream TcpClient::stream() const { return implementation_->stream(); }
bool TcpClient::reusable() const { return implementation_->reusable(); }

}  // namespace hourglass::http
