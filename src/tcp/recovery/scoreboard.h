#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "hourglass/tcp/sequence.h"
#include "tcp/congestion/delivery_rate.h"

namespace hourglass::tcp {

/// A stretch of what is in flight whose octets were last sent at one moment and have had the same fate since: an
/// emission, several of the same instant, or a part of one.
struct SentRange {
    Seq begin, end;
    std::uint32_t segments = 1;
    bool sacked = false;  ///< The peer holds it (RFC 2018).
    bool lost = false;    ///< Believed lost; stays when it is sent again, until it is delivered.
    bool resent = false;  ///< A retransmission of it is in the network.
    SendSnapshot sent;    ///< Its last transmission.

    [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(end - begin); }
    [[nodiscard]] bool was_retransmitted() const { return sent.retransmission; }
    /// It is to be sent again.
    [[nodiscard]] bool is_due() const { return lost && !resent && !sacked; }

    static void exchange(auto& self, auto& image) {
        image(self.begin, self.end, self.segments, self.sacked, self.lost, self.resent, self.sent);
    }
};

/// How many segments of `mss` octets carry that many.
[[nodiscard]] constexpr std::uint32_t segments_in(std::uint32_t octets, std::uint32_t mss) {
    return (octets + mss - 1) / mss;
}

/// Octets and the segments that carried them.
struct Tally {
    std::uint32_t octets = 0;
    std::uint32_t segments = 0;
};

/// The retransmission queue without its octets: [snd_una, snd_nxt) as ranges in order, without gaps. It knows what was
/// sent when and what has become of it; what that means is for the algorithms around it. Ranges, not octets and not
/// segments, are the unit, so that a super-segment of 64 KB costs one entry until somebody needs a part of it.
class Scoreboard {
  public:
    /// Told what becomes of ranges.
    class Visitor {
      public:
        /// The peer has this, and says so for the first time; the range is as it was before.
        virtual void delivered(const SentRange& piece) = 0;
        /// This is not in the network any more.
        virtual void lost(const SentRange& piece) = 0;

      protected:
        ~Visitor() = default;
    };

    void clear();
    [[nodiscard]] bool empty() const { return head_ == ranges_.size(); }
    [[nodiscard]] std::size_t size() const { return ranges_.size() - head_; }
    /// The ranges in order.
    [[nodiscard]] const SentRange* begin() const { return ranges_.data() + head_; }
    [[nodiscard]] const SentRange* end() const { return ranges_.data() + ranges_.size(); }
    [[nodiscard]] const SentRange& front() const { return ranges_[head_]; }
    [[nodiscard]] const SentRange& back() const { return ranges_.back(); }

    /// New data [begin, end) has been sent; `begin` is where the last range ends. At `max_ranges` it joins that range,
    /// which then counts as sent now.
    void on_sent(Seq begin, Seq end, std::uint32_t segments, const SendSnapshot& sent, std::size_t max_ranges);
    /// [begin, end), which is in flight, has been sent again.
    void on_resent(Seq begin, Seq end, std::uint32_t mss, const SendSnapshot& sent);
    /// Everything before `ack` is delivered and forgotten.
    void acknowledge(Seq ack, std::uint32_t mss, Visitor& visitor);
    /// The peer holds [left, right), which lies in what is in flight. Ranges are split where it begins and ends; false
    /// when one would have to be beyond `max_ranges`: that part is left as it was.
    bool sack(Seq left, Seq right, std::uint32_t mss, std::size_t max_ranges, Visitor& visitor);

    /// [begin, end) is believed lost, a retransmission of it included.
    void mark_lost(Seq begin, Seq end, std::uint32_t mss, Visitor& visitor);
    /// Goes through the ranges that may be in the network, in order, and marks those lost of which `judge` says so.
    enum class Judgement : std::uint8_t { lost, not_lost, not_lost_nor_any_behind };
    template <typename Judge>
    void mark_lost_if(Judge&& judge, Visitor& visitor);
    /// What was believed lost is not.
    void forget_losses();
    /// The peer has thrown away what it held (RFC 2018, section 8).
    void forget_sacks();

    /// The first range that is to be sent again; null when there is none.
    [[nodiscard]] const SentRange* first_due() const;

    [[nodiscard]] const Tally& out() const { return out_; }  ///< All: SND.NXT - SND.UNA.
    [[nodiscard]] const Tally& sacked() const { return sacked_; }
    [[nodiscard]] const Tally& lost() const { return lost_; }
    [[nodiscard]] const Tally& resent() const { return resent_; }
    /// Octets believed to be in the network (RFC 6675, section 4, pipe).
    [[nodiscard]] std::uint32_t pipe() const { return out_.octets - sacked_.octets - lost_.octets + resent_.octets; }

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        const std::size_t ranges = image.count(self.size());
        for (std::size_t i = 0; i < ranges && !image.failed(); ++i) {
            SentRange range;
            if constexpr (!Image::kReads) range = self.begin()[i];
            image(range);
            if constexpr (Image::kReads) {
                image.require(range.begin < range.end && (i == 0 || range.begin == self.ranges_.back().end));
                self.ranges_.push_back(range);
                self.count(range, Sign::add);
            }
        }
        if constexpr (Image::kReads)
            if (ranges > 0 && !image.failed()) self.due_from_ = self.front().begin;
    }

  private:
    enum class Sign : bool { add, take };
    void count(const SentRange& r, Sign sign);
    template <typename Change>
    void change(SentRange& r, Change&& how);
    /// The index of the range that contains `at`. Precondition: one does.
    [[nodiscard]] std::size_t find(Seq at) const;
    /// Makes a range begin at `at`, and returns its index.
    std::size_t split(Seq at, std::uint32_t mss);
    /// True when [left, right) of the range at `i` can be told apart within `max_ranges`.
    [[nodiscard]] bool can_split(Seq at, std::size_t i, std::size_t max_ranges) const;
    /// Joins the range at `i` with the one before it when nothing tells them apart.
    bool join_with_previous(std::size_t i);
    void drop_front();

    std::vector<SentRange> ranges_;  // [head_, end) are in use
    std::size_t head_ = 0;
    Tally out_, sacked_, lost_, resent_;
    mutable Seq due_from_;  // no range before this is due
};

template <typename Judge>
void Scoreboard::mark_lost_if(Judge&& judge, Visitor& visitor) {
    for (std::size_t i = head_; i < ranges_.size(); ++i) {
        SentRange& r = ranges_[i];
        if (r.sacked || r.is_due()) continue;
        const Judgement judgement = judge(std::as_const(r));
        if (judgement == Judgement::not_lost_nor_any_behind) break;
        if (judgement == Judgement::not_lost) continue;
        visitor.lost(r);
        count(r, Sign::take);
        r.lost = true;
        r.resent = false;
        count(r, Sign::add);
        due_from_ = min(due_from_, r.begin);
    }
}

}  // namespace hourglass::tcp
