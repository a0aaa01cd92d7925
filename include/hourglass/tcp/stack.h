#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/network.h"
#include "hourglass/tcp/settings.h"
#include "hourglass/tcp/state.h"
#include "hourglass/tcp/tuning.h"

namespace hourglass::tcp {

class Stack;
class Stream;
class Listener;
class Engine;
class ConnectionHandler;
class AcceptHandler;
class InputTap;
struct Connection;

/// `Packet::id` of the first segment that a stack sends, unless it is told otherwise.
inline constexpr std::uint64_t kFirstPacketId = std::uint64_t{1} << 40;

/// Why a call was refused, or why a connection ended before both sides had closed it.
enum class Error : std::uint8_t {
    none,                  ///< Both sides closed; nothing was lost.
    refused,               ///< A RST answered the SYN, or ICMP said that nobody listens at the port.
    reset,                 ///< A RST arrived.
    timed_out,             ///< No acknowledgement, or no answer to keepalives, in the allowed attempts.
    unreachable,           ///< No route, or the network said that the host can't be reached.
    network_unreachable,   ///< The network said that there is no way to the destination's network.
    protocol_unreachable,  ///< The destination said that it has no TCP.
    prohibited,            ///< The network said that it may not be passed.
    aborted,               ///< `abort()` was called here.
    address_in_use,        ///< Another connection or listener has that address and port.
    no_ports,              ///< Every ephemeral port to that destination is taken.
    limit_reached,         ///< A table of the stack is full.
    bad_address,           ///< Not a unicast address, port zero, or families that differ.
    not_connected,         ///< The handle's connection is gone, or in no state for the call.
};

/// In words, for people: "connection refused".
[[nodiscard]] std::string_view to_string(Error error);

struct ConnectOptions {
    SocketAddress local{};  ///< Unspecified address: the route decides. Port zero: an ephemeral port (RFC 6056).
    ConnectionHandler* handler = nullptr;
    std::optional<Tuning> tuning{};  ///< None: the stack's defaults.
};

struct ListenOptions {
    std::uint32_t accept_queue = 128;  ///< Complete connections that wait for `accept`.
    std::uint32_t half_open = 1024;    ///< Handshakes under way; the stack's own limit holds as well. Beyond it,
                                       ///< `Settings::syn_cookies` decides.
    AcceptHandler* handler = nullptr;
    std::optional<Tuning> tuning{};  ///< For every connection that comes from it; none: the stack's defaults.
};

/// What loss recovery is about (Linux's names for the same).
enum class RecoveryState : std::uint8_t {
    open,      ///< No sign of loss.
    disorder,  ///< Duplicate or selective acknowledgements have come; nothing is taken for lost yet.
    cwr,       ///< The window is being reduced because of a congestion mark (RFC 3168, section 6.1.2).
    recovery,  ///< Lost data is being sent again (RFC 5681, section 3.2; RFC 6675; RFC 8985).
    loss,      ///< After a retransmission timeout.
};

/// In a word: "open", "disorder", "cwr", "recovery", "loss".
[[nodiscard]] std::string_view to_string(RecoveryState state);

/// Counts and gauges of one connection (after RFC 4898's and Linux's tcp_info). Segments are full-sized ones, rounded
/// up: the stack counts octets.
struct ConnectionInfo {
    FlowKey flow;
    State state = State::closed;
    std::uint32_t send_queue = 0;     ///< Bytes queued or in flight: netstat's Send-Q.
    std::uint32_t receive_queue = 0;  ///< Bytes that the application has not read: netstat's Recv-Q.
    std::uint32_t cwnd = 0, ssthresh = 0, in_flight = 0;  ///< Bytes; `in_flight` is SND.NXT - SND.UNA.
    std::uint32_t snd_wnd = 0, rcv_wnd = 0;               ///< Bytes.
    std::uint32_t not_sent = 0;                           ///< Bytes queued and never sent.
    std::uint16_t mss = 0;                                ///< Largest payload that is sent.
    std::uint16_t advertised_mss = 0;                     ///< What our SYN announced.
    std::uint16_t received_mss = 0;                       ///< Largest payload expected of the peer.
    std::uint16_t path_mtu = 0;                           ///< Largest IP datagram, as far as known.
    Duration srtt{}, rttvar{}, rto{};
    Duration min_rtt{};  ///< The least round trip of late; zero before the first sample.

