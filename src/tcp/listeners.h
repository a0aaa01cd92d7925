#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "hourglass/tcp/stack.h"
#include "tcp/slab.h"

namespace hourglass::tcp {

/// A port that listens: its accept queue, and how many handshakes it has under way.
struct ListenEntry {
    SocketAddress local;
    ListenOptions options;
    std::deque<std::uint32_t> accept_queue;  ///< Connections by number, the oldest first.
    std::uint32_t half_open = 0;
    std::uint32_t fast_open_pending = 0;   ///< Connections of `Connection::fast_open_pending`.
    std::deque<Instant> fast_open_resets;  ///< When a RST ended such ones that still count, the oldest first.
    std::uint8_t rcv_wscale = 0;           ///< Rcv.Wind.Shift of every handshake here, decided when listening began.
    std::uint32_t generation = 0;
    std::uint32_t tuning = UINT32_MAX;  ///< In the engine's tuning table.
    bool in_ready_list = false;

    /// What follows from other things apart: how many handshakes it has under way, and whether it is in a list.
    static void exchange(auto& self, auto& image) {
        image(self.local, self.options.accept_queue, self.options.half_open, self.options.tuning);
        image.handler(self.options.handler);
        image(self.accept_queue, self.fast_open_resets, self.generation, self.tuning);
        image.up_to(self.rcv_wscale, 14);
    }
};

/// The listeners of a stack, found by local address and port.
class ListenerTable {
  public:
    explicit ListenerTable(std::uint32_t limit) : slab(limit) {}

    /// The listener for a SYN to `local`: one for that very address before one for any address of its family. `kNone`
    /// when nobody listens.
    [[nodiscard]] std::uint32_t find(const SocketAddress& local) const;
    /// The listener with exactly this address; `kNone` when there is none.
    [[nodiscard]] std::uint32_t find_exact(const SocketAddress& local) const;
    void insert(std::uint32_t index);
    void erase(std::uint32_t index);

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        Slab<ListenEntry>::exchange(self.slab, image, [&](std::uint32_t i, auto& entry) {
            image(entry);
            if constexpr (Image::kReads) {
                image.require(self.find_exact(entry.local) == Slab<ListenEntry>::kNone);
                self.insert(i);
            }
        });
    }

    Slab<ListenEntry> slab;

  private:
    std::vector<std::uint32_t> by_address_;  // sorted by (port, address)
};

}  // namespace hourglass::tcp
