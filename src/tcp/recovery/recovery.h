#pragma once

#include <cstdint>
#include <utility>

#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// The part of the sequence space that loss recovery looks at, as the connection has it.
struct Outstanding {
    Seq snd_una;
    Seq snd_nxt;
    std::uint32_t mss = 0;
    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(snd_nxt - snd_una); }
};

/// What loss recovery concluded from an acknowledgement.
enum class RecoveryStep : std::uint8_t {
    none,
    entered,    ///< A loss was found: the congestion window is to be reduced.
    recovered,  ///< Everything that was outstanding then has been acknowledged.
};

/// Loss recovery without SACK: NewReno (RFC 6582), limited transmit (RFC 3042), and the return to the oldest octet
/// after a timeout (RFC 5681, section 3.1). It keeps one range that is believed lost and counts duplicate
/// acknowledgements as segments that have left the network; `pipe` is what remains, so that the sender needs one rule
/// in every phase: it sends while pipe is below cwnd. (That is the "artificial inflation" of RFC 5681, section 3.2,
/// written the other way round.)
class Recovery {
  public:
    enum class Phase : std::uint8_t {
        open,           ///< No loss known.
        fast_recovery,  ///< From the third duplicate ACK until `recover` is acknowledged.
        loss,           ///< After a timeout, until what was outstanding then is acknowledged.
    };

    /// A duplicate acknowledgement (RFC 5681, section 2) has arrived.
    RecoveryStep on_duplicate_ack(const Outstanding& o);
    /// `acked` new octets were acknowledged; `o` is as it stands now.
    RecoveryStep on_ack(const Outstanding& o, std::uint32_t acked);
    /// The retransmission timer ran out: all that is outstanding counts as lost.
    void on_timeout(const Outstanding& o);
    /// [snd_una, snd_nxt) is known not to have been taken by the peer (a refused window probe).
    void mark_lost(const Outstanding& o) {
        lost_next_ = o.snd_una;
        lost_end_ = o.snd_nxt;
    }

    /// Octets believed to be in the network (RFC 6675's pipe, estimated).
    [[nodiscard]] std::uint32_t pipe(const Outstanding& o) const;
    /// True when an octet is to be sent again.
    [[nodiscard]] bool has_lost(const Outstanding& o) const { return max(lost_next_, o.snd_una) < lost_end_; }
    /// The first such octet, and one past the last. Precondition: `has_lost`.
    [[nodiscard]] Seq lost_begin(const Outstanding& o) const { return max(lost_next_, o.snd_una); }
    [[nodiscard]] Seq lost_end() const { return lost_end_; }
    /// [lost_begin, end) was sent again.
    void on_retransmitted(Seq end) {
        lost_next_ = end;
        urgent_ = false;
    }
    /// True for the segment that entered recovery or answers a partial ACK: it does not wait for cwnd (RFC 5681,
    /// section 3.2, step 3; RFC 6582, section 3.2, step 5).
    [[nodiscard]] bool is_urgent() const { return urgent_; }
    /// True when the hole to fill was shown by a partial acknowledgement, not by the duplicates that began recovery.
    [[nodiscard]] bool after_partial_ack() const { return phase_ == Phase::fast_recovery && after_partial_ack_; }
    /// True once for the first partial acknowledgement of a recovery: it alone restarts the timer (RFC 6582, section
    /// 3.2, step 5, "Impatient variant").
    bool take_first_partial() { return after_partial_ack_ && std::exchange(first_partial_, false); }
    [[nodiscard]] Phase phase() const { return phase_; }

  private:
    [[nodiscard]] std::uint32_t departed(const Outstanding& o) const;

    Seq recover_;    ///< snd_nxt when the loss was found (RFC 6582).
    Seq lost_next_;  ///< [lost_next_, lost_end_) is lost and not sent again yet.
    Seq lost_end_;
    std::uint16_t duplicate_acks_ = 0;
    Phase phase_ = Phase::open;
    bool urgent_ = false;
    bool after_partial_ack_ = false;
    bool first_partial_ = false;
};

}  // namespace hourglass::tcp
