#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/literal.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/state.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::tcp {

enum class Error : std::uint8_t;
enum class RecoveryState : std::uint8_t;

/// Both ends of a connection as one host sees them.
struct FlowKey {
    IpAddress local;
    IpAddress remote;
    Port local_port{};
    Port remote_port{};
    bool operator==(const FlowKey&) const = default;
};

/// Why a segment was sent.
enum class SendReason : std::uint8_t {
    none,
    active_open,    ///< SYN of a connect().
    passive_open,   ///< SYN-ACK that answers a SYN.
    syn_cookie,     ///< The same without a half-open entry (RFC 4987, section 3.6).
    handshake_ack,  ///< Third segment of the handshake.
    new_data,
    fin,                  ///< The application has no more to send.
    ack_every_second,     ///< Two full segments have arrived (RFC 5681, section 4.2).
    ack_delayed,          ///< The delayed-ACK timer ran out.
    ack_out_of_order,     ///< Duplicate ACK for a segment above a gap (RFC 5681, section 4.2).
    ack_gap_filled,       ///< A segment filled all or part of a gap.
    ack_duplicate_data,   ///< Old data arrived again, or the segment lay outside the window.
    ack_fin,              ///< A FIN arrived.
    ack_pushed,           ///< Acknowledged at once: a small window, or the application asked for it.
    ack_congestion_mark,  ///< The segment had a congestion mark (RFC 3168, section 6.1.3; RFC 9768, section 3.2.2.5).
    window_update,        ///< The receive window grew by enough to tell (RFC 9293, section 3.8.6.2.2).
    retransmit_timeout,   ///< RFC 6298.
    fast_retransmit,      ///< Third duplicate ACK (RFC 5681, section 3.2).
    partial_ack,          ///< The next hole in recovery (RFC 6582).
    sack_retransmit,      ///< Enough above it was selectively acknowledged (RFC 6675, section 5).
    rack_retransmit,      ///< What was sent later has arrived long ago (RFC 8985, section 6.2).
    tail_loss_probe,      ///< Nothing was heard of the end of the flight (RFC 8985, section 7.3).
    limited_transmit,     ///< New data for the first duplicate ACKs (RFC 3042).
    mtu_probe,            ///< New data in a segment larger than is known to pass (RFC 4821, section 7.5).
    path_mtu,       ///< It was too large for the path, and goes again in smaller segments (RFC 8201, section 5.4).
    window_probe,   ///< RFC 9293, section 3.8.6.1.
    urgent,         ///< The urgent pointer has moved and no data can go (RFC 9293, section 3.8.5).
    keepalive,      ///< RFC 9293, section 3.8.4.
    challenge_ack,  ///< RFC 5961.
    reset_no_connection,     ///< RFC 9293, section 3.5.2, group 1.
    reset_bad_ack,           ///< RFC 9293, section 3.5.2, group 2.
    reset_abort,             ///< The application aborted, or closed with data unread (RFC 9293, section 3.6).
    reset_data_after_close,  ///< Data for an application that has gone (RFC 9293, section 3.6.1).
    reset_timeout,           ///< The user's time or the attempts are used up.
};

/// In words, for people: "third duplicate ACK: fast retransmit".
[[nodiscard]] std::string_view to_string(SendReason reason);
/// The clause that asks for it: "RFC 5681 3.2".
[[nodiscard]] std::string_view clause_of(SendReason reason);

/// What the stack decided about a segment that arrived.
enum class Verdict : std::uint8_t {
    accepted,
    duplicate,        ///< Nothing new in it, or outside the window: acknowledged and dropped.
    challenged,       ///< Answered with a challenge ACK and dropped.
    reset_sent,       ///< Answered with a RST.
    reset_received,   ///< It was a valid RST: the connection has ended.
    refused,          ///< A RST answered our SYN.
    dropped_no_ack,   ///< No ACK bit where one is required.
    dropped_paws,     ///< Timestamp older than the last one (RFC 7323, section 5).
    dropped_bad_ack,  ///< Acknowledges what was never sent.
    dropped_half_open_full,
    dropped_accept_full,
    dropped_rst,         ///< A RST that matches nothing, or outside the window.
    dropped_not_for_us,  ///< Broadcast, multicast or unspecified addresses (RFC 9293, MUST-57).
    dropped_malformed,
    dropped_checksum,
};

