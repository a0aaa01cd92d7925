#pragma once

#include <algorithm>
#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::ip {

/// A token bucket (RFC 4443, section 2.4 (f)): on average so many events a second, and at most as many at once.
class RateLimiter {
  public:
    explicit RateLimiter(std::uint32_t per_second) : per_second_(per_second), credit_(full()) {}

    /// True when one more is allowed at `now`; it is then counted.
    [[nodiscard]] bool allow(Instant now) {
        if (now > last_) {
            const std::int64_t elapsed = std::min<std::int64_t>((now - last_).count(), kSecond);
            credit_ = std::min(full(), credit_ + elapsed * per_second_);
            last_ = now;
        }
        if (credit_ < kSecond) return false;
        credit_ -= kSecond;
        return true;
    }

  private:
    static constexpr std::int64_t kSecond = 1'000'000'000;
    [[nodiscard]] std::int64_t full() const { return kSecond * per_second_; }

    std::int64_t per_second_;
    std::int64_t credit_;  // In events times nanoseconds.
    Instant last_ = Instant{};
};

}  // namespace hourglass::ip
