#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// Segments that arrived above a gap (RFC 9293, section 3.10.7.4, seventh). Where two overlap, the octets that came
/// first stay: a later copy can't change what was acknowledged.
class Reassembly {
  public:
    /// Keeps what is new of `data` at `seq`. False when `max_pieces` are held already; nothing is kept then.
    bool insert(Seq seq, Slice data, std::size_t max_pieces);
    /// The piece that begins at or before `rcv_nxt`, cut to begin there; nothing while the gap is open.
    std::optional<Slice> take(Seq rcv_nxt);
    [[nodiscard]] bool empty() const { return head_ == pieces_.size(); }
    /// Octets held.
    [[nodiscard]] std::uint32_t size() const { return size_; }

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        const std::size_t pieces = image.count(self.pieces_.size() - self.head_);
        for (std::size_t i = 0; i < pieces && !image.failed(); ++i) {
            Piece piece;
            if constexpr (!Image::kReads) piece = self.pieces_[self.head_ + i];
            std::size_t size = piece.data.size();
            image(piece.seq);
            image.up_to(size, std::size_t{1} << 16);
            if constexpr (Image::kReads) {
                image.require(size > 0 && (self.empty() || piece.seq >= self.pieces_.back().end()));
                image.zeros(size, [&](const Slice& zeros) { piece.data = zeros; });
                self.size_ += static_cast<std::uint32_t>(size);
                self.pieces_.push_back(std::move(piece));
            }
        }
    }

  private:
    struct Piece {
        Seq seq;
        Slice data;
        [[nodiscard]] Seq end() const { return seq + static_cast<std::uint32_t>(data.size()); }
    };
    std::vector<Piece> pieces_;  // [head_, end) in use: by sequence number, not overlapping
    std::size_t head_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace hourglass::tcp
