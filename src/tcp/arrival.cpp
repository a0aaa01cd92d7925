// SEGMENT ARRIVES: from the octets to the state that decides (RFC 9293, section 3.10.7).

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/observe.h"
#include "tcp/passive_open.h"
#include "tcp/segment.h"
#include "tcp/stateless_open.h"
#include "tcp/steps.h"

namespace hourglass::tcp {

namespace {

Disposition dispatch(Arrival& a) {
    switch (a.connection->state) {
        case State::syn_sent:
            return states::syn_sent(a);
        case State::syn_received:
            return states::syn_received(a);
        case State::established:
            return states::established(a);
        case State::fin_wait_1:
            return states::fin_wait_1(a);
        case State::fin_wait_2:
            return states::fin_wait_2(a);
        case State::close_wait:
            return states::close_wait(a);
        case State::closing:
            return states::closing(a);
        case State::last_ack:
            return states::last_ack(a);
        case State::time_wait:
            return states::time_wait(a);
        case State::closed:
        case State::listen:
            break;
    }
    return states::closed(a.engine, a.segment);
}

struct Outcome {
    Disposition disposition;
    State before = State::closed;
    State after = State::closed;
};

Outcome to_connection(Engine& e, Connection& c, Segment& seg) {
    const State before = c.state;
    ++c.segments_in;
    // The peer is alive (RFC 9293, section 3.8.4).
    if (c.keepalive && c.idle_at != kNever && !(c.state == State::fin_wait_2 && c.released)) {
        c.keepalive_probes = 0;
        c.idle_at = e.now + e.tuning(c).keepalive_idle;
    }
    Arrival a{e, &c, seg};
    const Disposition d = dispatch(a);
    tell_progress(e, c);
    return {d, before, c.state};
}

Outcome to_half_open(Engine& e, FlowEntry entry, Segment& seg) {
    const std::uint32_t index = entry.index;
    Connection c = expand(e, e.half_open.slab[index]);
    Arrival a{e, &c, seg, entry};
    const Disposition d = dispatch(a);
    if (a.connection != &c) {  // a connection of its own now
        tell_progress(e, *a.connection);
        return {d, State::syn_received, a.connection->state};
    }
    if (c.ack_reason != SendReason::none) emit_ack(e, c, c.ack_reason);
    if (c.state == State::closed)
        remove_half_open(e, index, QueueChanged::Change::removed);
    else
        e.half_open.slab[index].ts_recent = c.ts_recent;
    return {d, State::syn_received, c.state};
}

/// RFC 9293, section 3.10.7.4, fourth (TIME-WAIT) with RFC 6191, section 2: may this SYN begin a new connection
/// already?
bool is_new_incarnation(const Engine& e, const Segment& seg, const TimeWait& entry) {
    if (!seg.flags.syn() || seg.flags.ack() || seg.flags.rst()) return false;
    if (entry.timestamps && seg.options.timestamps) {
        const auto newer = static_cast<std::int32_t>(seg.options.timestamps->value - entry.ts_recent);
        return newer > 0 || (newer == 0 && seg.seq > entry.rcv_nxt);
    }
    // Timestamps that the old connection did not have tell its segments apart.
    if (!entry.timestamps && seg.options.timestamps && e.settings.timestamps) return true;
    return seg.seq > entry.rcv_nxt;
}

Outcome to_time_wait(Engine& e, std::uint32_t index, Segment& seg) {
    const TimeWait entry = e.time_wait.slab[index];
    const std::uint32_t listener = e.listeners.find({seg.flow.local, seg.flow.local_port});
    if (listener != Slab<ListenEntry>::kNone && is_new_incarnation(e, seg, entry)) {
        remove_time_wait(e, index, "SYN of a new connection");
        const Disposition d = open_half(e, listener, seg, entry.snd_nxt + 65536, true);
        return {d, State::time_wait, d.verdict == Verdict::accepted ? State::syn_received : State::closed};
    }
    Connection c = expand(e, entry);
    Arrival a{e, &c, seg};
    const Disposition d = dispatch(a);
    if (c.ack_reason != SendReason::none) emit_ack(e, c, c.ack_reason);
    if (c.state == State::closed) remove_time_wait(e, index, "RST received");
    return {d, State::time_wait, c.state};
}

Outcome to_nobody(Engine& e, Segment& seg) {
    const std::uint32_t listener = e.listeners.find({seg.flow.local, seg.flow.local_port});
    if (listener == Slab<ListenEntry>::kNone) return {states::closed(e, seg)};
    if (auto c = connection_from_cookie(e, listener, seg)) {
        Arrival a{e, &*c, seg};
        const Disposition d = dispatch(a);
        tell_progress(e, *a.connection);
        return {d, State::syn_received, a.connection->state};
    }
    const Disposition d = states::listen(e, listener, seg);
    return {d, State::listen, d.verdict == Verdict::accepted ? State::syn_received : State::listen};
}

Outcome demultiplex(Engine& e, Segment& seg) {
    const FlowEntry entry = e.find(seg.flow, seg.flow_hash);
    switch (entry.kind) {
        case FlowKind::connection:
            return to_connection(e, e.connections[entry.index], seg);
        case FlowKind::half_open:
            return to_half_open(e, entry, seg);
        case FlowKind::time_wait:
            return to_time_wait(e, entry.index, seg);
        case FlowKind::none:
            break;
    }
    return to_nobody(e, seg);
}

/// RFC 9293, MUST-57 and MUST-63: nothing to or from addresses that mean many hosts or none.
bool is_unicast(const IpAddress& a) {
    if (!a.is_v4()) return !a.is_multicast() && !a.is_unspecified();
    const std::uint32_t value = a.v4_value();
    return value != 0 && value >> 28 != 0xe && value != 0xffffffff;
}

}  // namespace

void Engine::receive(Packet&& packet, const IpAddress& source, const IpAddress& destination, Instant at) {
    now = std::max(now, at);
    ++counters.segments_in;
    const auto tell_tap = [&](bool checksum_is_right) {
        if (inputs != nullptr) [[unlikely]]
            inputs->segment_arrived(packet, source, destination, at, checksum_is_right);
    };
    if (!is_unicast(source) || !is_unicast(destination)) {
        ++counters.dropped_not_for_us;
        tell_drop(*this, source, destination, {Verdict::dropped_not_for_us, "RFC 9293 3.9.2.3"}, packet.id);
        return tell_tap(true);
    }
    const auto view = wire::TcpView::parse(std::as_const(packet).bytes());
    if (!view || view->source_port() == Port(0) || view->destination_port() == Port(0)) {
        ++counters.dropped_malformed;
        tell_drop(*this, source, destination, {Verdict::dropped_malformed, "RFC 9293 3.1"}, packet.id);
        return tell_tap(true);
    }
    const FlowKey flow{destination, source, view->destination_port(), view->source_port()};
    const std::uint32_t flow_hash = hash(flow);
    flows.prefetch(flow_hash);
    if (packet.offload.checksum == Offload::Checksum::complete && !view->checksum_is_valid(source, destination)) {
        ++counters.dropped_checksum;
        tell_drop(*this, source, destination, {Verdict::dropped_checksum, "RFC 9293 3.1"}, packet.id);
        return tell_tap(false);
    }
    tell_tap(true);
    Segment seg{.packet = &packet,
                .view = *view,
                .options = view->options(),
                .flow = flow,
                .flow_hash = flow_hash,
                .seq = view->seq(),
                .ack = view->ack(),
                .flags = view->flags(),
                .wnd = view->window(),
                .data_offset = static_cast<std::uint32_t>(view->header_size()),
                .data_size = static_cast<std::uint32_t>(view->payload().size()),
                .fin = view->flags().fin()};
    if (observed()) [[unlikely]]
        observer->segment_arriving({now, seg.flow, seg.view, packet.id});
    const Outcome outcome = demultiplex(*this, seg);
    if (observed()) [[unlikely]]
        observer->segment_received(
            {now, seg.flow, outcome.before, outcome.after, seg.view, outcome.disposition, packet.id});
}

}  // namespace hourglass::tcp
