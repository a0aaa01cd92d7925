#include "tcp/passive_open.h"

#include <algorithm>

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/handshake.h"
#include "tcp/isn.h"
#include "tcp/observe.h"
#include "tcp/stateless_open.h"

namespace hourglass::tcp {

namespace {

[[gnu::cold]] Disposition drop_syn(std::uint64_t& counter, Verdict verdict) {
    ++counter;
    return {verdict, "RFC 9293 3.10.7.2 third"};
}

HalfOpen compress(const Connection& c) {
    HalfOpen entry{};
    entry.flow = c.flow;
    entry.iss = c.iss;
    entry.irs = c.irs;
    entry.ts_recent = c.ts_recent;
    entry.peer_mss = c.peer_mss;
    entry.timestamps = c.timestamps;
    entry.window_scaling = c.window_scaling;
    entry.sack = c.sack;
    entry.snd_wscale = c.snd_wscale;
    entry.ecn_mode = static_cast<std::uint8_t>(c.ecn_mode) & 3;
    entry.syn_ecn = static_cast<std::uint8_t>(c.syn_ecn) & 3;
    return entry;
}

void send_syn_ack(Engine& e, Connection& c, SendReason reason) {
    emit(e, c,
         {.seq = c.iss,
          .flags = wire::TcpFlags::kSyn,
          .reason = reason,
          .retransmission = reason != SendReason::passive_open});
}

Duration syn_ack_timeout(const Engine& e, std::uint8_t attempts) {
    return std::min(e.settings.rto_initial * (1 << attempts), e.settings.rto_max);
}

/// When the SYN-ACK is to be sent again.
void tell_timer(const Engine& e, const HalfOpen& entry) {
    if (e.observed()) [[unlikely]]
        e.observer->timer_set({e.now, entry.flow, "SYN-ACK", from_tick(entry.deadline, e.now)});
}

/// Less time has passed since the SYN than the listener waits for data, counted in the timeouts that have run out.
bool still_defers(const Engine& e, const Connection& c, const HalfOpen& entry) {
    Duration waited{};
    for (std::uint8_t i = 0; i < entry.attempts; ++i) waited += syn_ack_timeout(e, i);
    return waited < e.tuning(c).defer_accept;
}

}  // namespace

Step defer_accept(Arrival& a) {
    if (a.segment.data_size > 0 || a.segment.fin || a.entry.kind != FlowKind::half_open) return std::nullopt;
    HalfOpen& entry = a.engine.half_open.slab[a.entry.index];
    if (!still_defers(a.engine, *a.connection, entry)) return std::nullopt;
    entry.deferred = true;
    return Disposition{Verdict::accepted, "the listener waits for data"};
}

Disposition open_half(Engine& e, std::uint32_t listener, const Segment& syn, Seq min_iss, bool has_min_iss) {
    ListenEntry& l = e.listeners.slab[listener];
    if (l.accept_queue.size() >= l.options.accept_queue) {
        tell_queue(e, syn.flow, QueueChanged::Queue::accept, QueueChanged::Change::full, l);
        return drop_syn(e.counters.dropped_accept_full, Verdict::dropped_accept_full);
    }
    const bool full = l.half_open >= l.options.half_open || e.half_open.slab.full();
    const bool stateless =
        e.settings.syn_cookies == SynCookies::always || (full && e.settings.syn_cookies != SynCookies::off);
    if (full && !stateless) {
        tell_queue(e, syn.flow, QueueChanged::Queue::half_open, QueueChanged::Change::full, l);
        return drop_syn(e.counters.dropped_half_open_full, Verdict::dropped_half_open_full);
    }
    const auto path = e.path_to(syn.flow.remote, syn.flow.local);
    if (!path) return drop_syn(e.counters.dropped_not_for_us, Verdict::dropped_not_for_us);

    Connection c;
    c.flow = syn.flow;
    c.compact = true;
    c.passive = true;
    c.state = State::listen;
    c.listener = listener;
    c.tuning = l.tuning;
    prepare(e, c, *path);
    choose_numbers(e, c);
    learn_from_syn(e, c, syn);
    if (stateless) {
        tell_queue(e, c.flow, QueueChanged::Queue::half_open, QueueChanged::Change::cookie, l);
        return answer_with_cookie(e, c, syn);
    }
    c.iss += sequence_clock(e.now);
    // RFC 9293, section 3.10.7.4: after TIME-WAIT the new numbers begin beyond those of the old connection.
    if (has_min_iss) c.iss = max(c.iss, min_iss);
    c.snd_una = c.iss;
    c.snd_nxt = c.iss + 1;
    if (syn.options.fast_open_present || !e.settings.fast_open.server_needs_cookie) [[unlikely]]
        if (const auto opened = open_fast(e, c, syn)) return *opened;

    const std::uint32_t index = e.half_open.slab.make();
    HalfOpen& entry = e.half_open.slab[index];
    entry = compress(c);
    entry.deadline = to_tick(e.now + syn_ack_timeout(e, 0));
    e.half_open.enqueue(index);
    e.flows.insert(syn.flow_hash, {FlowKind::half_open, index});
    ++l.half_open;
    tell_queue(e, c.flow, QueueChanged::Queue::half_open, QueueChanged::Change::added, l);
    e.change_state(c, State::syn_received, "SYN received");
    send_syn_ack(e, c, SendReason::passive_open);
    tell_timer(e, entry);
    return {Verdict::accepted, "RFC 9293 3.10.7.2 third"};
}

Connection in_syn_received(const Engine& e, const FlowKey& flow, std::uint32_t listener, Seq iss, Seq irs) {
    Connection c;
    c.flow = flow;
    c.compact = true;
    c.passive = true;
    c.state = State::syn_received;
    c.listener = listener;
    c.tuning = e.listeners.slab[listener].tuning;
    if (const auto path = e.path_to(flow.remote, flow.local)) prepare(e, c, *path);
    c.iss = c.snd_una = iss;
    c.snd_nxt = iss + 1;
    c.irs = c.snd_wl1 = irs;
    c.rcv_nxt = c.last_ack_sent = irs + 1;
    c.rcv_adv = c.rcv_nxt + std::min(receive_limit(e, c), 65535u);  // what the SYN-ACK has promised
    c.ts_recent_ms = milliseconds(e.now);
    return c;
}

Connection expand(const Engine& e, const HalfOpen& entry) {
    const std::uint32_t listener = e.listeners.find({entry.flow.local, entry.flow.local_port});
    Connection c = in_syn_received(e, entry.flow, listener, entry.iss, entry.irs);
    if (entry.timestamps) c.ts_offset = flow_offsets(e.secret, entry.flow).timestamp;
    c.peer_mss = entry.peer_mss;
    c.timestamps = entry.timestamps;
    c.window_scaling = entry.window_scaling;
    c.sack = entry.sack;
    c.snd_wscale = entry.snd_wscale;
    c.ecn_mode = EcnMode(entry.ecn_mode);
    c.syn_ecn = wire::Ecn(entry.syn_ecn);
    c.ts_recent = entry.ts_recent;
    c.syn_lost = entry.attempts > 0;
    return c;
}

Step promote(Arrival& a) {
    Engine& e = a.engine;
    const FlowEntry entry = a.entry;
    const std::uint32_t listener = a.connection->listener;
    ListenEntry& l = e.listeners.slab[listener];
    if (l.accept_queue.size() >= l.options.accept_queue || e.connections.full()) {
        ++e.counters.dropped_accept_full;
        tell_queue(e, a.segment.flow, QueueChanged::Queue::accept, QueueChanged::Change::full, l);
        return Disposition{Verdict::dropped_accept_full, "RFC 9293 3.10.7.4 fifth"};
    }
    const bool from_cookie = entry.kind == FlowKind::none;
    Connection& c = take_over(e, std::move(*a.connection), a.segment.flow_hash, entry);
    if (!from_cookie) {
        // The SYN-ACK's round trip, in the milliseconds that the entry keeps; not of one that was sent again (Karn).
        const HalfOpen half = e.half_open.slab[entry.index];
        e.half_open.dequeue(entry.index);
        e.half_open.slab.give_back(entry.index);
        --l.half_open;
        tell_queue(e, c.flow, QueueChanged::Queue::half_open, QueueChanged::Change::left, l);
        const Duration r = e.now - (from_tick(half.deadline, e.now) - syn_ack_timeout(e, 0));
        if (half.attempts == 0 && r > Duration::zero()) c.rto.on_handshake(r, e.now);
    } else {
        tell_queue(e, c.flow, QueueChanged::Queue::half_open, QueueChanged::Change::cookie_back, l);
    }
    a.connection = &c;
    return std::nullopt;
}

Connection& take_over(Engine& e, Connection&& learned, std::uint32_t flow_hash, FlowEntry entry) {
    Connection& c = e.adopt(std::move(learned), flow_hash, entry);
    e.tunings.share(c.tuning);
    ListenEntry& l = e.listeners.slab[c.listener];
    const Tuning& tuning = l.options.tuning ? *l.options.tuning : e.tunings.defaults();
    c.no_delay = tuning.no_delay;
    c.keepalive = tuning.keepalive;
    ++e.counters.passive_opens;
    l.accept_queue.push_back(c.index);
    tell_queue(e, c.flow, QueueChanged::Queue::accept, QueueChanged::Change::added, l);
    e.want_notify(l, c.listener);
    return c;
}

void repeat_syn_ack(Engine& e, Connection& c) {
    if (c.compact) {
        ++e.counters.syn_ack_retransmitted;
        send_syn_ack(e, c, SendReason::ack_duplicate_data);
    } else {
        c.syn_due = true;
        e.want_output(c);
    }
}

void on_syn_ack_timer(Engine& e, std::uint32_t index) {
    HalfOpen& entry = e.half_open.slab[index];
    Connection c = expand(e, entry);
    if (e.observed()) [[unlikely]]
        e.observer->timer_expired({e.now, c.flow, c.state, "SYN-ACK", entry.attempts + 1u});
    if (entry.attempts >= std::min<std::uint8_t>(e.settings.syn_ack_retries, 5)) {
        ++e.counters.half_open_expired;
        ++e.counters.attempt_fails;
        e.change_state(c, State::closed, "SYN-ACK never acknowledged");
        remove_half_open(e, index, QueueChanged::Change::expired);
        return;
    }
    e.half_open.dequeue(index);
    ++entry.attempts;
    entry.deadline = to_tick(e.now + syn_ack_timeout(e, entry.attempts));
    e.half_open.enqueue(index);
    tell_timer(e, entry);
    if (entry.deferred && still_defers(e, c, entry)) return;
    ++e.counters.syn_ack_retransmitted;
    send_syn_ack(e, c, SendReason::retransmit_timeout);
}

void refuse_half_open(Engine& e, std::uint32_t index) {
    Connection c = expand(e, e.half_open.slab[index]);
    ++e.counters.attempt_fails;
    e.change_state(c, State::closed, "ICMP error");
    remove_half_open(e, index, QueueChanged::Change::removed);
}

void remove_half_open(Engine& e, std::uint32_t index, QueueChanged::Change why) {
    const FlowKey& flow = e.half_open.slab[index].flow;
    const std::uint32_t listener = e.listeners.find({flow.local, flow.local_port});
    if (listener != Slab<ListenEntry>::kNone) {
        --e.listeners.slab[listener].half_open;
        tell_queue(e, flow, QueueChanged::Queue::half_open, why, e.listeners.slab[listener]);
    }
    e.flows.erase(e.hash(flow), {FlowKind::half_open, index});
    e.half_open.dequeue(index);
    e.half_open.slab.give_back(index);
}

void count_half_open(Engine& e) {
    for (std::uint32_t i = 0; i < e.listeners.slab.end(); ++i)
        if (e.listeners.slab.used(i)) e.listeners.slab[i].half_open = 0;
    for (std::uint32_t i = 0; i < e.half_open.slab.end(); ++i) {
        if (!e.half_open.slab.used(i)) continue;
        const FlowKey& flow = e.half_open.slab[i].flow;
        ++e.listeners.slab[e.listeners.find({flow.local, flow.local_port})].half_open;
    }
}

}  // namespace hourglass::tcp
