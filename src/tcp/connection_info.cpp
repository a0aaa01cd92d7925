#include "tcp/connection_info.h"

#include "tcp/engine.h"
#include "tcp/handshake.h"

namespace hourglass::tcp {

namespace {

std::string_view outbox_timer_name(const Connection& c, const Outbox& o) {
    const Instant next = o.next_timer();
    if (next == o.probe_at) return "probe";
    if (next == o.recovery.reordering_at()) return "reorder";
    if (next == o.retransmit_at) return c.persisting ? "persist" : "retransmit";
    return "pacing";
}

std::string_view timer_name(const Connection& c) {
    const Instant next = c.next_timer();
    if (next == kNever) return "off";
    if (c.outbox && next == c.outbox->next_timer()) return outbox_timer_name(c, *c.outbox);
    if (next == c.delayed_ack_at) return "delayed-ack";
    return c.state == State::fin_wait_2 && c.released ? "fin-wait-2" : "keepalive";
}

void describe_flight(const Outbox& o, ConnectionInfo& info) {
    const Scoreboard& board = o.recovery.board();
    info.recovery = o.recovery.state();
    info.timeouts = o.retries;
    info.unacked = board.out().segments;
    info.sacked = board.sacked().segments;
    info.lost = board.lost().segments;
    info.retransmitted = board.resent().segments;
}

template <typename T, typename Describe>
void append_all(const Slab<T>& slab, std::vector<ConnectionInfo>& list, Describe&& describe) {
    for (std::uint32_t i = 0; i < slab.end(); ++i)
        if (slab.used(i)) describe(slab[i], list);
}

}  // namespace

ConnectionInfo info_of(const Engine& e, const Connection& c) {
    const Untapped looking(e);
    ConnectionInfo info;
    info.flow = c.flow;
    info.state = c.state;
    info.send_queue = c.send_queue_size();
    info.receive_queue = c.receive_queue_size();
    info.cwnd = c.congestion.cwnd();
    info.ssthresh = c.congestion.ssthresh();
    info.in_flight = c.in_flight();
    info.snd_wnd = c.snd_wnd;
    info.rcv_wnd = c.rcv_wnd();
    info.not_sent = c.fin_sent || !is_synchronized(c.state) ? 0 : static_cast<std::uint32_t>(c.data_end() - c.snd_nxt);
    info.mss = c.snd_mss;
    info.advertised_mss = static_cast<std::uint16_t>(local_mss(e, c));
    info.received_mss = info.advertised_mss;
    info.path_mtu = c.path_mtu;
    info.min_rtt = c.rto.min_rtt();
    info.timestamps = c.timestamps;
    info.sack = c.sack;
    info.syn_data = c.syn_data;
    info.window_scaling = c.window_scaling;
    info.snd_wscale = c.snd_wscale;
    info.rcv_wscale = c.window_scaling ? c.rcv_wscale : std::uint8_t{0};
    info.srtt = c.rto.srtt();
    info.rttvar = c.rto.rttvar();
    info.rto = c.rto.value(e.settings);
    info.backoff = c.rto.backoff();
    info.probes = c.persisting ? c.outbox->retries : c.keepalive_probes;
    info.reordering_seen = c.reordering_seen;
    if (c.outbox) describe_flight(*c.outbox, info);
    info.retransmissions = c.retransmissions;
    info.bytes_acked = c.bytes_acked();
    info.bytes_received = c.bytes_received();
    info.segments_in = c.segments_in;
    info.segments_out = c.segments_out;
    info.since_last_sent = std::chrono::milliseconds(milliseconds(e.now) - c.last_sent_ms);
    info.next_timer = c.next_timer();
    info.timer = timer_name(c);
    info.error = c.error != Error::none ? c.error : c.soft_error;
    return info;
}

std::vector<ConnectionInfo> list_connections(const Engine& e) {
    std::vector<ConnectionInfo> list;
    append_all(e.listeners.slab, list, [](const ListenEntry& l, auto& out) {
        ConnectionInfo info;
        info.flow.local = l.local.address;
        info.flow.local_port = l.local.port;
        info.state = State::listen;
        info.receive_queue = static_cast<std::uint32_t>(l.accept_queue.size());
        info.send_queue = l.options.accept_queue;
        info.timer = "off";
        out.push_back(info);
    });
    append_all(e.connections, list, [&](const Connection& c, auto& out) {
        if (!c.detached) out.push_back(info_of(e, c));
    });
    append_all(e.half_open.slab, list, [&](const HalfOpen& h, auto& out) {
        ConnectionInfo info;
        info.flow = h.flow;
        info.state = State::syn_received;
        info.mss = h.peer_mss;
        info.retransmissions = h.attempts;
        info.next_timer = from_tick(h.deadline, e.now);
        info.timer = "retransmit";
        out.push_back(info);
    });
    append_all(e.time_wait.slab, list, [&](const TimeWait& t, auto& out) {
        ConnectionInfo info;
        info.flow = t.flow;
        info.state = State::time_wait;
        info.next_timer = from_tick(t.deadline, e.now);
        info.timer = "timewait";
        out.push_back(info);
    });
    return list;
}

}  // namespace hourglass::tcp
