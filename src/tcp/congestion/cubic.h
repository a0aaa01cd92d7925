#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "tcp/congestion/record.h"
#include "tcp/congestion/window.h"

namespace hourglass::tcp {

/// What CUBIC remembers from one flight to the next, in segments, as the RFC's formulas have it.
struct CubicMemory {
    float w_max = 0;       ///< The window at the last congestion.
    float cwnd_prior = 0;  ///< The window before the last reduction (section 4.3).

    static void exchange(auto& self, auto& image) { image(self.w_max, self.cwnd_prior); }
};

/// CUBIC (RFC 9438): congestion avoidance, fast convergence and the reduction. An epoch, from the end of recovery to
/// the next congestion, is kept with the flight; a new flight begins a new one at its window.
class Cubic {
  public:
    /// Congestion avoidance: `acked` octets beyond what slow start took.
    void on_ack(CongestionWindow& w, CubicMemory& m, std::uint32_t acked, const AckRecord& ack);
    /// The application held the sender: this time is not to count (section 4.2).
    void on_application_limited(Instant now);
    void on_congestion(CongestionWindow& w, CubicMemory& m, const CongestionEvent& event);

    static void exchange(auto& self, auto& image) {
        image(self.epoch_start_, self.paused_since_, self.w_est_, self.k_, self.rest_);
    }

  private:
    void begin_epoch(CubicMemory& m, double cwnd, Instant now);
    [[nodiscard]] double target(const CubicMemory& m, double t) const;

    Instant epoch_start_ = kNever;   ///< When congestion avoidance began; kNever: no epoch.
    Instant paused_since_ = kNever;  ///< Since when the application has held the sender.
    float w_est_ = 0;                ///< What Reno would have (section 4.3).
    float k_ = 0;                    ///< Seconds until the cubic reaches w_max (section 4.2).
    float rest_ = 0;                 ///< Octets that cwnd has grown by and that are not in it yet: below one.
};

}  // namespace hourglass::tcp
