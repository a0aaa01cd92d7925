#pragma once

#include <algorithm>
#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::bench {

/// How often a sender's smoothed round trip is looked at.
inline constexpr Duration kSampling = std::chrono::milliseconds(10);

/// The mean of what was seen.
class RoundTrips {
  public:
    void add(Duration smoothed) {
        if (smoothed == Duration::zero()) return;
        sum_ += smoothed;
        ++count_;
    }
    [[nodiscard]] Duration mean() const { return sum_ / std::max<std::int64_t>(1, count_); }

  private:
    Duration sum_{};
    std::int64_t count_ = 0;
};

}  // namespace hourglass::bench
