// The two ends of a round: the timers that are due, and the output passes.

#include "tcp/engine.h"
#include "tcp/passive_open.h"
#include "tcp/sender.h"
#include "tcp/timers.h"

namespace hourglass::tcp {

namespace {

Instant half_open_deadline(const Engine& e) {
    const std::uint32_t index = e.half_open.earliest();
    return index == Slab<HalfOpen>::kNone ? kNever : from_tick(e.half_open.slab[index].deadline, e.now);
}

Instant time_wait_deadline(const Engine& e) {
    if (e.time_wait.queue.empty()) return kNever;
    return from_tick(e.time_wait.slab[e.time_wait.queue.front()].deadline, e.now);
}

}  // namespace

void Engine::expire_timers() {
    while (timers.next_deadline() <= now) expire(*this, timers.first());
    for (;;) {
        const std::uint32_t index = half_open.earliest();
        if (index == Slab<HalfOpen>::kNone || !is_over(half_open.slab[index].deadline, now)) break;
        on_syn_ack_timer(*this, index);
    }
    while (!time_wait.queue.empty() && is_over(time_wait.slab[time_wait.queue.front()].deadline, now))
        remove_time_wait(*this, time_wait.queue.front(), "2 MSL");
}

void Engine::send_output() {
    for (std::size_t i = 0; i < output_.size(); ++i) {
        Connection& c = *output_[i];
        c.in_output_list = false;
        transmit(*this, c);
    }
    output_.clear();
}

Instant Engine::next_deadline() {
    if (!ready_.empty() || !ready_listeners_.empty() || !output_.empty()) return Instant::min();
    return std::min({timers.next_deadline(), half_open_deadline(*this), time_wait_deadline(*this)});
}

}  // namespace hourglass::tcp
