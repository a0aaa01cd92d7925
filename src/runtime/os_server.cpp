#include <algorithm>
#include <array>
#include <cerrno>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <vector>

#include "hourglass/runtime/os_http.h"
#include "http/secure_session.h"
#include "http/server_session.h"
#include "runtime/deadline_timer.h"
#include "runtime/descriptor.h"
#include "runtime/handled_os_stream.h"
#include "runtime/os_address.h"
#include "runtime/os_session.h"
#include "runtime/serving_turn.h"

namespace hourglass::runtime {

namespace {

/// Bytes that the kernel takes ahead of what it can send: many clients who do not read must not cost megabytes each.
constexpr int kUnsent = 128 * 1024;

/// Connections that are accepted in one turn of the loop.
constexpr int kAtOnce = 64;

/// tcp(7), TCP_DEFER_ACCEPT, in seconds: a connection is accepted when something has come, because it is the client who
/// speaks first, or after this time. Not where connections of each client are counted: silent ones count as well.
constexpr int kDefer = 1;
constexpr int kDoNotDefer = 0;

/// Until accept(2) is tried again when it failed, as without a descriptor left.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::unexpected<SetupError> failure(const SocketAddress& local) {
    const std::error_code code(errno, std::generic_category());
    const bool low_port = code == std::errc::permission_denied;
    return std::unexpected(
        SetupError{code, fmt::format("can't listen at {}: {}{}", local.to_string(), code.message(),
                                     low_port ? "; ports below 1024 take privilege, others don't" : "")});
}

/// accept(2): what befell the connection that was to be accepted, and not the listener or the process.
bool concerns_one_connection(int error) {
    constexpr std::array errors = {ECONNABORTED, EINTR,  EPROTO,       EPERM,       ENETDOWN,
                                   ENETUNREACH,  ENONET, EHOSTUNREACH, ENOPROTOOPT, EHOSTDOWN};
    return std::ranges::find(errors, error) != errors.end();
}

/// A listening socket.
class OsListener final : private Watcher {
  public:
    /// `secure`: null without TLS.
    OsListener(OsLoop& loop, Descriptor socket, http::SecureServer* secure, std::function<void(OsListener&)> acceptable)
        : loop_(loop), socket_(std::move(socket)), secure_(secure), acceptable_(std::move(acceptable)) {}
    ~OsListener() { loop_.forget(*this); }

    static std::expected<Descriptor, SetupError> open(const SocketAddress& local,
                                                      const http::TcpServerSettings& settings) {
        const OsAddress address(local);
        Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!socket.valid()) return failure(local);
        const int on = 1;
        const int defer = settings.connections_per_client == 0 ? kDefer : kDoNotDefer;
        // Connections inherit what their listener has; responses leave as a whole, so there is nothing to wait for.
        const bool set =
            ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsent, sizeof kUnsent) == 0 &&
            ::setsockopt(socket.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &defer, sizeof defer) == 0 &&
            (local.address.is_v4() || ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) == 0);
        if (!set || ::bind(socket.get(), address.get(), address.length) != 0 ||
            ::listen(socket.get(), static_cast<int>(std::min<std::uint32_t>(settings.accept_queue, INT32_MAX))) != 0)
            return failure(local);
        return socket;
    }

    /// Lets an answer that is given at once acknowledge its request (RFC 9293, section 3.8.6.3). Otherwise Linux sends
    /// an acknowledgement of its own for the first segments of a connection. listen(2) forgets what was set before it.
    static void delay_acknowledgements(int socket) {
        const int off = 0;
        ::setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
    }

    [[nodiscard]] bool start() { return loop_.watch(socket_.get(), *this); }
    /// Accepts more when others have had their turn.
    void go_on_later() { loop_.later(*this); }
    [[nodiscard]] int socket() const { return socket_.get(); }
    [[nodiscard]] http::SecureServer* secure() const { return secure_; }

  private:
    void on_ready(Readiness) override { acceptable_(*this); }
    void on_later() override { acceptable_(*this); }

    OsLoop& loop_;
    Descriptor socket_;
    http::SecureServer* secure_;
    std::function<void(OsListener&)> acceptable_;
};

}  // namespace