    // What was agreed in the handshake.
    bool timestamps = false, sack = false, window_scaling = false;
    bool syn_data = false;  ///< The SYN brought data that was taken (RFC 7413).
    std::uint8_t snd_wscale = 0, rcv_wscale = 0;

    // Loss recovery.
    RecoveryState recovery = RecoveryState::open;
    std::uint8_t timeouts = 0;        ///< Retransmission timeouts in a row.
    std::uint8_t backoff = 0;         ///< How often the timeout has been doubled.
    std::uint8_t probes = 0;          ///< Window probes or keepalives without an answer.
    bool reordering_seen = false;     ///< Segments of this connection have overtaken each other (RFC 8985, 6.2 step 3).
    std::uint32_t unacked = 0;        ///< Segments sent and not acknowledged cumulatively.
    std::uint32_t sacked = 0;         ///< Segments of these that the peer holds (RFC 2018).
    std::uint32_t lost = 0;           ///< Segments of these that are believed lost.
    std::uint32_t retransmitted = 0;  ///< Segments of these that have been sent again and are on their way.
    std::uint32_t retransmissions = 0;  ///< Segments sent again since the connection began.

    // Totals.
    std::uint64_t bytes_acked = 0;     ///< Payload that the peer has acknowledged.
    std::uint64_t bytes_received = 0;  ///< Payload that has arrived in order.
    std::uint32_t segments_in = 0, segments_out = 0;
    Duration since_last_sent{};  ///< Since the last segment was sent, in whole milliseconds.

    Instant next_timer = kNever;
    /// Which timer that is: `retransmit`, `probe` (tail loss), `reorder`, `persist`, `delayed-ack`, `keepalive`,
    /// `timewait` ...
    std::string_view timer;
    Error error = Error::none;  ///< Why it ended, once it has.
};

/// Names a connection or a listener of a stack where the handle itself can't go, as in a record. Two of one stack never
/// have the same generation.
struct HandleId {
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    bool operator==(const HandleId&) const = default;
};

/// What an application holds of a connection: a small value, copied freely. A handle whose connection has gone is
/// harmless: its calls do nothing and say so.
class Stream {
  public:
    Stream() = default;

    /// Takes as much of `bytes` as the send buffer has room for and returns how much; the rest is the caller's until
    /// `on_writable`. Zero also when the state does not allow sending.
    std::size_t send(std::span<const std::byte> bytes);
    /// The same without copying; the slice's bytes must not change any more.
    std::size_t send(Slice bytes);
    /// Bytes that `send` would take now.
    [[nodiscard]] std::size_t writable() const;

    /// Asks for `on_writable` at the next acknowledgement, though no `send` came up short.
    void want_writable();

    /// Reads what has arrived in order, up to `out.size()`, and returns how much.
    std::size_t receive(std::span<std::byte> out);
    /// The next piece of what has arrived, at most `max` bytes of it, without copying; empty when there is none.
    [[nodiscard]] Slice receive_slice(std::size_t max = SIZE_MAX);
    /// Copies what `receive` would give, without taking it, from `offset` on.
    [[nodiscard]] std::size_t peek(std::span<std::byte> out, std::size_t offset = 0) const;
    /// Bytes ready to be read; with urgent data out of line, those in front of it.
    [[nodiscard]] std::size_t readable() const;
    /// True when the peer has closed its side, or `shutdown_receive` was called, and all that came has been read.
    [[nodiscard]] bool at_end() const;
    /// Bytes that the peer has not acknowledged, sent or not.
    [[nodiscard]] std::size_t unacknowledged() const;
    /// Bytes that have never been sent.
    [[nodiscard]] std::size_t unsent() const;

    /// As `send`, and the peer is told that the stream is urgent up to the last byte taken (RFC 9293, section 3.8.5).
    /// New applications should not (SHLD-13).
    std::size_t send_urgent(std::span<const std::byte> bytes);
    /// Bytes that are to be read until the urgent ones end, those that have not arrived yet included; zero when nothing
    /// is urgent (RFC 9293, MUST-33).
    [[nodiscard]] std::size_t urgent_left() const;
    /// True when the next byte to read is the last urgent one (POSIX sockatmark). A read never goes across it.
    [[nodiscard]] bool at_mark() const;
    /// The last urgent byte, where `Tuning::urgent_inline` is off: once it has arrived, and until the reader has passed
    /// it. Taken by the call unless `peek`.
    std::optional<std::byte> receive_urgent(bool peek = false);

