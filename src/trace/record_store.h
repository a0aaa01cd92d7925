#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "trace/record_codec.h"
#include "trace/record_file.h"

namespace hourglass::trace::record {

/// Where a recorder's chunks go: behind each other, up to a limit; or round and round in slots that have room for that
/// together, so that the newest group takes the place of the oldest.
class RecordStore {
  public:
    /// Takes a piece of the record and where it goes, and says whether it could be written.
    using Sink = std::function<bool(std::uint64_t offset, std::span<const std::byte>)>;
    static constexpr std::uint64_t kSlots = 8;

    RecordStore(Sink sink, std::uint64_t max_bytes, bool ring);

    /// It goes round, and there is room for that.
    [[nodiscard]] bool is_ring() const { return slot_size_ != 0; }
    /// Octets of entries that the next chunk may have, so that one that says that the record ends still has room.
    [[nodiscard]] std::uint64_t room() const;
    /// Octets of entries that a group has room for in all.
    [[nodiscard]] std::uint64_t group_room() const { return limit_ - kOverhead; }

    void append(const DepartureSum& departures, std::span<const std::byte> entries);
    /// The next slot begins. `continues`: nothing is missing between the last chunk and the next.
    void begin_group(bool continues);

    /// The first group is there, and all that follow it.
    [[nodiscard]] bool has_beginning() const { return has_beginning_; }
    [[nodiscard]] bool failed() const { return failed_; }
    /// Octets that the record has.
    [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

  private:
    /// A group's head, a chunk's, and a last chunk.
    static constexpr std::uint64_t kOverhead = 256;
    void put(std::span<const std::byte> octets);

    Sink sink_;
    std::uint64_t slot_size_ = 0;  ///< 0: no ring.
    std::uint64_t limit_;          ///< Octets of a group.
    std::uint64_t slot_ = 0, used_ = 0;
    std::uint64_t next_chunk_ = 0;
    std::uint64_t bytes_ = 0;
    bool has_beginning_ = true, failed_ = false;
};

}  // namespace hourglass::trace::record
