#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <vector>

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

    /// Its place in the queue apart.
    template <typename Image>
    static void exchange(auto& self, Image& image) {
        HalfOpen e = self;
        image(e.flow, e.iss, e.irs, e.ts_recent, e.deadline, e.peer_mss);
        e.timestamps = image.value(e.timestamps, 1) & 1;
        e.window_scaling = image.value(e.window_scaling, 1) & 1;
        e.sack = image.value(e.sack, 1) & 1;
        e.attempts = image.value(e.attempts, 7) & 7;
        e.deferred = image.value(e.deferred, 1) & 1;
        e.snd_wscale = image.value(e.snd_wscale, 14) & 15;
        e.ecn_mode = image.value(e.ecn_mode, 2) & 3;
        e.syn_ecn = image.value(e.syn_ecn, 3) & 3;
        if constexpr (Image::kReads) self = e;
    }
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

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        Slab<HalfOpen>::exchange(self.slab, image, [&](std::uint32_t, auto& entry) { image(entry); });
        std::vector<bool> seen(self.slab.end());
        for (std::size_t attempts = 0; attempts < self.queues_.size() && !image.failed(); ++attempts) {
            const auto belongs_here = [&](const HalfOpen& entry) { return entry.attempts == attempts; };
            IndexList<HalfOpen>::exchange(self.queues_[attempts], image, self.slab, seen, belongs_here);
            if constexpr (Image::kReads)
                if (!self.queues_[attempts].empty()) self.occupied_ |= 1u << attempts;
        }
        image.require(std::ranges::count(seen, true) == self.slab.size());
    }

    Slab<HalfOpen> slab;

  private:
    std::array<IndexList<HalfOpen>, 8> queues_;
    unsigned occupied_ = 0;  // a bit for each queue that is not empty
};

}  // namespace hourglass::tcp