    /// Half-close: a FIN follows what is queued; receiving goes on (RFC 9293, section 3.6).
    void shutdown();
    /// The application will read no more than what lies there: `at_end` is true after it. Nothing is told to the peer.
    void shutdown_receive();
    /// The application is done with both directions: a FIN follows what is queued, and data that still comes, or lies
    /// unread now, is answered with a reset (RFC 9293, section 3.6.1). The handler is still told `on_closed`.
    void close();
    /// Sends a RST and forgets the connection (ABORT call, RFC 9293, section 3.10.5). The handler is told `on_closed`.
    void abort();

    void set_handler(ConnectionHandler* handler);
    /// Nagle's algorithm off (true) or on.
    void set_no_delay(bool on);
    void set_keepalive(bool on);
    /// What holds for this connection now.
    [[nodiscard]] Tuning tuning() const;
    /// Sets all of it; what has been said to the peer already (MSS, window scale, an offered window) stays said. To set
    /// one value, change it in what `tuning` returned.
    void tune(const Tuning& tuning);

    /// Why the connection failed, or what the network last reported about it (a soft error: RFC 9293, MUST-54 and
    /// SHLD-23); `Error::none` when nothing has, or when it has been taken.
    [[nodiscard]] Error error() const;
    /// The same, once (SO_ERROR).
    Error take_error();

    /// False when the connection has gone.
    [[nodiscard]] bool exists() const;
    [[nodiscard]] State state() const;
    [[nodiscard]] SocketAddress local() const;
    [[nodiscard]] SocketAddress remote() const;
    [[nodiscard]] ConnectionInfo info() const;
    [[nodiscard]] HandleId id() const { return {index_, generation_}; }

    bool operator==(const Stream&) const = default;

  private:
    friend class Engine;
    Stream(Engine* engine, std::uint32_t index, std::uint32_t generation)
        : engine_(engine), index_(index), generation_(generation) {}
    Connection* find() const;

    Engine* engine_ = nullptr;
    std::uint32_t index_ = 0;
    std::uint32_t generation_ = 0;
};

/// What an application holds of a listening port.
class Listener {
  public:
    Listener() = default;

    /// The oldest connection of the accept queue; nothing when it is empty.
    std::optional<Stream> accept(ConnectionHandler* handler = nullptr);
    /// Stops listening: half-open entries go, connections that nobody accepted are reset.
    void close();
    /// For connections that begin from now on; those in the handshake take it when they complete it.
    [[nodiscard]] Tuning tuning() const;
    void tune(const Tuning& tuning);
    [[nodiscard]] SocketAddress local() const;
    [[nodiscard]] std::uint32_t accept_queue_length() const;
    [[nodiscard]] std::uint32_t half_open_count() const;
    [[nodiscard]] bool exists() const;
    [[nodiscard]] HandleId id() const { return {index_, generation_}; }

    bool operator==(const Listener&) const = default;

  private:
    friend class Engine;
    Listener(Engine* engine, std::uint32_t index, std::uint32_t generation)
        : engine_(engine), index_(index), generation_(generation) {}

