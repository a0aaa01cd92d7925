#include <algorithm>

#include "tcp/recovery/recovery.h"

namespace hourglass::tcp {

namespace {
constexpr std::uint16_t kDupThresh = 3;  // RFC 5681, section 3.2
}

RecoveryStep Recovery::on_duplicate_ack(const Outstanding& o) {
    if (duplicate_acks_ < UINT16_MAX) ++duplicate_acks_;
    if (phase_ != Phase::open || duplicate_acks_ != kDupThresh) return RecoveryStep::none;
    phase_ = Phase::fast_recovery;
    recover_ = o.snd_nxt;
    lost_next_ = o.snd_una;
    lost_end_ = min(o.snd_una + o.mss, o.snd_nxt);
    urgent_ = true;
    after_partial_ack_ = false;
    first_partial_ = true;
    return RecoveryStep::entered;
}

RecoveryStep Recovery::on_ack(const Outstanding& o, std::uint32_t acked) {
    switch (phase_) {
        case Phase::open:
            duplicate_acks_ = 0;
            return RecoveryStep::none;
        case Phase::loss:
            duplicate_acks_ = 0;
            if (o.snd_una < recover_) return RecoveryStep::none;
            phase_ = Phase::open;
            return RecoveryStep::none;  // slow start goes on to ssthresh by itself
        case Phase::fast_recovery:
            if (o.snd_una >= recover_) {
                *this = {};
                lost_next_ = lost_end_ = o.snd_una;
                return RecoveryStep::recovered;
            }
            // A partial acknowledgement: the segment behind it is the next hole, and the segments it covers beyond the
            // retransmitted one are no longer counted as departed (RFC 6582, section 3.2, step 5).
            const std::uint32_t departed_now_acked = acked > o.mss ? (acked - 1) / o.mss : 0;
            duplicate_acks_ -= static_cast<std::uint16_t>(std::min<std::uint32_t>(departed_now_acked, duplicate_acks_));
            lost_next_ = o.snd_una;
            lost_end_ = min(o.snd_una + o.mss, o.snd_nxt);
            urgent_ = true;
            after_partial_ack_ = true;
            return RecoveryStep::none;
    }
    return RecoveryStep::none;
}

void Recovery::on_timeout(const Outstanding& o) {
    // RFC 6582, section 4: no fast retransmit until what is outstanding now has been acknowledged.
    phase_ = Phase::loss;
    recover_ = o.snd_nxt;
    duplicate_acks_ = 0;
    mark_lost(o);
}

std::uint32_t Recovery::departed(const Outstanding& o) const {
    if (phase_ == Phase::loss) return 0;
    // One segment at least is missing, or there would be no duplicate acknowledgements.
    const std::uint32_t size = o.size();
    return std::min<std::uint32_t>(duplicate_acks_ * o.mss, size > o.mss ? size - o.mss : 0);
}

std::uint32_t Recovery::pipe(const Outstanding& o) const {
    const std::uint32_t lost = has_lost(o) ? static_cast<std::uint32_t>(lost_end_ - lost_begin(o)) : 0;
    const std::uint32_t gone = lost + departed(o);
    return gone < o.size() ? o.size() - gone : 0;
}

}  // namespace hourglass::tcp
