#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "tcp/congestion/record.h"

namespace hourglass::tcp {

/// CUBIC (RFC 9438). Windows are kept in segments, as the RFC's formulas have them.
class Cubic {
  public:
    void on_ack(CongestionWindow& w, const AckRecord& ack);
    void on_congestion(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss);
    void on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss);
    void on_idle() { in_epoch_ = false; }

  private:
    void begin_epoch(double cwnd, std::uint32_t now_ms);

    float w_max_ = 0;                   ///< The window at the last congestion.
    float cwnd_prior_ = 0;              ///< The window before the last reduction (section 4.3).
    float w_est_ = 0;                   ///< What Reno would have (section 4.3).
    float k_ = 0;                       ///< Seconds until the cubic reaches `w_max_` (section 4.2).
    float cwnd_rest_ = 0;               ///< The part of a segment that cwnd has grown by and that is not in it yet.
    std::uint32_t epoch_start_ms_ = 0;  ///< When congestion avoidance began, on a circle of 2^32.
    bool in_epoch_ = false;
};

}  // namespace hourglass::tcp
