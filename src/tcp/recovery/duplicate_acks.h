#pragma once

#include <algorithm>
#include <cstdint>

namespace hourglass::tcp {

/// What can be known without SACK: each duplicate acknowledgement is a segment that has left the network, nobody knows
/// which (RFC 5681, section 3.2; RFC 6582).
class DuplicateAcks {
  public:
    static constexpr std::uint16_t kThreshold = 3;  ///< DupThresh (RFC 5681, section 3.2)

    void on_duplicate() {
        if (count_ < UINT16_MAX) ++count_;
    }
    /// A partial acknowledgement in recovery: the segments it covers beyond the one that was sent again are no longer
    /// counted as departed (RFC 6582, section 3.2, step 5).
    void on_partial_ack(std::uint32_t acked, std::uint32_t mss) {
        const std::uint32_t now_acked = acked > mss ? (acked - 1) / mss : 0;
        count_ = static_cast<std::uint16_t>(count_ - std::min<std::uint32_t>(now_acked, count_));
    }
    void reset() { count_ = 0; }
    [[nodiscard]] std::uint16_t count() const { return count_; }
    /// Octets of `outstanding` that have arrived. One segment at least is missing, or there would be no duplicates.
    [[nodiscard]] std::uint32_t departed(std::uint32_t outstanding, std::uint32_t mss) const {
        return std::min<std::uint32_t>(count_ * mss, outstanding > mss ? outstanding - mss : 0);
    }

    static void exchange(auto& self, auto& image) { image(self.count_); }

  private:
    std::uint16_t count_ = 0;
};

}  // namespace hourglass::tcp
