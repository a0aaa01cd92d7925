// RFC 9293, section 3.10.7.4: SYN-RECEIVED STATE, reached from LISTEN (then `c` is a half-open entry, expanded), by a
// simultaneous open or with a fast open cookie (then it is a connection of its own).

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/handshake.h"
#include "tcp/passive_open.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"
#include "tcp/urgent.h"

namespace hourglass::tcp::states {

namespace {

/// The SYN that brought us here has come again: the peer has not seen our SYN-ACK. The acknowledgement that the first
/// step asks for repeats the SYN, for a peer in SYN-SENT can use nothing else.
bool is_repeated_syn(const Connection& c, const Segment& seg) {
    return seg.flags.syn() && !seg.flags.ack() && !seg.flags.rst() && seg.seq == c.irs;
}

/// RFC 7323, section 4.3, (2): a SYN that comes again may have a newer timestamp, and that is the one to echo.
void keep_newer_timestamp(Arrival& a) {
    Connection& c = *a.connection;
    const auto& offered = a.segment.options.timestamps;
    if (!c.timestamps || !offered || static_cast<std::int32_t>(offered->value - c.ts_recent) <= 0) return;
    c.ts_recent = offered->value;
    c.ts_recent_ms = milliseconds(a.engine.now);
    if (c.compact && a.entry.kind == FlowKind::half_open)
        a.engine.half_open.slab[a.entry.index].ts_recent = c.ts_recent;
}

/// Both ends have opened, and this is the peer's SYN-ACK: its SYN has been taken, its ACK is the one that is waited for
/// (section 3.5, figure 7, line 6), although it lies left of the window.
bool is_crossing_syn_ack(const Connection& c, const Segment& seg) {
    return !c.passive && seg.flags.syn() && seg.flags.ack() && !seg.flags.rst() && seg.seq == c.rcv_nxt - 1;
}

/// SND.UNA < SEG.ACK =< SND.NXT, where SND.UNA is our SYN. A connection that opens fast has chosen its numbers before
/// its SYN-ACK leaves: until then nothing has been sent that could be acknowledged.
bool acknowledges_syn(const Connection& c, const Segment& seg) {
    const bool unsent = c.fast_open_pending && c.syn_due && (!c.outbox || c.outbox->unanswered_since == kNever);
    return !unsent && seg.ack > c.iss && seg.ack >= c.snd_una && seg.ack <= c.snd_nxt;
}

Step check_reset_or_return_to_listen(Arrival& a) {
    Connection& c = *a.connection;
    if (!c.compact || !a.segment.flags.rst()) return check_reset(a);
    if (a.segment.view.seq() != c.rcv_nxt) return challenge(a, "RFC 5961 3.2");
    // "If this connection was initiated with a passive OPEN [...], then return this connection to the LISTEN state. The
    // user need not be informed."
    ++a.engine.counters.resets_in;
    ++a.engine.counters.attempt_fails;
    a.engine.change_state(c, State::closed, "RST received");
    return Disposition{Verdict::reset_received, "RFC 9293 3.10.7.4 second"};
}

Step check_syn_or_return_to_listen(Arrival& a) {
    Connection& c = *a.connection;
    if (!c.compact || !a.segment.view.flags().syn()) return check_syn(a);
    // Fourth: "If the connection was initiated with a passive OPEN, then return this connection to the LISTEN state".
    a.engine.change_state(c, State::closed, "SYN received in the window");
    return Disposition{Verdict::duplicate, "RFC 9293 3.10.7.4 fourth"};
}

}  // namespace

Disposition syn_received(Arrival& a) {
    Engine& e = a.engine;
    Segment& seg = a.segment;
    if (is_repeated_syn(*a.connection, seg)) {
        keep_newer_timestamp(a);
        repeat_syn_ack(e, *a.connection);
        return {Verdict::duplicate, "RFC 9293 3.10.7.4 first"};
    }
    const bool crossing = is_crossing_syn_ack(*a.connection, seg);
    if (crossing) {
        seg.trim_front(1);
        if (seg.data_size > a.connection->rcv_wnd()) seg.trim_back(a.connection->rcv_wnd());
    } else {
        if (auto end = check_sequence(a)) return *end;
        if (auto end = check_reset_or_return_to_listen(a)) return *end;
        if (auto end = check_syn_or_return_to_listen(a)) return *end;
    }

    // Fifth: SND.UNA < SEG.ACK =< SND.NXT completes the handshake; anything else is answered with a RST.
    if (!seg.flags.ack()) return {Verdict::dropped_no_ack, "RFC 9293 3.10.7.4 fifth"};
    if (!acknowledges_syn(*a.connection, seg)) {
        ++e.counters.dropped_bad_ack;
        emit_reset_in_reply(e, seg, SendReason::reset_bad_ack);
        return {Verdict::reset_sent, "RFC 9293 3.10.7.4 fifth"};
    }
    crossing ? keep_newer_timestamp(a) : keep_timestamp(a);
    if (a.connection->compact) {
        const bool has_entry = a.entry.kind == FlowKind::half_open;  // and did not come from a cookie
        if (has_entry && e.tuning(*a.connection).defer_accept > Duration::zero())
            if (auto end = defer_accept(a)) return *end;
        if (auto end = promote(a)) return *end;
    }
    if (a.connection->fast_open_pending) [[unlikely]]
        complete_fast_open(a);
    else
        establish(e, *a.connection, seg, "ACK of SYN received");

    // Data in the third segment of the handshake, and a FIN in it, are taken like any other.
    if (a.connection->state == State::fin_wait_1) return fin_wait_1_after_ack(a);
    take_urgent_pointer(e, *a.connection, seg);
    take_text(e, *a.connection, seg);
    if (take_fin(e, *a.connection, seg)) e.change_state(*a.connection, State::close_wait, "FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.4 fifth"};
}

}  // namespace hourglass::tcp::states
