#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <istream>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/trace/replay.h"

namespace hourglass::trace::record {

// A record consists of groups of chunks. Mostly there is one group. A recorder that has come to its limit goes round:
// its file has slots of one size, each with a group, and the oldest group makes room for the newest. A group begins
// with the head, which is the same in every version of the format: the eight octets below, the version, the layout, the
// length and text of Hourglass's version, and the CRC-32 of all that; behind it "HGG1" and the Group. Numbers have four
// or eight octets, the lowest first.

inline constexpr std::string_view kMagic = "\x89HGR\r\n\x1a\n";
inline constexpr std::uint32_t kFormat = 2;
/// Entries take this much of a chunk at most: one that grows beyond it is damaged.
inline constexpr std::uint32_t kLargestChunk = 16 << 20;

/// The fewest octets of a slot.
inline constexpr std::uint64_t kLeastSlot = 4096;

struct Head {
    std::uint32_t format = kFormat;
    std::uint32_t layout = 0;
    std::string version{};
};

struct Group {
    std::uint64_t slot = 0;  ///< Octets from the beginning of one group to that of the next; 0: there is no next.
    std::uint64_t first_chunk = 0;  ///< Its number.
    bool continues = false;         ///< Nothing is missing between the chunk before it, in another group, and that one.
};

/// What stands in front of the entries of a chunk, behind "HGC1", its size and its CRC-32.
struct ChunkHead {
    std::uint32_t size = 0;        ///< Of the entries.
    std::uint64_t number = 0;      ///< From 0, in the order of writing.
    std::uint64_t departures = 0;  ///< DepartureSum of the group's segments when the last entry has been run.
    std::uint64_t segments = 0;    ///< How many these are.
};

/// The beginning of a group, and a chunk with its entries.
[[nodiscard]] std::vector<std::byte> write_group(const Head& head, const Group& group);
[[nodiscard]] std::vector<std::byte> write_chunk(const ChunkHead& head, std::span<const std::byte> entries);

/// Reads the chunks of a record one after the other.
class RecordFile {
  public:
    explicit RecordFile(std::unique_ptr<std::istream> in) : in_(std::move(in)) {}

    /// Reads the head; to be called first, and to begin again.
    [[nodiscard]] std::expected<Head, ReplayProblem> begin();
    /// Then, of a format that is this one: finds the groups, and where the oldest of those begins that belong together.
    [[nodiscard]] std::expected<void, ReplayProblem> find_groups();
    /// The next chunk, whose entries stay until the one after it; nothing at the end of the file.
    [[nodiscard]] std::expected<std::optional<ChunkHead>, ReplayProblem> next();
    [[nodiscard]] std::span<const std::byte> entries() const { return entries_; }
    /// The last chunk was the first of its group.
    [[nodiscard]] bool at_group() const { return at_group_; }
    /// What happened first is in it.
    [[nodiscard]] bool has_beginning() const { return !groups_.empty() && groups_.front().group.first_chunk == 0; }
    /// Where in the file the chunk begins.
    [[nodiscard]] std::uint64_t chunk_offset() const { return chunk_offset_; }

  private:
    struct Place {
        Group group;
        std::uint64_t offset = 0;  ///< Of its first chunk.
    };

    /// Reads up to `size` octets.
    std::vector<std::byte> read(std::size_t size);
    void go_to(std::uint64_t offset);
    std::expected<Head, ReplayProblem> read_head();
    std::optional<Place> read_group();
    std::expected<std::optional<ChunkHead>, ReplayProblem> read_chunk();
    /// What is wrong where no chunk is: behind the newest one of a ring stands what is left of the oldest.
    [[nodiscard]] ReplayProblem no_chunk(std::string_view what) const;
    [[nodiscard]] ReplayProblem damage(std::string_view what) const;
    [[nodiscard]] ReplayProblem cut() const;

    std::unique_ptr<std::istream> in_;
    std::vector<Place> groups_;  ///< In the order of writing.
    std::size_t group_ = 0;      ///< The one that is being read.
    std::uint64_t number_ = 0;   ///< Of the next chunk.
    std::vector<std::byte> entries_;
    std::uint64_t chunk_offset_ = 0, offset_ = 0;
    bool at_group_ = false;
};

}  // namespace hourglass::trace::record
