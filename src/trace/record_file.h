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
#include "trace/octets.h"

namespace hourglass::trace::record {

// A record is a head and chunks behind each other. The head is the same in every version of the format: the eight
// octets below, the version, the layout, the length and text of Hourglass's version, and the CRC-32 of all that.
// Numbers have four or eight octets, the lowest first.

inline constexpr std::string_view kMagic = "\x89HGR\r\n\x1a\n";
inline constexpr std::uint32_t kFormat = 1;
/// Entries take this much of a chunk at most: one that grows beyond it is damaged.
inline constexpr std::uint32_t kLargestChunk = 16 << 20;

struct Head {
    std::uint32_t format = kFormat;
    std::uint32_t layout = 0;
    std::string version{};
};

/// What stands in front of the entries of a chunk, behind "HGC1", its size and its CRC-32.
struct ChunkHead {
    std::uint32_t size = 0;        ///< Of the entries.
    std::uint64_t departures = 0;  ///< DepartureSum of all segments that have left when the last entry has been run.
    std::uint64_t segments = 0;    ///< How many these are.
};

[[nodiscard]] std::vector<std::byte> write_head(const Head& head);
/// Head and entries.
[[nodiscard]] std::vector<std::byte> write_chunk(const ChunkHead& head, std::span<const std::byte> entries);

/// Reads the chunks of a record one after the other.
class RecordFile {
  public:
    explicit RecordFile(std::unique_ptr<std::istream> in) : in_(std::move(in)) {}

    /// Reads the head; to be called first, and to begin again.
    [[nodiscard]] std::expected<Head, ReplayProblem> begin();
    /// The next chunk, whose entries stay until the one after it; nothing at the end of the file.
    [[nodiscard]] std::expected<std::optional<ChunkHead>, ReplayProblem> next();
    [[nodiscard]] std::span<const std::byte> entries() const { return entries_; }
    /// Where in the file the chunk begins.
    [[nodiscard]] std::uint64_t chunk_offset() const { return chunk_offset_; }

  private:
    /// Reads up to `size` octets.
    std::vector<std::byte> read(std::size_t size);
    [[nodiscard]] ReplayProblem damage(std::string_view what) const;
    [[nodiscard]] ReplayProblem cut() const;

    std::unique_ptr<std::istream> in_;
    std::vector<std::byte> entries_;
    std::uint64_t chunk_offset_ = 0, offset_ = 0;
};

}  // namespace hourglass::trace::record