[[nodiscard]] std::string_view to_string(Verdict verdict);

/// What a state's rules decided about an arrival, with the clause that decided it: "RFC 9293 3.10.7.4 first".
struct Disposition {
    Verdict verdict = Verdict::accepted;
    Literal clause{};
};

/// What keeps a sender from sending more.
enum class SendLimit : std::uint8_t {
    none,               ///< Nothing: it has not come to it yet.
    application,        ///< All that was given to it has been sent.
    peer_window,        ///< RFC 9293, section 3.8.6.
    congestion_window,  ///< RFC 5681, section 2.
    nagle,              ///< A small segment waits for the acknowledgement of the last (RFC 9293, section 3.7.4).
    cork,               ///< The application asks for full segments (`Tuning::cork`).
    pacing,             ///< The next segment has its time.
};

/// In words, for people: "the congestion window".
[[nodiscard]] std::string_view to_string(SendLimit limit);
/// The clause that asks for it; empty where none does.
[[nodiscard]] std::string_view clause_of(SendLimit limit);

/// A segment has been handed to the network layer.
struct SegmentSent {
    Instant time;
    const FlowKey& flow;
    State state;  ///< After sending.
    const wire::TcpHeader& header;
    std::uint32_t payload_size;  ///< Of a super-segment: of all that the device cuts from it.
    SendReason reason;
    bool retransmission;
    std::uint64_t packet_id;  ///< `Packet::id` of the packet that carries it: see `Stack::number_packets_from`.
};

/// A segment is about to be processed: what happens until the `SegmentReceived` of the same packet happens because of
/// it.
struct SegmentArriving {
    Instant time;
    const FlowKey& flow;
    const wire::TcpView& segment;
    std::uint64_t packet_id;  ///< `Packet::id` of the packet that carried it.
};

/// A segment has been processed.
struct SegmentReceived {
    Instant time;
    const FlowKey& flow;
    State before;
    State after;
    const wire::TcpView& segment;
    Disposition disposition;
    std::uint64_t packet_id;  ///< As in `SegmentArriving`.
};

/// What arrived was dropped before it could be said whose it is: malformed, a wrong checksum, no unicast address.
struct SegmentDropped {
    Instant time;
    const IpAddress& source;
    const IpAddress& destination;
    Disposition disposition;
    std::uint64_t packet_id;
};

/// A connection went from one state to another, for whatever reason.
struct StateChanged {
    Instant time;
    const FlowKey& flow;
    State before;
    State after;
    std::string_view trigger;  ///< "CLOSE call", "FIN received", "2 MSL", ...
};

/// A connection has ended: out of every table, or only TIME-WAIT is left of it.
struct ConnectionClosed {
    Instant time;
    const FlowKey& flow;
    Error error;               ///< What the application is told.
    std::string_view trigger;  ///< As the last change of state's.
};

/// What the two ends have agreed upon, once both SYNs are known.
struct ParametersAgreed {
    Instant time;
    const FlowKey& flow;
    std::uint16_t snd_mss, peer_mss, path_mtu;
    std::uint8_t snd_wscale, rcv_wscale;
    bool window_scaling, timestamps, sack;
    std::string_view ecn;                 ///< "none", "classic", "accurate".
    std::string_view congestion_control;  ///< "cubic", "reno", "bbr".
};

/// A timer of what has no connection of its own was set: a SYN-ACK's, or TIME-WAIT's. Those of connections are in
/// `ConnectionProgress`.
struct TimerSet {
    Instant time;
    const FlowKey& flow;
    std::string_view timer;  ///< "SYN-ACK", "2 MSL".
    Instant at;
};

