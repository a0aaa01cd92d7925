#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "tcp/congestion/record.h"
#include "tcp/congestion/round_counter.h"

namespace hourglass::tcp {

/// HyStart++ (RFC 9406): ends slow start when round trips grow, by way of a conservative slow start that goes back if
/// the growth was chance.
class HyStart {
  public:
    /// What an acknowledgement in slow start lets cwnd do.
    struct Growth {
        std::uint32_t divisor = 1;  ///< cwnd grows by the octets acknowledged divided by this.
        bool done = false;          ///< The queue builds: ssthresh becomes cwnd (section 4.2).
    };
    Growth on_ack(const AckRecord& ack);
    /// Slow start has ended by loss or mark; the next one begins anew.
    void reset() { *this = {}; }
    [[nodiscard]] bool conservative() const { return css_baseline_ != Duration::max(); }

    static void exchange(auto& self, auto& image) {
        image(self.rounds_, self.last_round_min_, self.current_round_min_, self.css_baseline_, self.samples_,
              self.css_rounds_);
    }

  private:
    void begin_round();

    RoundCounter rounds_;
    Duration last_round_min_ = Duration::max();     ///< lastRoundMinRTT
    Duration current_round_min_ = Duration::max();  ///< currentRoundMinRTT
    Duration css_baseline_ = Duration::max();       ///< cssBaselineMinRtt; max: in standard slow start.
    std::uint32_t samples_ = 0;                     ///< rttSampleCount
    std::uint32_t css_rounds_ = 0;
};

}  // namespace hourglass::tcp
