#include <map>
#include <vector>

#include "hourglass/http/over_tcp.h"
#include "http/handled_tcp.h"
#include "http/over_tcp.h"
#include "http/secure_session.h"
#include "http/server_session.h"

namespace hourglass::http {

namespace {

/// A session on a connection of our TCP.
class TcpSession final : public detail::ServerSession, public tcp::ConnectionHandler {
  public:
    /// `gone` is called when the connection has gone; the session is destroyed in that call.
    TcpSession(detail::SessionTable& table, tcp::Stream stream, const std::function<void(ServerSession&)>& gone)
        : ServerSession(table, transport_, stream.remote()), transport_(stream), gone_(gone) {}
    ~TcpSession() override {
        transport_.stream().set_handler(nullptr);
        transport_.abort();
    }

    void on_readable(tcp::Stream) override { pump(); }
    void on_writable(tcp::Stream) override { pump(); }
    void on_closed(tcp::Stream, tcp::Error) override {
        transport_.stream() = {};
        gone_(*this);
    }

  private:
    detail::TcpTransport transport_;
    const std::function<void(ServerSession&)>& gone_;
};

}  // namespace

class TcpServer::Implementation final : public tcp::AcceptHandler {
  public:
    Implementation(ip::Host& host, const Application& application, const ServerSettings& http,
                   const TcpServerSettings& settings)
        : host_(host), sessions_(application, http, settings, [&host] { return host.now(); }) {
        gone_ = [this](detail::ServerSession& session) { remove(session); };
        poller_ = host_.add_poller([this](Instant now) { sessions_.poll(now); },
                                   [this] { return sessions_.next_deadline(); });
    }
    ~Implementation() override {
        host_.remove_poller(poller_);
        for (tcp::Listener& listener : listeners_) listener.close();
    }

    std::expected<void, tcp::Error> listen(SocketAddress local, SecureServer* secure) {
        tcp::ListenOptions options;
        options.accept_queue = sessions_.settings().accept_queue;
        options.handler = this;
        const auto listener = host_.tcp().listen(local, options);
        if (!listener) return std::unexpected(listener.error());
        listeners_.push_back(*listener);
        if (secure != nullptr) secure_.emplace(local, secure);
        return {};
    }

    void close() {
        for (tcp::Listener& listener : listeners_) listener.close();
        listeners_.clear();
        sessions_.close_when_idle();
    }

    void reload(std::shared_ptr<const Application> application) { sessions_.reload(std::move(application)); }
    [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

    void on_acceptable(tcp::Listener listener) override {
        while (!sessions_.full()) {
            auto stream = listener.accept();
            if (!stream) return;
            const auto secure = secure_.find(listener.local());
            if (!sessions_.admits(stream->remote()))
                stream->abort();
            else if (secure == secure_.end())
                add(*stream);
            else
                add_secure(*stream, *secure->second);
        }
    }

  private:
    void add(tcp::Stream stream) {
        auto session = std::make_unique<TcpSession>(sessions_, stream, gone_);
        stream.set_no_delay(true);  // responses leave as a whole, so there is nothing to wait for
        stream.set_handler(session.get());
        sessions_.add(std::move(session)).pump();
    }

    void add_secure(tcp::Stream stream, SecureServer& secure) {
        TransportHandler* told = nullptr;
        auto session = detail::SecureSession::make(
            sessions_, secure, stream.remote(),
            [&](TransportHandler& handler) {
                told = &handler;
                return std::make_unique<detail::HandledTcp>(stream, handler);
            },
            gone_);
        sessions_.add(std::move(session));
        told->on_ready();  // what came with the connection
    }

    void remove(detail::ServerSession& session) {
        const bool was_full = sessions_.full();
        sessions_.remove(session);
        if (!was_full) return;
        for (const tcp::Listener& listener : listeners_) on_acceptable(listener);
    }

    ip::Host& host_;
    std::function<void(detail::ServerSession&)> gone_;
    std::uint32_t poller_ = 0;
    std::vector<tcp::Listener> listeners_;
    std::map<SocketAddress, SecureServer*> secure_;  ///< Where TLS is spoken.
    detail::SessionTable sessions_;
};

TcpServer::TcpServer(ip::Host& host, const Application& application, const ServerSettings& http,
                     const TcpServerSettings& settings)
    : implementation_(std::make_unique<Implementation>(host, application, http, settings)) {}
TcpServer::~TcpServer() = default;

std::expected<void, tcp::Error> TcpServer::listen(SocketAddress local, SecureServer* secure) {
    return implementation_->listen(local, secure);
}
void TcpServer::reload(std::shared_ptr<const Application> application) {
    implementation_->reload(std::move(application));
}
void TcpServer::close() { implementation_->close(); }
std::size_t TcpServer::connections() const { return implementation_->connections(); }

}  // namespace hourglass::http
