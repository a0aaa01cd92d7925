#include "tcp/acknowledgement.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

/// RFC 5681, section 2: outstanding data, no data in the segment, no SYN or FIN, the greatest acknowledgement so far,
/// and the window as it was. Answers to window probes look alike and mean nothing of the kind.
bool is_duplicate_ack(const Connection& c, const Segment& seg, std::uint32_t window) {
    return seg.ack == c.snd_una && c.in_flight() > 0 && seg.length() == 0 && window == c.snd_wnd && !c.window_probed;
}

void take_rtt_sample(Engine& e, Connection& c, Seq ack) {
    Outbox& o = *c.outbox;
    if (o.timed_at == kNever || ack < o.timed_end) return;
    c.rto.on_sample(e.now - o.timed_at, e.settings);
    o.timed_at = kNever;
}

void restart_retransmission_timer(Engine& e, Connection& c, bool partial_ack) {
    // RFC 6298, (5.2) and (5.3); RFC 6582, section 3.2, step 5 for partial acknowledgements.
    c.persisting = false;
    if (c.in_flight() == 0)
        c.outbox->retransmit_at = kNever;
    else if (!partial_ack || c.outbox->recovery.take_first_partial())
        c.outbox->retransmit_at = e.now + c.rto.value(e.settings);
    e.timers_changed(c);
}

void on_new_ack(Engine& e, Connection& c, Seq ack) {
    Outbox& o = *c.outbox;
    const auto acked = static_cast<std::uint32_t>(ack - c.snd_una);
    const std::uint32_t in_flight = c.in_flight();
    o.data.consume(std::min<std::size_t>(acked, o.data.size()));  // the FIN is not in the queue
    c.advance_snd_una(ack);
    take_rtt_sample(e, c, ack);
    c.rto.on_progress();
    o.retries = 0;
    c.window_probed = false;

    const bool in_recovery = o.recovery.phase() == Recovery::Phase::fast_recovery;
    if (!in_recovery)
        c.congestion.on_ack({.now = e.now,
                             .acked = acked,
                             .newly_delivered = acked,
                             .prior_in_flight = in_flight,
                             .in_flight = c.in_flight(),
                             .mss = c.snd_mss,
                             .srtt = c.rto.srtt(),
                             .cwnd_limited = o.window_filled});
    o.window_filled = false;
    if (o.recovery.on_ack(c.outstanding(), acked) == RecoveryStep::recovered) c.congestion.on_recovered();
    restart_retransmission_timer(e, c, o.recovery.phase() == Recovery::Phase::fast_recovery);
    if (o.urgent && c.snd_una >= o.snd_up) o.urgent = false;
    tell_writable(e, c);
}

void on_duplicate_ack(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    if (o.recovery.on_duplicate_ack(c.outstanding()) != RecoveryStep::entered) return;
    ++e.counters.fast_retransmits;
    c.congestion.on_congestion(c.in_flight(), c.snd_mss);
}

/// The probe of a closed window has been answered (RFC 9293, section 3.8.6.1).
void on_probe_answered(Connection& c) {
    c.outbox->retries = 0;  // "as long as the receiving TCP peer continues to send acknowledgments"
    if (c.snd_wnd == 0 || c.in_flight() == 0) return;
    // It was refused, and the window is open now: the octet goes again, with what follows it.
    c.window_probed = false;
    c.persisting = false;
    c.outbox->retransmit_at = kNever;
    c.rto.on_progress();
    c.outbox->recovery.mark_lost(c.outstanding());
}

}  // namespace

void process_acknowledgement(Engine& e, Connection& c, const Segment& seg) {
    const std::uint32_t window = seg.wnd << c.snd_wscale;
    if (c.outbox) {
        if (seg.ack > c.snd_una)
            on_new_ack(e, c, seg.ack);
        else if (is_duplicate_ack(c, seg, window))
            on_duplicate_ack(e, c);
    }
    // SND.WL1 and SND.WL2 keep old segments from updating the window.
    if (seg.ack >= c.snd_una && (c.snd_wl1 < seg.seq || (c.snd_wl1 == seg.seq && c.snd_wl2 <= seg.ack))) {
        c.snd_wnd = window;
        c.max_snd_wnd = std::max(c.max_snd_wnd, window);
        c.snd_wl1 = seg.seq;
        c.snd_wl2 = seg.ack;
        if (c.outbox && c.window_probed) on_probe_answered(c);
        // A window that shrank below what is in flight is no failure of the path (RFC 9293, SHLD-17 and MUST-37).
        if (c.outbox && window == 0) c.outbox->retries = 0;
    }
    if (c.outbox) e.want_output(c);
}

}  // namespace hourglass::tcp
