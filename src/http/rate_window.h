#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/http/over_tcp.h"

namespace hourglass::http::detail {

/// Sees that a client who has a part to do moves enough bytes in each stretch of time.
class RateWindow {
  public:
    explicit RateWindow(const LeastRate& least) : least_(least) {}

    /// `expected`: the client has a part to do now. `total`: bytes that it has moved since ever.
    void watch(bool expected, std::uint64_t total, Instant now) {
        if (!expected)
            end_ = kNever;
        else if (end_ == kNever && least_.bytes_per_second > 0 && least_.over > Duration{})
            begin(total, now);
    }
    /// When there is to be looked again.
    [[nodiscard]] Instant end() const { return end_; }
    /// True when a stretch of time has ended with too few bytes; otherwise the next one begins.
    [[nodiscard]] bool too_slow(std::uint64_t total, Instant now) {
        if (now < end_) return false;
        const auto wanted = static_cast<double>(least_.bytes_per_second) * to_seconds(least_.over);
        const bool slow = static_cast<double>(total - total_) < wanted;
        begin(total, now);
        return slow;
    }

  private:
    void begin(std::uint64_t total, Instant now) {
        total_ = total;
        end_ = now + least_.over;
    }

    const LeastRate& least_;
    std::uint64_t total_ = 0;  ///< at the beginning
    Instant end_ = kNever;
};

}  // namespace hourglass::http::detail