/// A timer ran out.
struct TimerExpired {
    Instant time;
    const FlowKey& flow;
    State state;
    std::string_view timer;  ///< "retransmission", "delayed ACK", "persist", "keepalive", "2 MSL", "SYN-ACK", ...
    std::uint32_t count;     ///< How often it has run out in a row.
};

/// Where a connection stands after a segment, a timer or an output pass: what has changed since the last one is for the
/// observer to find.
struct ConnectionProgress {
    Instant time;
    const FlowKey& flow;
    State state;
    Seq iss, snd_una, snd_nxt, irs, rcv_nxt;
    std::uint32_t snd_wnd, rcv_wnd;  ///< Octets.
    std::uint32_t cwnd, ssthresh;    ///< Octets; `ssthresh` UINT32_MAX: not set yet.
    std::uint32_t pipe;              ///< Octets believed to be in the network (RFC 6675, section 4).
    std::uint32_t not_sent;          ///< Octets that the application has given and that were never sent.
    std::uint32_t receive_queue;     ///< Octets that the application has not read.
    Duration srtt, rttvar, rto, min_rtt;
    std::uint8_t backoff;  ///< How often the retransmission timeout has been doubled.
    double pacing_rate;    ///< Octets a second; zero: no pacing.
    RecoveryState recovery;
    SendLimit limit;        ///< What ended the last output pass.
    bool send_buffer_full;  ///< The application has more than the send buffer takes.
    /// When each timer runs out; kNever: it is not set.
    Instant retransmission, persist, tail_loss_probe, reordering, pacing, delayed_ack, keepalive, fin_wait_2;
};

/// Octets are believed lost.
struct SegmentsLost {
    Instant time;
    const FlowKey& flow;
    Seq begin, end;        ///< The first and the last of them; there may be others between that are not lost.
    std::uint32_t octets;  ///< How many are.
    SendReason rule;       ///< By which rule: what their retransmission will have for its reason.
};

/// How it was found that nothing had been lost.
enum class SpuriousProof : std::uint8_t {
    none,
    dsack,  ///< The peer had it twice (RFC 3708).
    echo,   ///< The acknowledgement's timestamp is older than the retransmission (RFC 3522).
    frto,   ///< Acknowledgements of what was not sent again (RFC 5682).
};
[[nodiscard]] std::string_view to_string(SpuriousProof proof);
[[nodiscard]] std::string_view clause_of(SpuriousProof proof);

/// What was taken for a loss was none: the reduction of the window is undone.
struct RetransmissionSpurious {
    Instant time;
    const FlowKey& flow;
    SpuriousProof proof;
    bool timeout;  ///< It was a timeout's; else a fast recovery's.
};

/// A queue of a listener has grown or shrunk.
struct QueueChanged {
    enum class Queue : std::uint8_t { half_open, accept };
    enum class Change : std::uint8_t {
        added,
        left,        ///< The handshake is complete; the application has accepted it.
        expired,     ///< The SYN-ACK was sent again to its limit.
        removed,     ///< By a RST, an ICMP message, or the end of the listener.
        full,        ///< No room: the SYN or the third segment was dropped.
        cookie,      ///< No room: a SYN cookie was sent, and nothing kept (RFC 4987, section 3.6).
        cookie_back  ///< A SYN cookie has come back, and a connection was made of it.
    };
    Instant time;
    const FlowKey& flow;
    Queue queue;
    Change change;
    std::uint32_t length;  ///< Of this listener's, after it.
    std::uint32_t limit;
};
[[nodiscard]] std::string_view to_string(QueueChanged::Queue queue);
[[nodiscard]] std::string_view to_string(QueueChanged::Change change);

/// What an application called (RFC 9293, section 3.9.1, and the calls of sockets).
enum class Call : std::uint8_t { connect, listen, accept, send, receive, shutdown, shutdown_receive, close, abort };
[[nodiscard]] std::string_view to_string(Call call);

