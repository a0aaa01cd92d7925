#include <utility>

#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/os_stream.h"
#include "http/client_session.h"
#include "runtime/deadline_timer.h"

namespace hourglass::runtime {

class OsClient::Implementation final : private OsStreamHandler {
  public:
    Implementation(OsLoop& loop, const SocketAddress& server, const http::ClientSettings& http,
                   const http::TcpClientSettings& settings)
        : stream_(OsStream::connect(loop, server, *this)),
          session_(*stream_, server, http, settings, [] { return now(); }),
          timer_(loop.context(), [this] {
              session_.poll(now());
              return session_.deadline();
          }) {
        timer_.set(session_.deadline());
    }

    void send(http::Request request, std::unique_ptr<http::BodySource> body,
              std::shared_ptr<http::ResponseReceiver> receiver) {
        session_.send(std::move(request), std::move(body), std::move(receiver));
        timer_.set(session_.deadline());
    }
    void close() { session_.close(); }
    [[nodiscard]] bool reusable() const { return session_.reusable(); }

  private:
    void on_connected() override {
        session_.established();
        timer_.set(session_.deadline());
    }
    void on_ready() override { session_.pump(); }
    void on_closed(tcp::Error error) override { session_.closed(error); }

    std::unique_ptr<OsStream> stream_;
    http::detail::ClientSession session_;
    DeadlineTimer timer_;
};

OsClient::OsClient(OsLoop& loop, const SocketAddress& server, const http::ClientSettings& http,
                   const http::TcpClientSettings& settings)
    : implementation_(std::make_unique<Implementation>(loop, server, http, settings)) {}
OsClient::~OsClient() = default;

void OsClient::send(http::Request request, http::Completion done) {
    send(std::move(request), nullptr, http::collect_response(std::move(done)));
}
void OsClient::send(http::Request request, std::unique_ptr<http::BodySource> body,
                    std::shared_ptr<http::ResponseReceiver> receiver) {
    implementation_->send(std::move(request), std::move(body), std::move(receiver));
}
void OsClient::close() { implementation_->close(); }
bool OsClient::reusable() const { return implementation_->reusable(); }

}  // namespace hourglass::runtime