class OsServer::Implementation {
  public:
    Implementation(OsLoop& loop, const http::Application& application, const http::ServerSettings& http,
                   const http::TcpServerSettings& settings)
        : loop_(loop),
          turn_(loop),
          sessions_(application, http, settings, [] { return now(); }),
          gone_([this](http::detail::ServerSession& session) { remove(session); }),
          timer_(loop.context(),
                 [this] {
                     sessions_.poll(now());
                     return sessions_.next_deadline();
                 }),
          accept_timer_(loop.context(), [this] {
              accept_all();
              return kNever;
          }) {
        sessions_.on_sooner([this] { timer_.set(sessions_.next_deadline()); });
    }

    std::expected<SocketAddress, SetupError> listen(const SocketAddress& local, http::SecureServer* secure) {
        auto socket = OsListener::open(local, sessions_.settings());
        if (!socket) return std::unexpected(socket.error());
        if (secure == nullptr) OsListener::delay_acknowledgements(socket->get());
        const SocketAddress bound = local_address(socket->get());
        auto listener =
            std::make_unique<OsListener>(loop_, std::move(*socket), secure, [this](OsListener& l) { accept(l); });
        if (!listener->start()) return failure(local);
        listeners_.push_back(std::move(listener));
        return bound;
    }

    void close() {
        listeners_.clear();
        sessions_.close_when_idle();
    }

    void reload(std::shared_ptr<const http::Application> application) { sessions_.reload(std::move(application)); }
    [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

  private:
    void accept(OsListener& listener) {
        for (int accepted = 0; !sessions_.full(); ++accepted) {
            if (accepted == kAtOnce) return listener.go_on_later();
            OsAddress from;
            const int socket = ::accept4(listener.socket(), from.get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (socket >= 0 && !sessions_.admits(from.to_address())) {
                Descriptor refused(socket);
            } else if (socket >= 0) {
                add(socket, from.to_address(), listener.secure());
            } else if (errno == EAGAIN) {
                return;
            } else if (!concerns_one_connection(errno)) {
                return accept_timer_.set(now() + kAcceptPause);
            }
        }
    }

    void add(int socket, const SocketAddress& client, http::SecureServer* secure) {
        if (secure == nullptr) {
            auto session = std::make_unique<OsSession>(sessions_, loop_, turn_, socket, client, gone_);
            OsSession& added = *session;
            sessions_.add(std::move(session));
            return added.start();
        }
        const auto open = [&](http::TransportHandler& handler) {
            return std::make_unique<HandledOsStream>(loop_, socket, client, handler);
        };
        sessions_.add(http::detail::SecureSession::make(sessions_, *secure, client, open, gone_));
    }

    void accept_all() {
        for (const auto& listener : listeners_) accept(*listener);
    }

    void remove(http::detail::ServerSession& session) {
        const bool was_full = sessions_.full();
        sessions_.remove(session);
        if (was_full) accept_all();
    }

    OsLoop& loop_;
    ServingTurn turn_;
    http::detail::SessionTable sessions_;
    OsSession::Gone gone_;
    DeadlineTimer timer_;
    DeadlineTimer accept_timer_;  ///< For when there is no descriptor left.
    std::vector<std::unique_ptr<OsListener>> listeners_;
};

OsServer::OsServer(OsLoop& loop, const http::Application& application, const http::ServerSettings& http,
                   const http::TcpServerSettings& settings)
    : implementation_(std::make_unique<Implementation>(loop, application, http, settings)) {}
OsServer::~OsServer() = default;

std::expected<SocketAddress, SetupError> OsServer::listen(const SocketAddress& local, http::SecureServer* secure) {
    return implementation_->listen(local, secure);
}
void OsServer::reload(std::shared_ptr<const http::Application> application) {
    implementation_->reload(std::move(application));
}
void OsServer::close() { implementation_->close(); }
std::size_t OsServer::connections() const { return implementation_->connections(); }

}  // namespace hourglass::runtime