    Engine* engine_ = nullptr;
    std::uint32_t index_ = 0;
    std::uint32_t generation_ = 0;
};

/// What an application is told. The stack calls from `poll`, never from inside another call; a handler may call
/// anything on the stream and the stack, `abort` included. It must outlive its connection or be taken off with
/// `set_handler(nullptr)`.
class ConnectionHandler {
  public:
    virtual ~ConnectionHandler() = default;
    /// The handshake is complete. A connection that a fast open cookie has opened may have something to read before,
    /// and may be answered (RFC 7413, section 4.2.2).
    virtual void on_established(Stream) {}
    /// There is something to read, or the peer has closed its side (`Stream::at_end`).
    virtual void on_readable(Stream) {}
    /// Urgent data is on its way, or more of it (RFC 9293, section 3.8.5, MUST-32): see `Stream::urgent_left`.
    virtual void on_urgent(Stream) {}
    /// A soft error, which does not end the connection (RFC 9293, section 3.9.1.8): what the network said,
    /// `Error::timed_out` when a segment has been sent again `Settings::advice_retries` times without an answer.
    virtual void on_trouble(Stream, Error) {}
    /// Room in the send buffer again, after a `send` that took less than it was given.
    virtual void on_writable(Stream) {}
    /// The connection has ended: the last call. `Error::none` when both sides closed in order. An application that
    /// calls `close` is told once its own FIN is acknowledged and the peer's has come (TIME-WAIT runs on without it).
    virtual void on_closed(Stream, Error) {}
};

/// Told when the accept queue of a listener has something in it.
class AcceptHandler {
  public:
    virtual ~AcceptHandler() = default;
    virtual void on_acceptable(Listener) = 0;
};

/// What a stack has counted since it began. Names after RFC 4022 where it has one.
struct Counters {
    std::uint64_t segments_in = 0, segments_out = 0, bytes_in = 0, bytes_out = 0;
    std::uint64_t retransmitted = 0, resets_in = 0, resets_out = 0;
    std::uint64_t active_opens = 0, passive_opens = 0, attempt_fails = 0, established_resets = 0;
    std::uint64_t congestion_marks = 0;  ///< Windows that were reduced because the peer echoed a mark (RFC 3168).
    std::uint64_t timeouts = 0, fast_retransmits = 0, window_probes = 0, keepalives = 0, challenge_acks = 0;
    std::uint64_t tail_loss_probes = 0, retransmission_timeouts = 0, lost_retransmissions = 0;
    std::uint64_t spurious_recoveries = 0, spurious_timeouts = 0, sack_reneging = 0;
    std::uint64_t dsack_in = 0, dsack_out = 0, bad_sack_blocks = 0;
    std::uint64_t syn_ack_retransmitted = 0, half_open_expired = 0;
    std::uint64_t syn_cookies_sent = 0, syn_cookies_accepted = 0, syn_cookies_failed = 0;
    // Fast open (RFC 7413): SYNs of ours with data, and those of them whose data had to go again; connections that a
    // cookie has opened here, cookies that are not ours (any more), good ones beyond the listener's limit.
    std::uint64_t fast_open_active = 0, fast_open_active_failed = 0;
    std::uint64_t fast_open_passive = 0, fast_open_bad_cookies = 0, fast_open_over_limit = 0;
    std::uint64_t dropped_half_open_full = 0, dropped_accept_full = 0, time_wait_evicted = 0;
    std::uint64_t path_mtu_reports = 0;  ///< ICMP messages that made segments smaller.
    std::uint64_t path_mtu_ignored = 0;  ///< Those about nothing in flight, or that told nothing new (RFC 5927).
    std::uint64_t black_holes = 0;  ///< Segments made smaller because nothing was heard of full ones (RFC 4821, 7.7).
    std::uint64_t mtu_probes = 0, mtu_probes_passed = 0, mtu_probes_lost = 0;
    std::uint64_t dropped_checksum = 0, dropped_malformed = 0, dropped_paws = 0, dropped_bad_ack = 0;
    std::uint64_t dropped_not_for_us = 0, dropped_no_connection = 0, dropped_out_of_window = 0;
    std::uint64_t dropped_reassembly_full = 0;
};

/// TCP (RFC 9293) for one host, or one shard of it: connections, listeners, TIME-WAIT and their timers, with no clock,
/// lock or system call of its own. Segments come in through `receive`, go out through the `Network`, and everything
/// that depends on time happens in `poll`.
class Stack {
  public:
    /// `secret` keys initial sequence numbers, port choice and hash tables; give it random bits (a constant makes a run
    /// reproducible). `network` and `pool` must outlive the stack.
    Stack(const Settings& settings, const SipKey& secret, Network& network, BufferPool& pool);
    ~Stack();
    Stack(const Stack&) = delete;
    Stack& operator=(const Stack&) = delete;

