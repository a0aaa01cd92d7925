#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <type_traits>

#include "hourglass/base/time.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/tcp/state.h"
#include "tcp/byte_queue.h"
#include "tcp/clock.h"
#include "tcp/congestion/controller.h"
#include "tcp/ecn.h"
#include "tcp/mtu_search.h"
#include "tcp/reassembly.h"
#include "tcp/recovery/recovery.h"
#include "tcp/recovery/rto.h"
#include "tcp/recovery/sack_blocks.h"
#include "tcp/spare_boxes.h"

namespace hourglass::tcp {

/// What a connection needs only while something is queued or in flight.
struct Outbox {
    ByteQueue data;  ///< From snd_una (or, before the handshake, from iss + 1).
    Recovery recovery;
    MtuSearch mtu;
    CongestionFlight congestion;
    Instant syn_sent_at = kNever;    ///< When our SYN was sent; kNever: more than once, or the handshake is over.
    Instant retransmit_at = kNever;  ///< Retransmission, or persist when `persisting`; kNever: not running.
    Instant probe_at = kNever;       ///< A tail loss probe (RFC 8985, section 7).
    Instant pacing_at = kNever;      ///< When spacing lets the next segment leave; kNever: it does not hold the sender.
    std::uint8_t retries = 0;        ///< Timeouts in a row.
    bool used = false;               ///< Recovery or congestion control have something to forget.
    bool window_filled = false;      ///< cwnd has held the sender since the last acknowledgement.
    bool loss_probe_due = false;     ///< The timer of the tail loss probe has run out.
    bool progress = false;           ///< Something new was sent or acknowledged since the timers were last set.
    SendLimit limit = SendLimit::none;  ///< What ended the last output pass.
    bool urgent = false;                ///< SND.UP is ahead of what is acknowledged.
    Seq snd_up;                         ///< SND.UP: one past the last urgent octet (RFC 9293, MUST-62).
    Instant unanswered_since = kNever;  ///< When what has now timed out was sent, or its first probe.
    SpareBoxes<Outbox>* home = nullptr;
    Outbox* next_spare = nullptr;

    [[nodiscard]] Instant next_timer() const {
        return std::min({retransmit_at, probe_at, recovery.reordering_at(), pacing_at});
    }
    void clear() {
        data.clear();
        if (used) {
            recovery.clear();
            congestion = {};
        }
        if (mtu.used) mtu = {};
        syn_sent_at = retransmit_at = probe_at = pacing_at = kNever;
        retries = 0;
        limit = SendLimit::none;
        used = window_filled = loss_probe_due = progress = urgent = false;
        snd_up = {};
        unanswered_since = kNever;
    }
};

/// What a connection needs only while something has arrived that is not read.
struct Inbox {
    ByteQueue data;  ///< In order, up to rcv_nxt.
    Reassembly above_a_gap;
    Seq rcv_up;                 ///< RCV.UP: one past the last urgent octet.
    bool urgent = false;        ///< It has not been read up to there.
    bool urgent_taken = false;  ///< receive_urgent() has returned that octet.
    SackBlocks sack;
    std::uint8_t duplicate_acks = 0;  ///< Due for what has arrived above a gap in this round.
    SpareBoxes<Inbox>* home = nullptr;
    Inbox* next_spare = nullptr;

    void clear() {
        data.clear();
        above_a_gap = {};
        rcv_up = {};
        urgent = urgent_taken = false;
        sack = {};
        duplicate_acks = 0;
    }
};

/// The variables of RFC 9293, section 3.3.1, under their names there, and what the algorithms around them keep: all
/// that is plain, so that a connection moves to its place in the table as one block.
struct ConnectionVariables {
    static constexpr std::uint32_t kNotInHeap = UINT32_MAX;

    FlowKey flow;
    State state = State::closed;
    Error error : 4 = Error::none;       ///< Why it ended.
    Error soft_error : 4 = Error::none;  ///< What the network reported and did not end it.

    std::uint8_t snd_wscale : 4 = 0;  ///< Snd.Wind.Shift (RFC 7323, section 2.2).
    std::uint8_t rcv_wscale : 4 = 0;  ///< Rcv.Wind.Shift.
    std::uint8_t quick_acks = 0;      ///< Segments still to be acknowledged at once (Settings::quick_acks).

    // Send sequence variables.
    Seq iss, snd_una, snd_nxt, snd_wl1, snd_wl2;
    std::uint32_t snd_wnd = 0;
    std::uint32_t max_snd_wnd = 0;  ///< Max(SND.WND) (RFC 9293, section 3.8.6.2.1).

    // Receive sequence variables.
    Seq irs;
    Seq rcv_nxt;
    Seq rcv_adv;        ///< The right edge of the window that was promised; never moves left.
    Seq last_ack_sent;  ///< Last.ACK.sent (RFC 7323, section 4.3).

