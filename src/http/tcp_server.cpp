#include <map>
#include <set>
#include <utility>
#include <vector>

#include "hourglass/http/over_tcp.h"
#include "http/over_tcp.h"

namespace hourglass::http {

namespace {

class Session;

/// What a session tells the server that it belongs to.
class SessionOwner {
  public:
    virtual ~SessionOwner() = default;
    /// The connection has gone; the session is destroyed in this call.
    virtual void on_gone(Session& session) = 0;
    /// The session's deadline is now before the one that is armed.
    virtual void on_sooner(Session& session) = 0;
};

/// A TCP connection with the HTTP on it.
class Session final : public tcp::ConnectionHandler {
  public:
    Session(SessionOwner& owner, std::uint64_t session_number, tcp::Stream stream, const Application& application,
            const ServerSettings& http, const TcpServerSettings& settings, const ip::Host& host)
        : number(session_number),
          owner_(owner),
          stream_(stream),
          http_(application, http, stream.remote()),
          settings_(settings),
          host_(host),
          active_(host.now()) {
        http_.on_change([this] { pump(); });
    }
    ~Session() override {
        stream_.set_handler(nullptr);
        stream_.abort();
    }

    void on_readable(tcp::Stream) override { pump(); }
    void on_writable(tcp::Stream) override { pump(); }
    void on_closed(tcp::Stream, tcp::Error) override {
        stream_ = {};
        owner_.on_gone(*this);
    }

    void close_when_idle() {
        http_.close_when_idle();
        pump();
    }

    /// When this connection's patience ends, as things stand.
    [[nodiscard]] Instant deadline() const {
        if (lingering_) return active_ + settings_.linger;
        return active_ + (http_.idle() ? settings_.idle : settings_.stalled);
    }

    /// Nothing has moved for too long.
    void run_out(Instant now) {
        active_ = now;
        if (lingering_) return stream_.close();
        if (http_.awaits_application()) return;  // it is not the client who is slow
        if (timed_out_ || http_.output_size() > 0) return stream_.abort();
        timed_out_ = true;
        http_.time_out();
        pump();
    }

    const std::uint64_t number;  ///< in the order of acceptance, which orders timers of one instant
    Instant armed = kNever;      ///< where this session stands in the server's timers

  private:
    void pump() {
        if (pumping_ || !stream_.exists()) return;
        pumping_ = true;
        if (lingering_) {
            discard_input();
        } else {
            move();
            finish();
        }
        pumping_ = false;
        if (deadline() < armed) owner_.on_sooner(*this);
    }

    void move() {
        for (bool moved = true; moved;) {
            moved = detail::move_input(http_, stream_);
            if (stream_.at_end() && !std::exchange(heard_end_, true)) {
                http_.peer_closed();
                moved = true;
            }
            moved = detail::move_output(http_, stream_) || moved;
            if (moved) active_ = host_.now();
        }
    }

    void finish() {
        if (http_.should_abort()) return stream_.abort();
        if (!http_.should_close()) return;
        // RFC 9112, section 9.6: this side closes first, and input is discarded until the client has closed too. A full
        // close would answer it with a reset, which can overtake the last response.
        lingering_ = true;
        stream_.shutdown();
        discard_input();
    }

    void discard_input() {
        while (!stream_.receive_slice(detail::kReadSize).empty()) {
        }
        if (stream_.at_end()) stream_.close();
    }

    SessionOwner& owner_;
    tcp::Stream stream_;
    ServerConnection http_;
    const TcpServerSettings& settings_;
    const ip::Host& host_;
    Instant active_;  ///< when a byte moved last
    bool heard_end_ = false;
    bool lingering_ = false;
    bool timed_out_ = false;
    bool pumping_ = false;
};

}  // namespace

class TcpServer::Implementation final : public tcp::AcceptHandler, public SessionOwner {
  public:
    Implementation(ip::Host& host, const Application& application, const ServerSettings& http,
                   const TcpServerSettings& settings)
        : host_(host), application_(application), http_(http), settings_(settings) {
        poller_ = host_.add_poller([this](Instant now) { poll(now); },
                                   [this] { return timers_.empty() ? kNever : (*timers_.begin())->armed; });
    }
    ~Implementation() override {
        host_.remove_poller(poller_);
        for (tcp::Listener& listener : listeners_) listener.close();
    }

    std::expected<void, tcp::Error> listen(SocketAddress local) {
        tcp::ListenOptions options;
        options.accept_queue = settings_.accept_queue;
        options.handler = this;
        const auto listener = host_.tcp().listen(local, options);
        if (!listener) return std::unexpected(listener.error());
        listeners_.push_back(*listener);
        return {};
    }

    void close() {
        for (tcp::Listener& listener : listeners_) listener.close();
        listeners_.clear();
        for (auto& [number, session] : sessions_) session->close_when_idle();
    }

    [[nodiscard]] std::size_t connections() const { return sessions_.size(); }

    void on_acceptable(tcp::Listener listener) override {
        while (sessions_.size() < settings_.connections) {
            const auto stream = listener.accept();
            if (!stream) return;
            add(*stream);
        }
    }

  private:
    struct Earlier {
        bool operator()(const Session* a, const Session* b) const {
            return a->armed != b->armed ? a->armed < b->armed : a->number < b->number;
        }
    };

    void add(tcp::Stream stream) {
        const std::uint64_t number = ++accepted_;
        auto session = std::make_unique<Session>(*this, number, stream, application_, http_, settings_, host_);
        stream.set_no_delay(true);  // responses leave as a whole, so there is nothing to wait for
        stream.set_handler(session.get());
        arm(*session);
        Session& added = *sessions_.emplace(number, std::move(session)).first->second;
        added.on_readable(stream);
    }

    void on_gone(Session& session) override {
        const bool was_full = sessions_.size() == settings_.connections;
        timers_.erase(&session);
        sessions_.erase(session.number);
        if (!was_full) return;
        for (const tcp::Listener& listener : listeners_) on_acceptable(listener);
    }

    void on_sooner(Session& session) override { arm(session); }

    void arm(Session& session) {
        timers_.erase(&session);
        session.armed = session.deadline();
        timers_.insert(&session);
    }

    /// A timer is not moved with every byte: when it fires, it looks whether the time has really come.
    void poll(Instant now) {
        while (!timers_.empty() && (*timers_.begin())->armed <= now) {
            Session& session = **timers_.begin();
            if (session.deadline() <= now) session.run_out(now);
            arm(session);
        }
    }

    ip::Host& host_;
    const Application& application_;
    ServerSettings http_;
    TcpServerSettings settings_;
    std::uint32_t poller_ = 0;
    std::vector<tcp::Listener> listeners_;
    std::set<Session*, Earlier> timers_;
    std::map<std::uint64_t, std::unique_ptr<Session>> sessions_;
    std::uint64_t accepted_ = 0;
};

TcpServer::TcpServer(ip::Host& host, const Application& application, const ServerSettings& http,
                     const TcpServerSettings& settings)
    : implementation_(std::make_unique<Implementation>(host, application, http, settings)) {}
TcpServer::~TcpServer() = default;

std::expected<void, tcp::Error> TcpServer::listen(SocketAddress local) { return implementation_->listen(local); }
void TcpServer::close() { implementation_->close(); }
std::size_t TcpServer::connections() const { return implementation_->connections(); }

}  // namespace hourglass::http
