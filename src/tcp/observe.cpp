#include "tcp/observe.h"

#include "tcp/ecn.h"

namespace hourglass::tcp::observed {

namespace {

/// Octets that were given to it and never sent. In SYN-SENT all of them.
std::uint32_t not_sent(const Connection& c) {
    if (c.fin_sent || !c.outbox) return 0;
    return static_cast<std::uint32_t>(c.data_end() - max(c.snd_nxt, c.data_begin()));
}

std::string_view name_of(EcnMode mode) {
    switch (mode) {
        case EcnMode::none:
            return "none";
        case EcnMode::classic:
            return "classic";
        default:
            return "accurate";
    }
}

}  // namespace

void progress(const Engine& e, const Connection& c) {
    if (c.compact) return;
    ConnectionProgress p{.time = e.now,
                         .flow = c.flow,
                         .state = c.state,
                         .iss = c.iss,
                         .snd_una = c.snd_una,
                         .snd_nxt = c.snd_nxt,
                         .irs = c.irs,
                         .rcv_nxt = c.rcv_nxt,
                         .snd_wnd = c.snd_wnd,
                         .rcv_wnd = c.rcv_wnd(),
                         .cwnd = c.congestion.cwnd(),
                         .ssthresh = c.congestion.ssthresh(),
                         .pipe = c.outbox ? c.outbox->recovery.pipe(c.outstanding()) : 0,
                         .not_sent = not_sent(c),
                         .receive_queue = c.receive_queue_size(),
                         .srtt = c.rto.srtt(),
                         .rttvar = c.rto.rttvar(),
                         .rto = c.rto.value(e.settings),
                         .min_rtt = c.rto.min_rtt(),
                         .backoff = c.rto.backoff(),
                         .pacing_rate = c.congestion.pacing_rate(c.rto.srtt(), e.settings),
                         .recovery = c.outbox ? c.outbox->recovery.state() : RecoveryState::open,
                         .limit = c.outbox ? c.outbox->limit : SendLimit::application,
                         .send_buffer_full = c.wants_writable,
                         .retransmission = kNever,
                         .persist = kNever,
                         .tail_loss_probe = kNever,
                         .reordering = kNever,
                         .pacing = kNever,
                         .delayed_ack = c.delayed_ack_at,
                         .keepalive = kNever,
                         .fin_wait_2 = kNever};
    (c.state == State::fin_wait_2 && c.released ? p.fin_wait_2 : p.keepalive) = c.idle_at;
    if (c.outbox) {
        const Outbox& o = *c.outbox;
        (c.persisting ? p.persist : p.retransmission) = o.retransmit_at;
        p.tail_loss_probe = o.probe_at;
        p.reordering = o.recovery.reordering_at();
        p.pacing = o.pacing_at;
    }
    e.observer->connection_progressed(p);
}

void losses(const Engine& e, const Connection& c, const RecoveryOutcome& out) {
    if (out.proof != SpuriousProof::none)
        e.observer->retransmission_spurious({e.now, c.flow, out.proof, out.after_timeout});
    if (out.lost > 0)
        e.observer->segments_lost({e.now, c.flow, out.lost_begin, out.lost_end, out.lost, c.outbox->recovery.reason()});
}

void parameters(const Engine& e, const Connection& c) {
    constexpr std::string_view kAlgorithms[] = {"new_reno", "cubic", "bbr"};
    static_assert(static_cast<int>(Congestion::new_reno) == 0 && static_cast<int>(Congestion::bbr) == 2);
    e.observer->parameters_agreed({.time = e.now,
                                   .flow = c.flow,
                                   .snd_mss = c.snd_mss,
                                   .peer_mss = c.peer_mss,
                                   .path_mtu = c.path_mtu,
                                   .snd_wscale = c.snd_wscale,
                                   .rcv_wscale = c.window_scaling ? c.rcv_wscale : std::uint8_t{0},
                                   .window_scaling = c.window_scaling,
                                   .timestamps = c.timestamps,
                                   .sack = c.sack,
                                   .ecn = name_of(c.ecn_mode),
                                   .congestion_control = kAlgorithms[static_cast<int>(c.congestion.algorithm())]});
}

void queue(const Engine& e, const FlowKey& flow, QueueChanged::Queue queue, QueueChanged::Change change,
           const ListenEntry& listener) {
    const bool accept = queue == QueueChanged::Queue::accept;
    e.observer->queue_changed(
        {.time = e.now,
         .flow = flow,
         .queue = queue,
         .change = change,
         .length = accept ? static_cast<std::uint32_t>(listener.accept_queue.size()) : listener.half_open,
         .limit = accept ? listener.options.accept_queue : listener.options.half_open});
}

void call(const Engine& e, const FlowKey& flow, Call call, std::uint64_t asked, std::uint64_t done, Error error) {
    e.observer->socket_called({e.now, flow, call, asked, done, error});
}

void drop(const Engine& e, const IpAddress& source, const IpAddress& destination, Disposition why,
          std::uint64_t packet_id) {
    e.observer->segment_dropped({e.now, source, destination, why, packet_id});
}

}  // namespace hourglass::tcp::observed
