#include "proxy/timers.h"

namespace hourglass::proxy::detail {

void Timers::update(Timed& timed) {
    const Instant deadline = timed.deadline();
    if (deadline >= timed.armed_) return;
    remove(timed);
    if (timed.number_ == 0) timed.number_ = ++count_;
    timed.armed_ = deadline;
    timers_.insert(&timed);
    if (sooner_ && *timers_.begin() == &timed) sooner_();
}

void Timers::remove(Timed& timed) {
    if (timed.armed_ != kNever) timers_.erase(&timed);
    timed.armed_ = kNever;
}

void Timers::poll(Instant now) {
    while (!timers_.empty() && (*timers_.begin())->armed_ <= now) {
        Timed& timed = **timers_.begin();
        remove(timed);
        if (timed.deadline() <= now)
            timed.run_out(now);  // which sees to the next one, if there is one
        else
            update(timed);
    }
}

}  // namespace hourglass::proxy::detail
