#include <utility>

#include "hourglass/http/over_tcp.h"
#include "http/client_session.h"
#include "http/over_tcp.h"

namespace hourglass::http {

class TcpClient::Implementation final : public tcp::ConnectionHandler {
  public:
    Implementation(ip::Host& host, SocketAddress server, const ClientSettings& http, const TcpClientSettings& settings)
        : host_(host), session_(transport_, server, http, settings, [&host] { return host.now(); }) {
        poller_ = host_.add_poller([this](Instant now) { session_.poll(now); }, [this] { return session_.deadline(); });
        const auto stream = host_.tcp().connect(server, {.local = {}, .handler = this});
        if (stream)
            transport_.stream() = *stream;
        else
            session_.closed(stream.error());
    }
    ~Implementation() override {
        host_.remove_poller(poller_);
        transport_.stream().set_handler(nullptr);
        transport_.abort();
    }

    [[nodiscard]] detail::ClientSession& session() { return session_; }
    [[nodiscard]] tcp::Stream stream() const { return transport_.stream(); }

    void on_established(tcp::Stream stream) override {
        stream.set_no_delay(true);
        session_.established();
    }
    void on_readable(tcp::Stream) override { session_.pump(); }
    void on_writable(tcp::Stream) override { session_.pump(); }
    void on_closed(tcp::Stream, tcp::Error error) override {
        transport_.stream() = {};
        session_.closed(error);
    }

  private:
    ip::Host& host_;
    detail::TcpTransport transport_;
    detail::ClientSession session_;
    std::uint32_t poller_ = 0;
};

TcpClient::TcpClient(ip::Host& host, SocketAddress server, const ClientSettings& http,
                     const TcpClientSettings& settings)
    : implementation_(std::make_unique<Implementation>(host, server, http, settings)) {}
TcpClient::~TcpClient() = default;

void TcpClient::send(Request request, Completion done) {
    send(std::move(request), nullptr, collect_response(std::move(done)));
}
void TcpClient::send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver) {
    implementation_->session().send(std::move(request), std::move(body), std::move(receiver));
}
void TcpClient::close() { implementation_->session().close(); }
tcp::Stream TcpClient::stream() const { return implementation_->stream(); }
bool TcpClient::reusable() const { return implementation_->session().reusable(); }

}  // namespace hourglass::http
