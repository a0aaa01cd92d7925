#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "hourglass/base/siphash.h"
#include "hourglass/tcp/event.h"

namespace hourglass::tcp {

/// What a flow leads to.
enum class FlowKind : std::uint8_t { none, connection, half_open, time_wait };

/// A reference from the table: which slab, and the number there.
struct FlowEntry {
    FlowKind kind = FlowKind::none;
    std::uint32_t index = 0;
};

/// A keyed hash of both ends of a connection: three folded multiplications, so that it costs a few nanoseconds and its
/// collisions can't be chosen without the key.
[[nodiscard]] std::uint32_t hash_flow(const SipKey& key, const FlowKey& flow) noexcept;

/// From the 4-tuple to a connection, half-open entry or TIME-WAIT entry: open addressing with linear probing in one
/// array of eight octets an entry. The keys themselves are in the entries' slabs; the caller compares.
class FlowTable {
  public:
    FlowTable() : cells_(kSmallest) {}

    /// The entry with this hash for which `matches(FlowEntry)` is true; kind `none` when there is none.
    template <typename Matches>
    [[nodiscard]] FlowEntry find(std::uint32_t hash, Matches&& matches) const {
        for (std::size_t i = hash & mask();; i = (i + 1) & mask()) {
            const Cell& cell = cells_[i];
            if (cell.entry == kEmpty) return {};
            if (cell.hash == hash && matches(unpack(cell.entry))) return unpack(cell.entry);
        }
    }
    /// Begins to fetch what `find` with this hash will look at: among many connections it is far away.
    void prefetch(std::uint32_t hash) const { __builtin_prefetch(&cells_[hash & mask()]); }
    void insert(std::uint32_t hash, FlowEntry entry);
    /// Replaces `from`, which must be there, by `to`.
    void replace(std::uint32_t hash, FlowEntry from, FlowEntry to) { cells_[locate(hash, from)].entry = pack(to); }
    /// Removes `entry`, which must be there.
    void erase(std::uint32_t hash, FlowEntry entry);
    [[nodiscard]] std::size_t size() const noexcept { return size_; }

  private:
    static constexpr std::size_t kSmallest = 64;
    static constexpr std::uint32_t kEmpty = 0;
    struct Cell {
        std::uint32_t hash = 0;
        std::uint32_t entry = kEmpty;  // kind in the upper two bits
    };
    static std::uint32_t pack(FlowEntry e) { return static_cast<std::uint32_t>(e.kind) << 30 | e.index; }
    static FlowEntry unpack(std::uint32_t e) { return {static_cast<FlowKind>(e >> 30), e & 0x3fffffff}; }
    [[nodiscard]] std::size_t mask() const noexcept { return cells_.size() - 1; }
    [[nodiscard]] std::size_t locate(std::uint32_t hash, FlowEntry entry) const;
    [[gnu::cold]] void grow();

    std::vector<Cell> cells_;
    std::size_t size_ = 0;
};

}  // namespace hourglass::tcp
