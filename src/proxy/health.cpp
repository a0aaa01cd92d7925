#include "hourglass/proxy/health.h"

namespace hourglass::proxy {

bool PassiveHealth::failed(Instant now) noexcept {
    if (max_fails_ == 0) return false;
    const bool on_trial = down_until_ != Instant::min() && fails_ >= max_fails_;
    if (!on_trial && now - first_fail_ > fail_time_) fails_ = 0;
    if (fails_ == 0) first_fail_ = now;
    ++fails_;
    if (fails_ < max_fails_) return false;
    const bool was_up = up(now);
    down_until_ = now + fail_time_;
    return was_up;
}

bool CheckedHealth::checked(bool good) noexcept {
    if (good == up_) {
        in_a_row_ = 0;
        return false;
    }
    if (++in_a_row_ < (good ? rise_ : fall_)) return false;
    up_ = good;
    in_a_row_ = 0;
    return true;
}

}  // namespace hourglass::proxy
