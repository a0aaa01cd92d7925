#pragma once

#include <algorithm>
#include <cstdint>

#include "tcp/congestion/max_filter.h"
#include "tcp/congestion/record.h"
#include "tcp/congestion/round_counter.h"

namespace hourglass::tcp {

/// How much of cwnd a flow really uses (RFC 7661, section 4.2): pipeACK, the most that was acknowledged in one of the
/// last three round trips.
class PipeAck {
  public:
    void on_ack(const AckRecord& ack) {
        acked_ += ack.newly_delivered;
        if (!rounds_.on_ack(ack.newly_delivered, ack.rate)) return;
        per_round_.update(acked_);
        per_round_.advance();
        acked_ = 0;
    }
    [[nodiscard]] std::uint32_t value() const { return std::max(per_round_.max(), acked_); }
    /// Section 4.3: the window is known to fit the path while at least half of it is used.
    [[nodiscard]] bool validates(std::uint32_t cwnd) const { return value() >= cwnd / 2; }

    static void exchange(auto& self, auto& image) { image(self.rounds_, self.per_round_, self.acked_); }

  private:
    RoundCounter rounds_;
    MaxFilter<std::uint32_t, 4> per_round_;
    std::uint32_t acked_ = 0;
};

}  // namespace hourglass::tcp
