#pragma once

#include <algorithm>
#include <cstdint>

namespace hourglass::tcp {

/// Proportional rate reduction (RFC 9937): brings what is in flight from where it was to ssthresh over one round trip,
/// by sending a share of what each acknowledgement says has been delivered. For recovery from loss and, when a
/// congestion control wants it, for congestion marks.
class ProportionalRateReduction {
  public:
    /// Section 6.1. `flight`: octets outstanding, less those that were selectively acknowledged before.
    void begin(std::uint32_t ssthresh, std::uint32_t flight) {
        ssthresh_ = ssthresh;
        recover_fs_ = std::max(flight, 1u);
        delivered_ = out_ = 0;
    }
    /// Section 6.2: cwnd after an acknowledgement that has delivered `delivered` octets and left `in_flight` in the
    /// network. `safe`: it moved SND.UNA and showed no further loss (SafeACK).
    [[nodiscard]] std::uint32_t on_ack(std::uint32_t delivered, std::uint32_t in_flight, bool safe, std::uint32_t mss) {
        delivered_ += delivered;
        std::int64_t count = 0;
        if (in_flight > ssthresh_) {
            const std::uint64_t share = (delivered_ * ssthresh_ + recover_fs_ - 1) / recover_fs_;
            count = static_cast<std::int64_t>(share) - static_cast<std::int64_t>(out_);
        } else {
            count = std::max<std::int64_t>(static_cast<std::int64_t>(delivered_) - static_cast<std::int64_t>(out_),
                                           delivered);
            if (safe) count += mss;
            count = std::min<std::int64_t>(count, ssthresh_ - in_flight);
        }
        // The segment that begins recovery is sent in any case.
        if (out_ == 0) count = std::max<std::int64_t>(count, mss);
        return in_flight + static_cast<std::uint32_t>(std::max<std::int64_t>(count, 0));
    }
    /// `octets` have been sent, again or for the first time.
    void on_sent(std::uint32_t octets) { out_ += octets; }
    [[nodiscard]] std::uint32_t ssthresh() const { return ssthresh_; }

    static void exchange(auto& self, auto& image) {
        image(self.delivered_, self.out_, self.ssthresh_, self.recover_fs_);
        image.require(self.recover_fs_ > 0);
    }

  private:
    std::uint64_t delivered_ = 0;  ///< prr_delivered
    std::uint64_t out_ = 0;        ///< prr_out
    std::uint32_t ssthresh_ = 0;
    std::uint32_t recover_fs_ = 1;  ///< RecoverFS
};

}  // namespace hourglass::tcp
