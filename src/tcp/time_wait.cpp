#include "tcp/time_wait.h"

#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/isn.h"

namespace hourglass::tcp {

namespace {

[[gnu::cold]] void evict_oldest(Engine& e) {
    ++e.counters.time_wait_evicted;
    remove_time_wait(e, e.time_wait.queue.front(), "TIME-WAIT table full");
}

[[gnu::cold]] void tell_timer(const Engine& e, const TimeWait& entry) {
    e.observer->timer_set({e.now, entry.flow, "2 MSL", from_tick(entry.deadline, e.now)});
}

[[gnu::cold]] void tell_end(Engine& e, const TimeWait& entry, Literal trigger) {
    e.observer->state_changed({e.now, entry.flow, State::time_wait, State::closed, trigger});
}

}  // namespace

void enter_time_wait(Engine& e, Connection& c, Literal trigger) {
    e.change_state(c, State::time_wait, trigger);
    if (e.time_wait.slab.full() && !e.time_wait.queue.empty()) [[unlikely]]
        evict_oldest(e);
    const std::uint32_t index = e.time_wait.slab.make();
    if (index != Slab<TimeWait>::kNone) {
        TimeWait& entry = e.time_wait.slab[index];
        entry.flow = c.flow;
        entry.snd_nxt = c.snd_nxt;
        entry.rcv_nxt = c.rcv_nxt;
        entry.ts_recent = c.ts_recent;
        entry.timestamps = c.timestamps;
        entry.sack = c.sack;
        entry.deadline = to_tick(e.now + 2 * e.settings.msl);
        e.time_wait.queue.push_back(e.time_wait.slab, index);
        if (e.observed()) [[unlikely]]
            tell_timer(e, entry);
        e.replace(c, {FlowKind::time_wait, index});
    } else {
        e.detach(c);
    }
    if (e.observed()) [[unlikely]]
        e.observer->connection_closed({e.now, c.flow, Error::none, trigger});
    c.outbox.reset();
    c.notify_closed = true;
    e.want_notify(c);
}

Connection expand(const Engine& e, const TimeWait& entry) {
    Connection c;
    c.flow = entry.flow;
    c.compact = true;
    c.state = State::time_wait;
    if (const auto path = e.path_to(entry.flow.remote, entry.flow.local)) prepare(e, c, *path);
    if (entry.timestamps) c.ts_offset = flow_offsets(e.secret, entry.flow).timestamp;
    c.iss = entry.snd_nxt - 2;  // somewhere before: the SYN and the FIN have been acknowledged
    c.snd_una = c.snd_nxt = entry.snd_nxt;
    c.rcv_nxt = c.last_ack_sent = entry.rcv_nxt;
    c.rcv_adv = c.rcv_nxt + 1;  // nothing new can come, but an RST at rcv_nxt must be in the window
    c.fin_known = c.fin_received = c.fin_sent = true;
    c.fin_seq = entry.rcv_nxt - 1;
    c.timestamps = entry.timestamps;
    c.sack = entry.sack;
    c.window_scaling = false;
    c.ts_recent = entry.ts_recent;
    c.ts_recent_ms = milliseconds(e.now);
    return c;
}

void restart_time_wait(Engine& e, std::uint32_t index, std::uint32_t ts_recent) {
    e.time_wait.slab[index].ts_recent = ts_recent;
    e.time_wait.queue.erase(e.time_wait.slab, index);
    e.time_wait.slab[index].deadline = to_tick(e.now + 2 * e.settings.msl);
    e.time_wait.queue.push_back(e.time_wait.slab, index);
    if (e.observed()) [[unlikely]]
        tell_timer(e, e.time_wait.slab[index]);
}

void remove_time_wait(Engine& e, std::uint32_t index, Literal trigger) {
    const TimeWait entry = e.time_wait.slab[index];
    e.flows.erase(e.hash(entry.flow), {FlowKind::time_wait, index});
    e.time_wait.queue.erase(e.time_wait.slab, index);
    e.time_wait.slab.give_back(index);
    if (e.observed()) [[unlikely]]
        tell_end(e, entry, trigger);
}

}  // namespace hourglass::tcp
