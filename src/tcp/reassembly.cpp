#include "tcp/reassembly.h"

#include <algorithm>

namespace hourglass::tcp {

bool Reassembly::insert(Seq seq, Slice data, std::size_t max_pieces) {
    // Usually the segment belongs at the end: look from there.
    std::size_t at = pieces_.size();
    while (at > head_ && pieces_[at - 1].seq > seq) --at;

    while (!data.empty()) {
        if (at > head_ && pieces_[at - 1].end() > seq) {
            const auto covered = static_cast<std::size_t>(pieces_[at - 1].end() - seq);
            if (covered >= data.size()) return true;
            data.remove_prefix(covered);
            seq += static_cast<std::uint32_t>(covered);
        }
        std::size_t n = data.size();
        if (at < pieces_.size()) n = std::min(n, static_cast<std::size_t>(pieces_[at].seq - seq));
        if (n > 0) {
            if (pieces_.size() - head_ >= max_pieces) return false;
            pieces_.insert(pieces_.begin() + static_cast<std::ptrdiff_t>(at), Piece{seq, data.sub(0, n)});
            size_ += static_cast<std::uint32_t>(n);
            data.remove_prefix(n);
            seq += static_cast<std::uint32_t>(n);
        }
        at += n > 0 ? 2 : 1;
    }
    return true;
}

std::optional<Slice> Reassembly::take(Seq rcv_nxt) {
    std::optional<Slice> next;
    while (!next && !empty() && pieces_[head_].seq <= rcv_nxt) {
        Piece& piece = pieces_[head_++];
        size_ -= static_cast<std::uint32_t>(piece.data.size());
        const auto old = static_cast<std::size_t>(rcv_nxt - piece.seq);
        if (old < piece.data.size()) next = piece.data.sub(old, piece.data.size() - old);
        piece.data = Slice();
    }
    if (empty()) {
        pieces_.clear();
        head_ = 0;
    }
    return next;
}

}  // namespace hourglass::tcp
