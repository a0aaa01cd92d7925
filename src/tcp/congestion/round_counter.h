#pragma once

#include <cstdint>

#include "tcp/congestion/delivery_rate.h"

namespace hourglass::tcp {

/// Counts round trips by packets: a round ends when something arrives that was sent after it began
/// (draft-ietf-ccwg-bbr, section 5.5.1). It keeps a count of delivered octets of its own, so that the sampler may begin
/// anew after silence.
class RoundCounter {
  public:
    /// An acknowledgement; true when it ends a round and begins the next.
    bool on_ack(std::uint32_t newly_delivered, const RateSample& rate) {
        delivered_ += newly_delivered;
        if (!rate.has_data || !is_after(next_round_, rate)) return false;
        begin();
        return true;
    }
    /// Begins a round now.
    void begin() { next_round_ = delivered_; }
    /// True when the newest octet of `rate` was sent after `mark` octets had been delivered.
    [[nodiscard]] bool is_after(std::uint64_t mark, const RateSample& rate) const {
        return delivered_ >= mark + rate.delivered;
    }
    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }

    static void exchange(auto& self, auto& image) { image(self.delivered_, self.next_round_); }

  private:
    std::uint64_t delivered_ = 0;
    std::uint64_t next_round_ = 0;
};

}  // namespace hourglass::tcp
