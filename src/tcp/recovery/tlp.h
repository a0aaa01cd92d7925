#pragma once

#include <algorithm>
#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// Tail loss probes (RFC 8985, section 7): when nothing is heard of a flight for two round trips, one segment is sent,
/// so that its acknowledgement shows what is missing before the retransmission timer runs out.
class TailLossProbe {
  public:
    /// What the acknowledgement of a probe has shown (section 7.4.2).
    enum class Verdict : std::uint8_t {
        none,
        needless,       ///< Nothing was lost: the probe was a copy, or new data.
        repaired_loss,  ///< The last segment was lost, and the probe made up for it: the window is to be reduced.
    };

    /// PTO (section 7.2). `one_segment`: the acknowledgement of a single segment may be delayed by the peer.
    [[nodiscard]] static Duration timeout(Duration srtt, bool one_segment) {
        if (srtt <= Duration::zero()) return std::chrono::seconds(1);
        return std::max(2 * srtt, kLeast) + (one_segment ? kMaxAckDelay : Duration::zero());
    }

    /// Section 7.3: one probe at a time, and the next only after another measurement of the round trip.
    [[nodiscard]] bool may_probe() const { return !outstanding_ && measured_; }
    void on_rtt_sample() { measured_ = true; }
    /// The probe has been sent; `snd_nxt` is what it is after it.
    void on_sent(Seq snd_nxt, bool retransmission) {
        outstanding_ = true;
        measured_ = false;
        end_ = snd_nxt;
        retransmission_ = retransmission;
    }
    [[nodiscard]] bool outstanding() const { return outstanding_; }
    /// True when a D-SACK that ends at `right` answers the probe.
    [[nodiscard]] bool is_answered_by(Seq right) const { return outstanding_ && retransmission_ && right == end_; }

    /// `plain_duplicate`: a duplicate acknowledgement without SACK blocks.
    Verdict on_ack(Seq ack, bool dsack_of_probe, bool plain_duplicate) {
        if (!outstanding_ || ack < end_) return Verdict::none;
        if (!retransmission_ || dsack_of_probe) return end(Verdict::needless);
        if (ack > end_) return end(Verdict::repaired_loss);
        return plain_duplicate ? end(Verdict::needless) : Verdict::none;
    }
    /// A timeout or a recovery has taken over.
    void cancel() { outstanding_ = false; }

    static void exchange(auto& self, auto& image) {
        image(self.end_, self.outstanding_, self.retransmission_, self.measured_);
    }

  private:
    // On a path of microseconds two round trips pass while the peer waits for its processor.
    static constexpr Duration kLeast = std::chrono::milliseconds(10);
    static constexpr Duration kMaxAckDelay = std::chrono::milliseconds(200);  // TLP.max_ack_delay
    Verdict end(Verdict v) {
        outstanding_ = false;
        return v;
    }

    Seq end_;  ///< TLP.end_seq, while `outstanding_`
    bool outstanding_ = false;
    bool retransmission_ = false;  ///< TLP.is_retrans
    bool measured_ = true;
};

}  // namespace hourglass::tcp
