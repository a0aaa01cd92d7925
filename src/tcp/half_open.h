#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "tcp/connection.h"
#include "tcp/index_list.h"

namespace hourglass::tcp {

/// A connection in SYN-RECEIVED that came from LISTEN: what the third segment is checked against, and no more.
struct HalfOpen {
    FlowKey flow;
    Seq iss, irs;
    std::uint32_t ts_recent;
    std::uint32_t deadline;  ///< Tick at which the SYN-ACK is sent again.
    std::uint32_t prev, next;
    std::uint16_t peer_mss;
    std::uint8_t timestamps : 1;
    std::uint8_t window_scaling : 1;
    std::uint8_t sack : 1;
    std::uint8_t attempts : 3;  ///< How often the timer has run out: SYN-ACKs sent again so far.
    std::uint8_t deferred : 1;  ///< The SYN-ACK is acknowledged; the listener waits for data (Tuning::defer_accept).
    std::uint8_t snd_wscale : 4;
    std::uint8_t ecn_mode : 2;
    std::uint8_t syn_ecn : 2;
};
static_assert(sizeof(HalfOpen) <= 64);

/// The half-open queue. An entry that has sent n SYN-ACKs waits the same time as every other with n, so each n has a
/// queue in the order of deadlines, and the next deadline is at the head of one of them.
class HalfOpenTable {
  public:
    explicit HalfOpenTable(std::uint32_t limit) : slab(limit) {}

    void enqueue(std::uint32_t index) {
        const unsigned attempts = slab[index].attempts;
        queues_[attempts].push_back(slab, index);
        occupied_ |= 1u << attempts;
    }
    void dequeue(std::uint32_t index) {
        const unsigned attempts = slab[index].attempts;
        queues_[attempts].erase(slab, index);
        if (queues_[attempts].empty()) occupied_ &= ~(1u << attempts);
    }
    /// The entry with the earliest deadline; `kNone` when there is none.
    [[nodiscard]] std::uint32_t earliest() const {
        std::uint32_t best = Slab<HalfOpen>::kNone;
        for (unsigned left = occupied_; left != 0; left &= left - 1) {
            const std::uint32_t i = queues_[static_cast<std::size_t>(std::countr_zero(left))].front();
            if (best == Slab<HalfOpen>::kNone || static_cast<std::int32_t>(slab[i].deadline - slab[best].deadline) < 0)
                best = i;
        }
        return best;
    }

    Slab<HalfOpen> slab;

  private:
    std::array<IndexList<HalfOpen>, 8> queues_;
    unsigned occupied_ = 0;  // a bit for each queue that is not empty
};

}  // namespace hourglass::tcp