struct SocketCall {
    Instant time;
    const FlowKey& flow;  ///< Of `listen`, with nothing remote.
    Call call;
    std::uint64_t asked;  ///< Octets that were given or asked for.
    std::uint64_t done;   ///< Octets that were taken or given.
    Error error;
};

/// What an application is told in a call of its handler.
enum class Notice : std::uint8_t { acceptable, established, readable, writable, urgent, trouble, closed };
[[nodiscard]] std::string_view to_string(Notice notice);

struct ApplicationNotified {
    Instant time;
    const FlowKey& flow;  ///< Of `acceptable`, with nothing remote.
    Notice notice;
};

/// Watches a stack. Called from inside the stack: it may look and write down, and must not call back. What a call is
/// given is valid during the call.
class Observer {
  public:
    virtual ~Observer() = default;
    virtual void segment_sent(const SegmentSent&) {}
    virtual void segment_arriving(const SegmentArriving&) {}
    virtual void segment_received(const SegmentReceived&) {}
    virtual void segment_dropped(const SegmentDropped&) {}
    virtual void state_changed(const StateChanged&) {}
    virtual void connection_closed(const ConnectionClosed&) {}
    virtual void parameters_agreed(const ParametersAgreed&) {}
    virtual void timer_set(const TimerSet&) {}
    virtual void timer_expired(const TimerExpired&) {}
    virtual void connection_progressed(const ConnectionProgress&) {}
    virtual void segments_lost(const SegmentsLost&) {}
    virtual void retransmission_spurious(const RetransmissionSpurious&) {}
    virtual void queue_changed(const QueueChanged&) {}
    virtual void socket_called(const SocketCall&) {}
    /// What happens until `application_returned` the application does because of it.
    virtual void application_notified(const ApplicationNotified&) {}
    virtual void application_returned(const ApplicationNotified&) {}
};

/// Tells several observers, in the order of their adding.
class Observers final : public Observer {
  public:
    /// It must outlive this, or be taken off.
    void add(Observer& observer) { all_.push_back(&observer); }
    void remove(Observer& observer) { std::erase(all_, &observer); }
    [[nodiscard]] bool empty() const { return all_.empty(); }

    void segment_sent(const SegmentSent& e) override { tell(&Observer::segment_sent, e); }
    void segment_arriving(const SegmentArriving& e) override { tell(&Observer::segment_arriving, e); }
    void segment_received(const SegmentReceived& e) override { tell(&Observer::segment_received, e); }
    void segment_dropped(const SegmentDropped& e) override { tell(&Observer::segment_dropped, e); }
    void state_changed(const StateChanged& e) override { tell(&Observer::state_changed, e); }
    void connection_closed(const ConnectionClosed& e) override { tell(&Observer::connection_closed, e); }
    void parameters_agreed(const ParametersAgreed& e) override { tell(&Observer::parameters_agreed, e); }
    void timer_set(const TimerSet& e) override { tell(&Observer::timer_set, e); }
    void timer_expired(const TimerExpired& e) override { tell(&Observer::timer_expired, e); }
    void connection_progressed(const ConnectionProgress& e) override { tell(&Observer::connection_progressed, e); }
    void segments_lost(const SegmentsLost& e) override { tell(&Observer::segments_lost, e); }
    void retransmission_spurious(const RetransmissionSpurious& e) override {
        tell(&Observer::retransmission_spurious, e);
    }
    void queue_changed(const QueueChanged& e) override { tell(&Observer::queue_changed, e); }
    void socket_called(const SocketCall& e) override { tell(&Observer::socket_called, e); }
    void application_notified(const ApplicationNotified& e) override { tell(&Observer::application_notified, e); }
    void application_returned(const ApplicationNotified& e) override { tell(&Observer::application_returned, e); }

  private:
    template <typename Event>
    void tell(void (Observer::*what)(const Event&), const Event& event) {
        for (Observer* observer : all_) (observer->*what)(event);
    }
    std::vector<Observer*> all_;
};

}  // namespace hourglass::tcp
