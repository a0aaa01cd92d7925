#include "tcp/recovery/sack_blocks.h"

#include <algorithm>

namespace hourglass::tcp {

void SackBlocks::on_received(Seq begin, Seq end) {
    Island grown{begin, end, ++clock_};
    const auto first =
        std::lower_bound(islands_.begin(), islands_.end(), begin, [](const Island& i, Seq s) { return i.end < s; });
    auto last = first;
    for (; last != islands_.end() && last->begin <= end; ++last) {
        grown.begin = min(grown.begin, last->begin);
        grown.end = max(grown.end, last->end);
    }
    if (first == last) {
        islands_.insert(first, grown);
    } else {
        *first = grown;
        islands_.erase(first + 1, last);
    }
}

std::optional<wire::SackBlock> SackBlocks::overlap(Seq begin, Seq end) const {
    const auto i =
        std::lower_bound(islands_.begin(), islands_.end(), begin, [](const Island& x, Seq s) { return x.end <= s; });
    if (i == islands_.end() || i->begin >= end) return std::nullopt;
    return wire::SackBlock{max(begin, i->begin), min(end, i->end)};
}

void SackBlocks::on_advance(Seq rcv_nxt) {
    const auto above = std::find_if(islands_.begin(), islands_.end(), [&](const Island& i) { return i.end > rcv_nxt; });
    islands_.erase(islands_.begin(), above);
}

std::size_t SackBlocks::count(std::size_t most) const { return std::min(most, islands_.size() + (duplicate_ ? 1 : 0)); }

void SackBlocks::fill(wire::TcpOptions& options, std::size_t most) const {
    const std::size_t total = count(most);
    std::size_t n = 0;
    if (duplicate_) options.sack[n++] = *duplicate_;
    std::uint32_t below = clock_ + 1;
    while (n < total) {
        // The most recently heard of those that are not told yet.
        const Island* next = nullptr;
        for (const Island& i : islands_)
            if (i.heard < below && (next == nullptr || i.heard > next->heard)) next = &i;
        options.sack[n++] = {next->begin, next->end};
        below = next->heard;
    }
    options.sack_count = static_cast<std::uint8_t>(total);
}

}  // namespace hourglass::tcp
