#include "trace/record_file.h"

#include <concepts>
#include <fmt/format.h>
#include <zlib.h>

#include "trace/record_codec.h"

namespace hourglass::trace::record {

namespace {

constexpr std::string_view kChunkMagic = "HGC1";
constexpr std::size_t kChunkHead = 28;
constexpr std::size_t kFixedHead = 8 + 4 + 4 + 2;  // up to the version's text

template <std::unsigned_integral T>
void append(std::vector<std::byte>& out, T n) {
    for (std::size_t i = 0; i < sizeof n; ++i) out.push_back(static_cast<std::byte>(n >> (8 * i)));
}

void append(std::vector<std::byte>& out, std::string_view text) {
    const auto octets = std::as_bytes(std::span(text));
    out.insert(out.end(), octets.begin(), octets.end());
}

template <typename T>
T load(const std::byte* at) {
    T n = 0;
    for (std::size_t i = 0; i < sizeof n; ++i) n = static_cast<T>(n | std::to_integer<T>(at[i]) << (8 * i));
    return n;
}

std::uint32_t crc(std::span<const std::byte> octets, std::uint32_t before = 0) {
    return static_cast<std::uint32_t>(
        crc32_z(before, reinterpret_cast<const unsigned char*>(octets.data()), octets.size()));
}

std::string_view text_of(std::span<const std::byte> octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

std::vector<std::byte> write_head(const Head& head) {
    std::vector<std::byte> out;
    append(out, kMagic);
    append(out, head.format);
    append(out, head.layout);
    append(out, static_cast<std::uint16_t>(head.version.size()));
    append(out, head.version);
    append(out, crc(out));
    return out;
}

std::vector<std::byte> write_chunk(const ChunkHead& head, std::span<const std::byte> entries) {
    std::vector<std::byte> sums;
    append(sums, head.departures);
    append(sums, head.segments);
    std::vector<std::byte> out;
    out.reserve(kChunkHead + entries.size());
    append(out, kChunkMagic);
    append(out, static_cast<std::uint32_t>(entries.size()));
    append(out, crc(entries, crc(sums)));
    out.insert(out.end(), sums.begin(), sums.end());
    out.insert(out.end(), entries.begin(), entries.end());
    return out;
}

std::vector<std::byte> RecordFile::read(std::size_t size) {
    std::vector<std::byte> octets(size);
    in_->read(reinterpret_cast<char*>(octets.data()), static_cast<std::streamsize>(size));
    octets.resize(static_cast<std::size_t>(in_->gcount()));
    offset_ += octets.size();
    return octets;
}

ReplayProblem RecordFile::damage(std::string_view what) const {
    return {ReplayProblem::Kind::damaged, fmt::format("damaged at octet {}: {}", chunk_offset_, what), {}};
}

ReplayProblem RecordFile::cut() const {
    return {ReplayProblem::Kind::cut_short, fmt::format("cut short at octet {}", offset_), {}};
}

std::expected<Head, ReplayProblem> RecordFile::begin() {
    using Kind = ReplayProblem::Kind;
    in_->clear();
    in_->seekg(0);
    offset_ = chunk_offset_ = 0;
    auto fixed = read(kFixedHead);
    if (text_of(fixed).substr(0, kMagic.size()) != kMagic)
        return std::unexpected(ReplayProblem{Kind::unreadable, "it is no record of hourglass", {}});
    if (fixed.size() < kFixedHead) return std::unexpected(cut());
    Head head{load<std::uint32_t>(&fixed[8]), load<std::uint32_t>(&fixed[12]), {}};
    const auto rest = read(load<std::uint16_t>(&fixed[16]) + std::size_t{4});
    if (rest.size() < load<std::uint16_t>(&fixed[16]) + std::size_t{4}) return std::unexpected(cut());
    const auto version = std::span(rest).first(rest.size() - 4);
    if (crc(version, crc(fixed)) != load<std::uint32_t>(&rest[version.size()]))
        return std::unexpected(damage("the head's checksum is wrong"));
    head.version = text_of(version);
    return head;
}

std::expected<std::optional<ChunkHead>, ReplayProblem> RecordFile::next() {
    chunk_offset_ = offset_;
    const auto fixed = read(kChunkHead);
    if (fixed.empty()) return std::nullopt;
    if (fixed.size() < kChunkHead) return std::unexpected(cut());
    if (text_of(fixed).substr(0, kChunkMagic.size()) != kChunkMagic)
        return std::unexpected(damage("no chunk begins here"));
    ChunkHead head{load<std::uint32_t>(&fixed[4]), load<std::uint64_t>(&fixed[12]), load<std::uint64_t>(&fixed[20])};
    if (head.size > kLargestChunk) return std::unexpected(damage("the chunk is too large"));
    entries_ = read(head.size);
    if (entries_.size() < head.size) return std::unexpected(cut());
    if (crc(entries_, crc(std::span(fixed).subspan(12))) != load<std::uint32_t>(&fixed[8]))
        return std::unexpected(damage("the chunk's checksum is wrong"));
    return head;
}

}  // namespace hourglass::trace::record
