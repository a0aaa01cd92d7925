// RFC 9293, section 3.10.7.3: SYN-SENT STATE.

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/handshake.h"
#include "tcp/receiver.h"
#include "tcp/steps.h"
#include "tcp/urgent.h"

namespace hourglass::tcp::states {

namespace {

/// Our SYN and the peer's have crossed: both go to SYN-RECEIVED and answer with SYN-ACK (section 3.5, figure 7).
Disposition simultaneous_open(Engine& e, Connection& c, const Segment& seg) {
    learn_from_syn(e, c, seg);
    c.fast_open = false;
    e.change_state(c, State::syn_received, "SYN received, ours not acknowledged");
    c.syn_due = true;
    e.want_output(c);
    return {Verdict::accepted, "RFC 9293 3.10.7.3 fourth"};
}

}  // namespace

Disposition syn_sent(Arrival& a) {
    Engine& e = a.engine;
    Connection& c = *a.connection;
    Segment& seg = a.segment;

    // First: the ACK bit. SND.UNA < SEG.ACK =< SND.NXT, or it is not for our SYN.
    if (seg.flags.ack() && (seg.ack <= c.iss || seg.ack > c.snd_nxt)) {
        ++e.counters.dropped_bad_ack;
        if (seg.flags.rst()) return {Verdict::dropped_rst, "RFC 9293 3.10.7.3 first"};
        emit_reset_in_reply(e, seg, SendReason::reset_bad_ack);
        return {Verdict::reset_sent, "RFC 9293 3.10.7.3 first"};
    }
    // Second: the RST bit. Without an ACK of our SYN anybody could have sent it (RFC 5961, section 3.2).
    if (seg.flags.rst()) {
        if (!seg.flags.ack()) return {Verdict::dropped_rst, "RFC 9293 3.10.7.3 second"};
        ++e.counters.resets_in;
        ++e.counters.attempt_fails;
        e.finish(c, Error::refused, "RST received");
        return {Verdict::refused, "RFC 9293 3.10.7.3 second"};
    }
    // Fifth: neither SYN nor RST.
    if (!seg.flags.syn()) return {Verdict::dropped_no_ack, "RFC 9293 3.10.7.3 fifth"};
    // Fourth: the SYN bit.
    if (!seg.flags.ack()) return simultaneous_open(e, c, seg);
    learn_from_syn(e, c, seg);
    if (c.fast_open) [[unlikely]]
        take_fast_open_answer(e, c, seg);
    establish(e, c, seg, "SYN-ACK received");
    ack_now(e, c, SendReason::handshake_ack);
    // "If there are other controls or text in the segment, then continue processing at the sixth step."
    seg.trim_front(1);
    const std::uint32_t room = c.rcv_wnd();
    if (seg.data_size > room) seg.trim_back(room);
    take_urgent_pointer(e, c, seg);
    take_text(e, c, seg);
    if (take_fin(e, c, seg)) e.change_state(c, State::close_wait, "FIN received");
    return {Verdict::accepted, "RFC 9293 3.10.7.3 fourth"};
}

}  // namespace hourglass::tcp::states