    /// Active open: the SYN leaves at the next `poll`. With `Tuning::fast_open` it may take along what is given to
    /// `Stream::send` until then.
    std::expected<Stream, Error> connect(SocketAddress remote, const ConnectOptions& options = {});
    /// Octets of data that the SYN of such a connection would take along with `Tuning::fast_open`: zero as long as no
    /// cookie of that server is known, or when fast open has failed there lately (RFC 7413, section 4.1.3).
    [[nodiscard]] std::uint32_t fast_open_room(SocketAddress remote, const ConnectOptions& options = {}) const;
    /// Passive open. An unspecified address listens on every local address of its family.
    std::expected<Listener, Error> listen(SocketAddress local, const ListenOptions& options = {});

    /// A segment has arrived: `segment` begins with the TCP header and ends with the datagram.
    void receive(Packet&& segment, const IpAddress& source, const IpAddress& destination, Instant now);
    /// The network reports that the destination can't take what was sent to it (ICMP unreachable and its kin), about
    /// the segment that began at `seq`: one that is not in flight makes the report forged or stale (RFC 5927,
    /// section 4.1). A hard error ends a connection that is opening, with `told` (RFC 9293, section 3.9.2.2). A soft
    /// one, and a hard one of a connection that has been open (RFC 5927, section 5.2), is told and kept as the likely
    /// cause should the connection time out; it does not end it.
    void unreachable(const FlowKey& flow, Seq seq, bool hard, Error told = Error::unreachable);
    /// The network reports the largest datagram that fits the path (RFC 1191, RFC 8201).
    void path_mtu(const FlowKey& flow, Seq seq, std::uint32_t mtu);

    /// Runs what is due: timers, then the applications' callbacks, then one output pass for each connection that has
    /// something to say. Call it after a batch of `receive`, after calls from outside a callback, and at
    /// `next_deadline`.
    void poll(Instant now);
    /// Tells what time it is and does nothing else. For a world that calls applications outside of `poll`: what they do
    /// then is observed at the right time.
    void advance(Instant now);
    /// When `poll` is to be called next: `kNever` when nothing is pending, `Instant::min()` when something is due at
    /// once.
    [[nodiscard]] Instant next_deadline();

    /// `Packet::id` of the next segment that is sent; each one has the next number. Hosts that share a recording begin
    /// far apart, so that a packet's number is its own. The default leaves 2^40 numbers below for packets that arrive.
    void number_packets_from(std::uint64_t first);
    /// Told of everything that happens; null: nobody. It must outlive the stack or be taken off.
    void set_observer(Observer* observer);
    /// `tap` is told of everything that enters from now on (hourglass/tcp/inputs.h); null ends it. A record is complete
    /// when it is set before anything else is done.
    void set_input_tap(InputTap* tap);

    /// The image of the stack: all that decides what it does next, as octets. Another stack with the same settings and
    /// secret that is made of it goes on from there: a record of a run that does not have its beginning starts with
    /// one. Of what is queued it has the length and not the bytes, of handlers only whether there was one. A connection
    /// costs about 150 octets, and twice as much while data is in flight. Precondition: nobody is inside a call into
    /// the stack, a callback of it included.
    [[nodiscard]] std::vector<std::byte> image() const;
    /// Makes a fresh stack what the other one was. What was queued is zeros, and what had a handler has one of these.
    /// The image may be damaged or forged: the error says what is wrong, and the stack is of no use then.
    [[nodiscard]] std::expected<void, std::string> restore(std::span<const std::byte> image,
                                                           ConnectionHandler* connections, AcceptHandler* listeners);

    /// The handle that `Stream::id` or `Listener::id` named; one whose connection has gone is harmless.
    [[nodiscard]] Stream stream(HandleId id);
    [[nodiscard]] Listener listener(HandleId id);
    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] const Settings& settings() const;
    /// What a connection has of which nothing is set.
    [[nodiscard]] const Tuning& default_tuning() const;
    /// Every connection, half-open entry, TIME-WAIT entry and listener, in a stable order.
    [[nodiscard]] std::vector<ConnectionInfo> connections() const;
    /// Connections that hold state, TIME-WAIT and half-open ones included, listeners not.
    [[nodiscard]] std::size_t size() const;
    /// Checks the invariants listed in src/tcp/invariants.cpp on every connection; returns the first that does not hold
    /// as text, empty when all hold. For tests: its cost grows with the number of connections.
    [[nodiscard]] std::string check_invariants() const;

  private:
    std::unique_ptr<Engine> engine_;
};

}  // namespace hourglass::tcp
