#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/tcp_options.h"

namespace hourglass::tcp {

/// What a receiver tells of the octets that it holds above a gap (RFC 2018, section 4), and of those that it was sent
/// twice (RFC 2883).
class SackBlocks {
  public:
    /// [begin, end) has arrived above a gap and is held.
    void on_received(Seq begin, Seq end);
    /// The part of [begin, end) that is held already; nothing when there is none.
    [[nodiscard]] std::optional<wire::SackBlock> overlap(Seq begin, Seq end) const;
    /// RCV.NXT has moved.
    void on_advance(Seq rcv_nxt);
    /// [begin, end) has arrived twice: told once, first, in the next acknowledgement (RFC 2883, section 4).
    void on_duplicate(Seq begin, Seq end) { duplicate_ = wire::SackBlock{begin, end}; }

    [[nodiscard]] bool empty() const { return islands_.empty() && !duplicate_; }
    [[nodiscard]] bool reports_duplicate() const { return duplicate_.has_value(); }
    /// Blocks that `fill` writes where there is room for `most`.
    [[nodiscard]] std::size_t count(std::size_t most) const;
    /// The duplicate first, then the block of the segment that came last, then that which was heard of next to last,
    /// and so on (RFC 2018, section 4).
    void fill(wire::TcpOptions& options, std::size_t most) const;
    /// The acknowledgement has left.
    void on_told() { duplicate_.reset(); }

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        image(self.islands_, self.clock_);
        bool duplicate = self.duplicate_.has_value();
        image.up_to(duplicate, true);
        if constexpr (Image::kReads)
            if (duplicate) self.duplicate_.emplace();
        if (duplicate) image(self.duplicate_->left, self.duplicate_->right);
        for (std::size_t i = 0; i < self.islands_.size(); ++i)
            image.require(self.islands_[i].begin < self.islands_[i].end &&
                          (i == 0 || self.islands_[i - 1].end < self.islands_[i].begin));
    }

  private:
    struct Island {
        Seq begin, end;
        std::uint32_t heard = 0;  ///< When a segment of it last came, in segments.
        static void exchange(auto& self, auto& image) { image(self.begin, self.end, self.heard); }
    };
    std::vector<Island> islands_;  // by sequence number, with gaps between them
    std::optional<wire::SackBlock> duplicate_;
    std::uint32_t clock_ = 0;
};

/// Octets of options that blocks of SACK take (RFC 2018, section 3), two no-operations in front.
[[nodiscard]] constexpr std::uint32_t sack_option_size(std::size_t blocks) {
    return blocks == 0 ? 0 : static_cast<std::uint32_t>(4 + 8 * blocks);
}
/// How many blocks find room beside the other options.
[[nodiscard]] constexpr std::size_t max_sack_blocks(bool timestamps) { return timestamps ? 3 : 4; }

}  // namespace hourglass::tcp