    // Timestamps (RFC 7323).
    std::uint32_t ts_recent = 0;
    std::uint32_t ts_offset = 0;
    std::uint32_t last_sent_ms = 0;  ///< When a segment was last sent, in the same unit as ts_recent_ms.
    std::uint32_t last_data_ms = 0;  ///< When data was last sent: acknowledgements keep no window valid.
    std::uint32_t ts_recent_ms = 0;  ///< When ts_recent was set, in milliseconds of the world's clock.

    // The path.
    std::uint16_t max_gso = 0;
    std::uint16_t path_mtu = 0;  ///< The largest datagram to send: eff_pmtu of RFC 4821, section 7.1.
    std::uint16_t peer_mss = 0;
    std::uint16_t snd_mss = 0;  ///< Eff.snd.MSS: payload of a full segment (RFC 9293, section 3.7.1).

    Rto rto;
    Seq fin_seq;                              ///< Where the peer's FIN is, once `fin_known`.
    std::uint32_t accurate_ecn = UINT32_MAX;  ///< In the engine's slab of octet counters; UINT32_MAX: none.

    // Timers: kNever when not running. Retransmission's is in the outbox.
    Instant delayed_ack_at = kNever;
    Instant idle_at = kNever;  ///< Keepalive, or the end of an abandoned FIN-WAIT-2.

    ConnectionHandler* handler = nullptr;

    std::uint32_t heap_position = kNotInHeap;
    std::uint32_t index = 0;
    std::uint32_t generation = 0;
    std::uint32_t listener = UINT32_MAX;  ///< In whose accept queue it waits, or (compact) whose it will be.
    std::uint32_t tuning = UINT32_MAX;    ///< In the engine's tuning table; UINT32_MAX: the defaults.
    std::uint32_t retransmissions = 0;
    std::uint32_t segments_in = 0, segments_out = 0;
    std::uint16_t snd_una_laps = 0, rcv_nxt_laps = 0;  ///< How often each has gone round the circle of 2^32.
    std::uint8_t keepalive_probes = 0;
    std::uint8_t unacked_segments = 0;         ///< Data segments received since the last ACK was sent.
    SendReason ack_reason = SendReason::none;  ///< Why an ACK is due; none: none is.

    // What was agreed and what is under way.
    bool passive : 1 = false;  ///< Came from LISTEN (matters in SYN-RECEIVED).
    bool compact : 1 = false;  ///< A half-open or TIME-WAIT entry, expanded for one segment.
    bool window_scaling : 1 = false;
    bool timestamps : 1 = false;
    EcnMode ecn_mode : 2 = EcnMode::none;        ///< Until the handshake is over: what our SYN asks for.
    wire::Ecn syn_ecn : 2 = wire::Ecn::not_ect;  ///< How the peer's SYN came.
    std::uint8_t received_ce : 3 = 5;      ///< r.cep modulo 8: segments that came with CE (RFC 9768, section 3.2.1).
    std::uint8_t told_ce : 3 = 5;          ///< s.cep modulo 8: what the peer has told of ours.
    bool ecn_answers_syn_ack : 1 = false;  ///< The next segment is the handshake's third.
    bool ecn_option_due : 1 = false;  ///< The octets that came have not all been told of (RFC 9768, section 3.2.3).
    bool ect_off : 1 = false;         ///< The network changes the ECN field: nothing is sent as ECN-capable.
    bool ece_due : 1 = false;         ///< A mark arrived, and no CWR since (RFC 3168, section 6.1.3).
    bool cwr_due : 1 = false;         ///< cwnd was reduced for a mark: the next new data says so.
    bool sack : 1 = false;
    bool reordering_seen : 1 = false;  ///< RACK.reordering_seen (RFC 8985, section 5.2)
    bool mtu_reduced : 1 = false;      ///< `path_mtu` is less than the interface takes.
    bool mtu_probing : 1 = false;      ///< Its routers are not relied upon (RFC 4821).
    bool checksum_offload : 1 = false;
    bool no_delay : 1 = false;
    bool keepalive : 1 = false;
    bool syn_due : 1 = false;  ///< A SYN or SYN-ACK is to be sent at the next output pass.
    bool syn_lost : 1 = false;
    bool fast_open : 1 = false;  ///< Our SYN asks for fast open, or our SYN-ACK brings a cookie (RFC 7413).
    /// A cookie has opened it, and its SYN-ACK is not acknowledged yet. It is in SYN-RECEIVED with SND.UNA beyond the
    /// SYN, which has the retransmission timer for itself; data is in flight without one.
    bool fast_open_pending : 1 = false;
    bool syn_data : 1 = false;        ///< Data in the SYN was taken.
    bool fin_queued : 1 = false;      ///< The application has no more to send.
    bool fin_sent : 1 = false;        ///< Our FIN has been sent at least once: it is the octet before snd_nxt.
    bool fin_known : 1 = false;       ///< The peer's FIN has arrived, maybe above a gap.
    bool fin_received : 1 = false;    ///< ... and rcv_nxt is beyond it.
    bool released : 1 = false;        ///< The application has called close().
    bool detached : 1 = false;        ///< Out of the flow table: only the application still looks at it.
    bool persisting : 1 = false;      ///< The outbox's retransmit_at is the persist timer.
    bool probe_due : 1 = false;       ///< The persist timer has run out.
    bool window_probed : 1 = false;   ///< The octet in flight is a probe of a closed window.
    bool idle_due : 1 = false;        ///< idle_at is to be set in the next output pass, when the time is known.
    bool was_read : 1 = false;        ///< The application has read since the window was last offered.
    bool wants_writable : 1 = false;  ///< send() took less than it was given.
    bool notify_established : 1 = false;
    bool notify_readable : 1 = false;
    bool notify_writable : 1 = false;
    bool notify_closed : 1 = false;
    bool notify_urgent : 1 = false;
    bool notify_trouble : 1 = false;
    bool receive_shut : 1 = false;  ///< shutdown_receive() was called.
    bool error_taken : 1 = false;   ///< take_error() has returned `error`.
    bool in_ready_list : 1 = false;
    bool in_output_list : 1 = false;
    bool in_zombie_list : 1 = false;
};

/// A connection. The handshake's and TIME-WAIT's compact entries expand to one, so that a state's rules are written
/// once.
struct Connection : ConnectionVariables {
    CongestionControl congestion;
    SpareBoxes<Outbox>::Pointer outbox;
    SpareBoxes<Inbox>::Pointer inbox;

