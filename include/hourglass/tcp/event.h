#pragma once

#include <cstdint>
#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/base/literal.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/state.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::tcp {

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

/// A segment has been handed to the network layer.
struct SegmentSent {
    Instant time;
    const FlowKey& flow;
    State state;  ///< After sending.
    const wire::TcpHeader& header;
    std::uint32_t payload_size;
    SendReason reason;
    bool retransmission;
};

/// A segment has been processed.
struct SegmentReceived {
    Instant time;
    const FlowKey& flow;
    State before;
    State after;
    const wire::TcpView& segment;
    Disposition disposition;
    std::uint64_t packet_id;  ///< `Packet::id` of the packet that carried it.
};

/// A connection went from one state to another, for whatever reason.
struct StateChanged {
    Instant time;
    const FlowKey& flow;
    State before;
    State after;
    std::string_view trigger;  ///< "CLOSE call", "FIN received", "2 MSL", ...
};

/// A timer ran out.
struct TimerExpired {
    Instant time;
    const FlowKey& flow;
    State state;
    std::string_view timer;  ///< "retransmission", "delayed ACK", "persist", "keepalive", "2 MSL", "SYN-ACK", ...
    std::uint32_t count;     ///< How often it has run out in a row.
};

/// Watches a stack. Called from inside the stack: it may look and write down, and must not call back.
class Observer {
  public:
    virtual ~Observer() = default;
    /// Returns a label for `Packet::id`, so that the packet can be recognised where it arrives; 0 for none.
    virtual std::uint64_t segment_sent(const SegmentSent&) { return 0; }
    virtual void segment_received(const SegmentReceived&) {}
    virtual void state_changed(const StateChanged&) {}
    virtual void timer_expired(const TimerExpired&) {}
};

}  // namespace hourglass::tcp
