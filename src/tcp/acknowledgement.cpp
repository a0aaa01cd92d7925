#include "tcp/acknowledgement.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/recovery/actions.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

/// RFC 5681, section 2: outstanding data, no data in the segment, no SYN or FIN, the greatest acknowledgement so far,
/// and the window as it was. Answers to window probes look alike and mean nothing of the kind.
bool is_duplicate_ack(const Connection& c, const Segment& seg, std::uint32_t window) {
    return seg.ack == c.snd_una && c.in_flight() > 0 && seg.length() == 0 && window == c.snd_wnd && !c.window_probed;
}

/// What recovery reads of the segment.
AckInput input_of(const Connection& c, const Segment& seg, std::uint32_t window) {
    AckInput in{.ack = seg.ack, .sack = {}, .duplicate = is_duplicate_ack(c, seg, window)};
    if (c.sack) in.sack = seg.options.sack_blocks();
    if (c.timestamps && seg.options.timestamps && seg.options.timestamps->echo_reply != 0) {
        in.has_echo = true;
        in.echo = seg.options.timestamps->echo_reply - c.ts_offset;
    }
    return in;
}

/// RFC 6298, section 3, and RFC 7323, section 4: by what was sent once, or else by the timestamp of an acknowledgement
/// that moves SND.UNA.
void take_rtt_sample(const Engine& e, Connection& c, const AckInput& in, const RecoveryOutcome& out,
                     std::uint32_t flight) {
    std::optional<Duration> rtt = out.rtt;
    if (!rtt && in.has_echo && out.acked > 0) {
        const auto ms = static_cast<std::int32_t>(milliseconds(e.now) - in.echo);
        if (ms >= 0) rtt = std::chrono::milliseconds(std::max(ms, 1));
    }
    if (rtt) c.rto.on_sample(*rtt, (flight + 2u * c.snd_mss - 1) / (2u * c.snd_mss));
    if (out.least_rtt) c.rto.on_least_rtt(*out.least_rtt, e.now);
}

/// An output pass follows, which tells the timer queue.
void restart_retransmission_timer(const Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    // RFC 6298, (5.2) and (5.3); RFC 6582, section 3.2, step 5 for partial acknowledgements without SACK.
    c.persisting = false;
    const bool partial = !c.sack && o.recovery.state() == RecoveryState::recovery;
    if (c.in_flight() == 0)
        o.retransmit_at = o.probe_at = kNever;
    else if (!partial || o.recovery.take_first_partial())
        o.retransmit_at = e.now + c.rto.value(e.settings);
    o.progress = true;
}

/// SND.UNA moves to `ack`.
void advance(Engine& e, Connection& c, Seq ack) {
    Outbox& o = *c.outbox;
    const auto acked = static_cast<std::size_t>(ack - c.snd_una);
    o.data.consume(std::min(acked, o.data.size()));  // the FIN is not in the queue
    c.advance_snd_una(ack);
    // A timeout that has backed off stays so until a round trip is measured (RFC 6298, section 5); the window's probes
    // have done their work.
    if (c.window_probed || c.persisting) c.rto.on_progress();
    o.retries = 0;
    c.window_probed = false;
    if (o.urgent && c.snd_una >= o.snd_up) o.urgent = false;
    tell_writable(e, c);
}

/// All that was ever to be sent is acknowledged, our FIN with it, and nothing was lost or marked: there is no flight
/// any more for recovery and congestion control to learn for.
bool is_last(const Connection& c, const AckInput& in, const EcnEcho& echo) {
    return c.fin_sent && in.ack == c.snd_nxt && in.sack.empty() && !echo.congestion &&
           c.outbox->recovery.state() == RecoveryState::open;
}

void take_last_acknowledgement(Engine& e, Connection& c, Seq ack) {
    advance(e, c, ack);
    c.persisting = false;
    c.outbox.reset();
}

void take_acknowledgement(Engine& e, Connection& c, const Segment& seg, std::uint32_t window) {
    Outbox& o = *c.outbox;
    const AckInput in = input_of(c, seg, window);
    const bool advances = in.ack > c.snd_una;
    EcnEcho echo = read_echo(e, c, seg, advances);
    if (!advances && !in.duplicate && in.sack.empty()) return;
    if (advances && is_last(c, in, echo)) return take_last_acknowledgement(e, c, in.ack);
    const Outstanding before = c.outstanding();
    const std::uint32_t prior_pipe = o.recovery.pipe(before);
    FlightWatcher watcher(c, e.now);
    const RecoveryOutcome out = o.recovery.on_ack(in, before, path_of(e, c), rules_of(e, c), &watcher);
    if (!advances && out.delivered > 0) echo = read_echo(e, c, seg, true);
    if (advances || out.delivered > 0) guard_against_wrap(e, c, echo, out.delivered);
    if (advances) advance(e, c, in.ack);
    take_rtt_sample(e, c, in, out, before.size());
    act_upon(e, c, out, prior_pipe, echo);
    if (!advances) return;
    o.window_filled = false;
    restart_retransmission_timer(e, c);
}

/// The probe of a closed window has been answered (RFC 9293, section 3.8.6.1).
[[gnu::cold]] void on_probe_answered(Connection& c) {
    c.outbox->retries = 0;  // "as long as the receiving TCP peer continues to send acknowledgments"
    if (c.snd_wnd == 0 || c.in_flight() == 0) return;
    // It was refused, and the window is open now: the octet goes again, with what follows it.
    c.window_probed = false;
    c.persisting = false;
    c.outbox->retransmit_at = kNever;
    c.rto.on_progress();
    c.outbox->recovery.on_refused(c.outstanding());
}

}  // namespace

void process_acknowledgement(Engine& e, Connection& c, const Segment& seg) {
    const std::uint32_t window = seg.wnd << c.snd_wscale;
    if (c.outbox) take_acknowledgement(e, c, seg, window);
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
