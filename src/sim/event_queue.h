#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <variant>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"

namespace hourglass::sim {

class Pipe;

/// A packet that reaches the end of a pipe.
struct Arrival {
    Pipe* pipe = nullptr;
    Packet packet;
};

using Action = std::function<void()>;
using Event = std::variant<Arrival, Action>;

/// What is to happen, by time and, at one time, in the order in which it was added.
class EventQueue {
  public:
    void add(Instant time, Event event) {
        std::uint32_t slot;
        if (free_.empty()) {
            slot = static_cast<std::uint32_t>(events_.size());
            events_.push_back(std::move(event));
        } else {
            slot = free_.back();
            free_.pop_back();
            events_[slot] = std::move(event);
        }
        heap_.push_back({time, next_order_++, slot});
        std::ranges::push_heap(heap_, later);
    }

    /// `kNever` when there is nothing.
    [[nodiscard]] Instant next_time() const { return heap_.empty() ? kNever : heap_.front().time; }

    /// Precondition: `next_time() != kNever`.
    [[nodiscard]] Event take() {
        const std::uint32_t slot = heap_.front().slot;
        std::ranges::pop_heap(heap_, later);
        heap_.pop_back();
        free_.push_back(slot);
        return std::exchange(events_[slot], Event());
    }

  private:
    struct Entry {
        Instant time;
        std::uint64_t order;
        std::uint32_t slot;
    };
    static bool later(const Entry& a, const Entry& b) { return a.time != b.time ? a.time > b.time : a.order > b.order; }

    std::vector<Entry> heap_;  // small entries, so that sifting does not move the packets
    std::vector<Event> events_;
    std::vector<std::uint32_t> free_;
    std::uint64_t next_order_ = 0;
};

}  // namespace hourglass::sim