    /// Congestion marks are told of, or may be once the handshake is over. Without them their rules cost one look.
    [[nodiscard]] bool has_ecn() const { return ecn_mode != EcnMode::none; }
    [[nodiscard]] Outstanding outstanding() const { return {snd_una, snd_nxt, snd_mss}; }
    [[nodiscard]] std::uint32_t in_flight() const { return static_cast<std::uint32_t>(snd_nxt - snd_una); }
    /// A SYN-ACK that has given its connection data to send is in flight too (RFC 7413).
    [[nodiscard]] bool is_in_flight(Seq seq) const {
        return seq < snd_nxt && (seq >= snd_una || (fast_open_pending && seq == iss));
    }
    [[nodiscard]] std::uint32_t send_queue_size() const {
        return outbox ? static_cast<std::uint32_t>(outbox->data.size()) : 0;
    }
    /// The sequence number of the first octet in the outbox. That of the SYN is none, the first time.
    [[nodiscard]] Seq data_begin() const { return snd_una == iss && snd_una_laps == 0 ? iss + 1 : snd_una; }
    /// One past the last octet that the application has queued: where the FIN goes.
    [[nodiscard]] Seq data_end() const { return data_begin() + send_queue_size(); }
    /// Our FIN has been sent and acknowledged.
    [[nodiscard]] bool fin_acked() const { return fin_sent && snd_una == snd_nxt; }
    [[nodiscard]] std::uint32_t receive_queue_size() const {
        return inbox ? static_cast<std::uint32_t>(inbox->data.size()) : 0;
    }
    /// The sequence number of the next octet that the application reads.
    [[nodiscard]] Seq read_nxt() const { return rcv_nxt - receive_queue_size() - (fin_received ? 1 : 0); }
    /// RCV.WND: what the peer was promised and has not used.
    [[nodiscard]] std::uint32_t rcv_wnd() const { return static_cast<std::uint32_t>(rcv_adv - rcv_nxt); }
    [[nodiscard]] Instant retransmit_at() const { return outbox ? outbox->retransmit_at : kNever; }
    [[nodiscard]] Instant next_timer() const {
        return std::min({outbox ? outbox->next_timer() : kNever, delayed_ack_at, idle_at});
    }
    /// Payload that the peer has acknowledged: neither our SYN nor our FIN counts.
    [[nodiscard]] std::uint64_t bytes_acked() const {
        const std::uint64_t all = total(snd_una, iss, snd_una_laps);
        return all - std::min<std::uint64_t>(all, fin_acked() ? 2 : 1);
    }
    /// Payload that has arrived in order.
    [[nodiscard]] std::uint64_t bytes_received() const {
        const std::uint64_t all = total(rcv_nxt, irs, rcv_nxt_laps);
        return all - std::min<std::uint64_t>(all, fin_received ? 2 : 1);
    }
    /// SND.UNA moves to `ack`, RCV.NXT by `size`: the laps round the circle are counted.
    void advance_snd_una(Seq ack) {
        if (ack.raw() - iss.raw() < snd_una.raw() - iss.raw()) ++snd_una_laps;
        snd_una = ack;
    }
    void advance_rcv_nxt(std::uint32_t size) {
        if (rcv_nxt.raw() + size - irs.raw() < rcv_nxt.raw() - irs.raw()) ++rcv_nxt_laps;
        rcv_nxt += size;
    }

  private:
    [[nodiscard]] static std::uint64_t total(Seq now, Seq initial, std::uint16_t laps) {
        return std::uint64_t{laps} << 32 | (now.raw() - initial.raw());
    }
};

// What an idle established connection costs: its buffers and recovery state are not there.
static_assert(sizeof(Connection) <= 256);
static_assert(std::is_trivially_copyable_v<ConnectionVariables>);

}  // namespace hourglass::tcp
