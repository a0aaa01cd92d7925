#include "tcp/recovery/actions.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/mtu_probing.h"
#include "tcp/observe.h"

namespace hourglass::tcp {

namespace {

void count(Engine& e, Connection& c, const RecoveryOutcome& out) {
    Counters& n = e.counters;
    n.bad_sack_blocks += out.bad_blocks;
    n.lost_retransmissions += out.lost_again;
    if (out.dsack) ++n.dsack_in;
    if (out.reneged) ++n.sack_reneging;
    if (out.entered) ++n.fast_retransmits;
    if (out.reordering) c.reordering_seen = true;
}

/// RFC 3168, section 6.1.2: as for a loss, once for each window of data, and the peer is told with CWR.
void heed_marks(Engine& e, Connection& c, const RecoveryOutcome& out, std::uint32_t prior_pipe) {
    Recovery& r = c.outbox->recovery;
    if (!r.on_congestion_mark(c.outstanding())) return;
    ++e.counters.congestion_marks;
    c.cwr_due = c.ecn_mode == EcnMode::classic;
    c.congestion.on_congestion(
        c.outbox->congestion,
        {.signal = CongestionSignal::ecn, .in_flight = prior_pipe, .mss = c.snd_mss, .abe = e.settings.abe});
    r.begin_reduction(c.congestion.ssthresh(), out, c.outstanding());
}

void tell_congestion_control(Engine& e, Connection& c, const RecoveryOutcome& out, std::uint32_t prior_pipe,
                             const EcnEcho& echo) {
    Outbox& o = *c.outbox;
    c.congestion.on_ack(o.congestion,
                        {.now = e.now,
                         .acked = out.acked,
                         .newly_delivered = out.delivered,
                         .newly_lost = out.lost,
                         .prior_in_flight = prior_pipe,
                         .in_flight = o.recovery.pipe(c.outstanding()),
                         .mss = c.snd_mss,
                         .rtt = out.least_rtt ? std::max(*out.least_rtt, Duration(1)) : Duration::zero(),
                         .srtt = c.rto.srtt(),
                         .rate = o.congestion.rate.take_sample(c.rto.min_rtt()),
                         .ce_octets = echo.octets.value_or(echo.ce_segments * c.snd_mss),
                         .ece = echo.congestion,
                         .cwnd_limited = o.window_filled,
                         .in_recovery = out.recovered || o.recovery.is_reducing(),
                         .sack = c.sack},
                        e.settings);
}

}  // namespace

RecoveryRules rules_of(const Engine& e, const Connection& c) {
    const Settings& s = e.settings;
    return {.sack = c.sack,
            .rack_tlp = c.sack && s.rack_tlp,
            .prr = s.prr,
            .frto = s.frto,
            .limited_transmit = s.limited_transmit,
            .max_ranges = s.max_sack_ranges};
}

PathTimes path_of(const Engine& e, const Connection& c) {
    return {.now = e.now, .srtt = c.rto.srtt(), .min_rtt = c.rto.min_rtt(), .reordering_seen = c.reordering_seen};
}

void FlightWatcher::delivered(const SentRange& piece) {
    c_.outbox->congestion.rate.on_delivered(now_, piece.sent, piece.end, piece.size());
}

void FlightWatcher::lost(const SentRange& piece) {
    if (c_.outbox->recovery.mtu_probe().contains(piece)) return;  // RFC 4821, section 7.6.2
    DeliveryRate& rate = c_.outbox->congestion.rate;
    rate.on_lost(piece.size());
    c_.congestion.on_lost({.size = piece.size(),
                           .in_flight_when_sent = piece.sent.in_flight,
                           .lost_since_sent = rate.lost() - piece.sent.lost,
                           .app_limited = piece.sent.app_limited},
                          now_);
}

void act_upon(Engine& e, Connection& c, const RecoveryOutcome& out, std::uint32_t prior_pipe, const EcnEcho& echo) {
    Outbox& o = *c.outbox;
    o.used = true;  // also when only the SYN or a mark on its acknowledgement has been
    count(e, c, out);
    if (out.lost > 0 || out.undone) tell_losses(e, c, out);
    if (out.undone) {
        c.congestion.on_undo(o.congestion, e.now);
        ++(out.after_timeout ? e.counters.spurious_timeouts : e.counters.spurious_recoveries);
    }
    if (out.entered || out.probe_repaired)
        c.congestion.on_congestion(o.congestion, {.in_flight = out.flight, .mss = c.snd_mss});
    if (out.entered) o.recovery.begin_reduction(c.congestion.ssthresh(), out, c.outstanding());
    if (out.recovered || out.probe_repaired) c.congestion.on_recovered();
    if (echo.congestion) heed_marks(e, c, out, prior_pipe);
    tell_congestion_control(e, c, out, prior_pipe, echo);
    if (e.settings.prr && o.recovery.is_reducing() && !c.congestion.rules_recovery())
        c.congestion.set_cwnd(std::max<std::uint32_t>(o.recovery.reduced_cwnd(out, c.outstanding()), c.snd_mss));
    if (c.mtu_reduced) follow_mtu_search(e, c, out.acked > 0);
}

void on_reordering_timer(Engine& e, Connection& c) {
    FlightWatcher watcher(c, e.now);
    Recovery& r = c.outbox->recovery;
    const std::uint32_t prior_pipe = r.pipe(c.outstanding());
    const RecoveryOutcome out = r.on_reordering_timer(c.outstanding(), path_of(e, c), rules_of(e, c), &watcher);
    act_upon(e, c, out, prior_pipe);
}

void on_data_timeout(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    FlightWatcher watcher(c, e.now);
    ++e.counters.retransmission_timeouts;
    const RecoveryOutcome out = o.recovery.on_timeout(c.outstanding(), path_of(e, c), rules_of(e, c), &watcher);
    count(e, c, out);
    tell_losses(e, c, out);
    c.congestion.on_timeout(
        o.congestion, {.signal = CongestionSignal::timeout, .in_flight = out.flight, .mss = c.snd_mss}, o.retries == 1);
}

void schedule_loss_probe(Engine& e, Connection& c, bool progress) {
    Outbox& o = *c.outbox;
    if (!o.recovery.may_probe(rules_of(e, c)) || c.in_flight() == 0 || c.persisting) {
        o.probe_at = kNever;
    } else if (progress || o.probe_at == kNever) {
        const Duration pto = TailLossProbe::timeout(c.rto.srtt(), c.in_flight() <= c.snd_mss);
        o.probe_at = std::min(e.now + pto, o.retransmit_at);
    }
}

}  // namespace hourglass::tcp
