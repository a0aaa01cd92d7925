#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>

#include "hourglass/base/time.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/server.h"
#include "hourglass/http/transport.h"
#include "http/rate_window.h"

namespace hourglass::http::detail {

class SessionTable;

/// A connection of a server: its transport, the HTTP on it, and how long it is waited for. What is derived from it
/// owns the transport, calls `pump` when bytes may move, and has the table destroy it once the transport has gone.
class ServerSession {
  public:
    /// `transport` is not used before the first call of `pump`.
    ServerSession(SessionTable& table, Transport& transport, SocketAddress client);
    ServerSession(const ServerSession&) = delete;
    ServerSession& operator=(const ServerSession&) = delete;
    virtual ~ServerSession() = default;

  protected:
    /// Nothing can be received before a handshake is complete, for which there is a time limit.
    void await_handshake() { shaking_hands_ = true; }
    void end_handshake();
    /// True when a byte has been sent.
    [[nodiscard]] bool has_sent() const { return sent_ > 0; }
    /// Sends on the transport what a file, or its end, follows at once.
    virtual std::size_t send_followed(std::span<const std::span<const std::byte>> pieces) {
        return transport_.send(pieces);
    }

    /// Bytes that have been received from the transport by another way than `pump`. They must stay where they are until
    /// `take` or `pump`.
    void has_read_ahead(std::span<const std::byte> bytes) { read_ahead_ = bytes; }
    /// False: nothing is to be received.
    [[nodiscard]] bool wants_input() const { return read_ahead_.empty() && !lingering_ && http_.wants_input(); }

  public:
    /// Has what was read ahead handled, and does not answer yet: `pump` is to follow.
    void take();
    /// Moves what can move, in both directions.
    void pump();
    /// Whom the peer speaks for.
    void set_client(const SocketAddress& client) { http_.set_client(client); }
    void close_when_idle();
    /// When this connection's patience ends, as things stand.
    [[nodiscard]] Instant deadline() const;
    /// That time has come.
    void run_out(Instant now);

  private:
    friend class SessionTable;
    void begin();
    void move();
    std::size_t take_read_ahead();
    std::size_t move_in();
    [[nodiscard]] std::size_t move_out();
    void finish();
    void discard_input();
    void watch_head();
    void watch_rates();
    [[nodiscard]] Instant quiet_deadline() const;
    void time_out();

    SessionTable& table_;
    Transport& transport_;
    SocketAddress client_;
    ServerConnection http_;
    std::uint64_t number_ = 0;     ///< in the order of acceptance, which orders timers of one instant
    Instant armed_ = kNever;       ///< where this session stands in the table's timers
    Instant active_;               ///< when a byte moved last
    Instant head_began_ = kNever;  ///< when the header section that is being read began
    std::uint64_t heads_ = 0;      ///< header sections that had been read by then
    std::uint64_t received_ = 0;   ///< bytes since ever
    std::uint64_t sent_ = 0;
    std::span<const std::byte> read_ahead_;
    RateWindow body_;
    RateWindow response_;
    std::uint64_t discarded_ = 0;  ///< bytes behind the last response
    bool shaking_hands_ = false;
    bool heard_end_ = false;
    bool shut_down_ = false;  ///< this side, while the other goes on
    bool lingering_ = false;
    bool timed_out_ = false;
    bool pumping_ = false;
    bool has_taken_ = false;
};

/// The sessions of a server, with their deadlines.
class SessionTable {
  public:
    /// `application` must outlive the table. `now` reads the world's clock.
    SessionTable(const Application& application, const ServerSettings& http, const TcpServerSettings& settings,
                 std::function<Instant()> now)
        : application_(std::shared_ptr<void>(), &application),
          http_(std::make_shared<const ServerSettings>(http)),
          settings_(settings),
          now_(std::move(now)) {}

    /// Gives the function to call when the next deadline has come nearer; for a world that does not ask every time.
    void on_sooner(std::function<void()> sooner) { sooner_ = std::move(sooner); }
    ServerSession& add(std::unique_ptr<ServerSession> session);
    /// Destroys the session.
    void remove(ServerSession& session);
    void close_when_idle();
    void reload(std::shared_ptr<const Application> application);
    /// Runs what is due.
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const { return timers_.empty() ? kNever : (*timers_.begin())->armed_; }
    [[nodiscard]] std::size_t size() const { return sessions_.size(); }
    [[nodiscard]] bool full() const { return sessions_.size() >= settings_.connections; }

    /// False when the client has as many connections as it may.
    [[nodiscard]] bool admits(const SocketAddress& client) const;

    [[nodiscard]] const TcpServerSettings& settings() const { return settings_; }

  private:
    friend class ServerSession;
    struct Earlier {
        bool operator()(const ServerSession* a, const ServerSession* b) const {
            return a->armed_ != b->armed_ ? a->armed_ < b->armed_ : a->number_ < b->number_;
        }
    };
    void arm(ServerSession& session);

    std::shared_ptr<const Application> application_;
    std::shared_ptr<const ServerSettings> http_;
    TcpServerSettings settings_;
    std::function<Instant()> now_;
    std::function<void()> sooner_;
    std::set<ServerSession*, Earlier> timers_;
    std::map<std::uint64_t, std::unique_ptr<ServerSession>> sessions_;
    std::map<IpAddress, std::uint32_t> clients_;  ///< connections of each, if there is a limit
    std::uint64_t accepted_ = 0;
};

}  // namespace hourglass::http::detail
