#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "tcp/connection.h"
#include "tcp/index_list.h"

namespace hourglass::tcp {

class Engine;

/// A connection in TIME-WAIT: enough to acknowledge a FIN that comes again and to tell old segments from new ones.
struct TimeWait {
    FlowKey flow;
    Seq snd_nxt, rcv_nxt;
    std::uint32_t ts_recent;
    std::uint32_t deadline;  ///< Tick at which 2 MSL are over.
    std::uint32_t prev, next;
    bool timestamps, sack;

    /// Its place in the queue apart.
    static void exchange(auto& self, auto& image) {
        image(self.flow, self.snd_nxt, self.rcv_nxt, self.ts_recent, self.deadline, self.timestamps, self.sack);
    }
};
static_assert(sizeof(TimeWait) <= 64);

/// The TIME-WAIT entries in the order in which their 2 MSL end. At the limit the oldest goes to make room.
class TimeWaitTable {
  public:
    explicit TimeWaitTable(std::uint32_t limit) : slab(limit) {}

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        Slab<TimeWait>::exchange(self.slab, image, [&](std::uint32_t, auto& entry) { image(entry); });
        std::vector<bool> seen(self.slab.end());
        IndexList<TimeWait>::exchange(self.queue, image, self.slab, seen);
        image.require(std::ranges::count(seen, true) == self.slab.size());
    }

    Slab<TimeWait> slab;
    IndexList<TimeWait> queue;
};

/// `c` has closed both directions: its place in the flow table goes to a compact entry, and 2 MSL begin (RFC 9293,
/// section 3.10.7.4, eighth). The connection itself stays for the application until that has been told.
void enter_time_wait(Engine& e, Connection& c, Literal trigger);
/// The entry as a connection, for the length of one segment.
[[nodiscard]] Connection expand(const Engine& e, const TimeWait& entry);
/// Begins the 2 MSL again; `ts_recent` is the last timestamp seen.
void restart_time_wait(Engine& e, std::uint32_t index, std::uint32_t ts_recent);
void remove_time_wait(Engine& e, std::uint32_t index, Literal trigger);

}  // namespace hourglass::tcp
