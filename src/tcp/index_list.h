#pragma once

#include <cstdint>
#include <vector>

#include "tcp/clock.h"
#include "tcp/slab.h"

namespace hourglass::tcp {

/// A doubly linked list through the `prev` and `next` of a slab's objects: a queue from which any entry can leave.
template <typename T>
class IndexList {
  public:
    static constexpr std::uint32_t kNone = Slab<T>::kNone;

    void push_back(Slab<T>& slab, std::uint32_t index) {
        slab[index].prev = tail_;
        slab[index].next = kNone;
        (tail_ == kNone ? head_ : slab[tail_].next) = index;
        tail_ = index;
    }
    void erase(Slab<T>& slab, std::uint32_t index) {
        const T& entry = slab[index];
        (entry.prev == kNone ? head_ : slab[entry.prev].next) = entry.next;
        (entry.next == kNone ? tail_ : slab[entry.next].prev) = entry.prev;
    }
    [[nodiscard]] bool empty() const { return head_ == kNone; }
    [[nodiscard]] std::uint32_t front() const { return head_; }

    /// The entries in their order. A list that reads must be empty; `seen` says of each entry whether it is in a list
    /// already, and `belongs_here(entry)` whether it can be in this one.
    template <typename Image, typename Belongs = bool (*)(const T&)>
    static void exchange(
        auto& self, Image& image, auto& slab, std::vector<bool>& seen,
        Belongs&& belongs_here = [](const T&) { return true; }) {
        std::vector<std::uint32_t> order;
        if constexpr (!Image::kReads)
            for (std::uint32_t i = self.head_; i != kNone; i = slab[i].next) order.push_back(i);
        image(order);
        for (const std::uint32_t i : order) {
            image.require(slab.used(i) && !seen[i] && belongs_here(slab[i]));
            if (image.failed()) return;
            seen[i] = true;
            if constexpr (Image::kReads) self.push_back(slab, i);
        }
    }

  private:
    std::uint32_t head_ = kNone;
    std::uint32_t tail_ = kNone;
};

/// Milliseconds of the world's clock, rounded up, on a circle of 2^32: the deadline of a compact entry.
[[nodiscard]] inline std::uint32_t to_tick(Instant at) {
    return static_cast<std::uint32_t>((at.time_since_epoch() + std::chrono::milliseconds(1) - Duration(1)) /
                                      std::chrono::milliseconds(1));
}
/// True when the tick has come.
[[nodiscard]] inline bool is_over(std::uint32_t tick, Instant now) {
    return static_cast<std::int32_t>(milliseconds(now) - tick) >= 0;
}
/// The instant nearest to `now` with this tick.
[[nodiscard]] inline Instant from_tick(std::uint32_t tick, Instant now) {
    const auto now_ms = now.time_since_epoch() / std::chrono::milliseconds(1);
    const auto distance = static_cast<std::int32_t>(tick - static_cast<std::uint32_t>(now_ms));
    return Instant(std::chrono::milliseconds(now_ms + distance));
}

}  // namespace hourglass::tcp
