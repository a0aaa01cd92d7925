#include "trace/record_file.h"

#include <algorithm>
#include <concepts>
#include <fmt/format.h>
#include <zlib.h>

#include "trace/record_codec.h"

namespace hourglass::trace::record {

namespace {

constexpr std::string_view kChunkMagic = "HGC1";
constexpr std::string_view kGroupMagic = "HGG1";
constexpr std::size_t kGroup = 4 + 8 + 8 + 1 + 4;
constexpr std::size_t kChunkHead = 4 + 4 + 4 + 8 + 8 + 8;
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
    if (octets.empty()) return before;  // which may have no address, and that asks zlib for something else
    return static_cast<std::uint32_t>(
        crc32_z(before, reinterpret_cast<const unsigned char*>(octets.data()), octets.size()));
}

std::string_view text_of(std::span<const std::byte> octets) {
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

}  // namespace

std::vector<std::byte> write_group(const Head& head, const Group& group) {
    std::vector<std::byte> out;
    append(out, kMagic);
    append(out, head.format);
    append(out, head.layout);
    append(out, static_cast<std::uint16_t>(head.version.size()));
    append(out, head.version);
    append(out, crc(out));
    const std::size_t begin = out.size();
    append(out, kGroupMagic);
    append(out, group.slot);
    append(out, group.first_chunk);
    append(out, static_cast<std::uint8_t>(group.continues ? 1 : 0));
    append(out, crc(std::span(out).subspan(begin)));
    return out;
}

std::vector<std::byte> write_chunk(const ChunkHead& head, std::span<const std::byte> entries) {
    std::vector<std::byte> numbers;
    append(numbers, head.number);
    append(numbers, head.departures);
    append(numbers, head.segments);
    std::vector<std::byte> out;
    out.reserve(kChunkHead + entries.size());
    append(out, kChunkMagic);
    append(out, static_cast<std::uint32_t>(entries.size()));
    append(out, crc(entries, crc(numbers)));
    out.insert(out.end(), numbers.begin(), numbers.end());
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

void RecordFile::go_to(std::uint64_t offset) {
    in_->clear();
    in_->seekg(static_cast<std::streamoff>(offset));
    offset_ = offset;
}

ReplayProblem RecordFile::damage(std::string_view what) const {
    return {ReplayProblem::Kind::damaged, fmt::format("damaged at octet {}: {}", chunk_offset_, what), {}};
}

ReplayProblem RecordFile::cut() const {
    return {ReplayProblem::Kind::cut_short, fmt::format("cut short at octet {}", offset_), {}};
}

ReplayProblem RecordFile::no_chunk(std::string_view what) const {
    const bool is_newest = group_ + 1 == groups_.size();
    const bool is_behind_others =
        std::ranges::any_of(groups_, [&](const Place& other) { return other.offset > groups_[group_].offset; });
    if (is_newest && is_behind_others)
        return {ReplayProblem::Kind::cut_short, fmt::format("cut short at octet {}", chunk_offset_), {}};
    return damage(what);
}

std::expected<Head, ReplayProblem> RecordFile::read_head() {
    using Kind = ReplayProblem::Kind;
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

std::optional<RecordFile::Place> RecordFile::read_group() {
    const auto octets = read(kGroup);
    if (octets.size() < kGroup || text_of(octets).substr(0, kGroupMagic.size()) != kGroupMagic) return std::nullopt;
    if (crc(std::span(octets).first(kGroup - 4)) != load<std::uint32_t>(&octets[kGroup - 4])) return std::nullopt;
    return Place{{.slot = load<std::uint64_t>(&octets[4]),
                  .first_chunk = load<std::uint64_t>(&octets[12]),
                  .continues = octets[20] != std::byte{0}},
                 offset_};
}

std::expected<Head, ReplayProblem> RecordFile::begin() {
    go_to(0);
    chunk_offset_ = 0;
    groups_.clear();
    return read_head();
}

std::expected<void, ReplayProblem> RecordFile::find_groups() {
    const std::uint64_t behind_head = offset_;
    const auto first = read_group();
    if (!first) {
        if (offset_ < behind_head + kGroup) return std::unexpected(cut());
        return std::unexpected(damage("the first group's checksum is wrong"));
    }
    groups_ = {*first};
    in_->seekg(0, std::ios::end);
    const auto end = static_cast<std::uint64_t>(std::max<std::streamoff>(in_->tellg(), 0));
    const std::uint64_t slot = std::max<std::uint64_t>(first->group.slot, kLeastSlot);
    for (std::uint64_t at = slot; first->group.slot != 0 && at < end; at += slot) {
        go_to(at);
        if (!read_head()) continue;
        if (const auto group = read_group()) groups_.push_back(*group);
    }
    std::ranges::sort(groups_, {}, [](const Place& p) { return p.group.first_chunk; });
    const auto whole =
        std::find_if(groups_.rbegin(), groups_.rend(), [](const Place& p) { return !p.group.continues; });
    if (whole != groups_.rend()) groups_.erase(groups_.begin(), whole.base() - 1);
    group_ = 0;
    number_ = groups_.front().group.first_chunk;
    at_group_ = true;
    go_to(groups_.front().offset);
    return {};
}

std::expected<std::optional<ChunkHead>, ReplayProblem> RecordFile::next() {
    at_group_ = number_ == groups_[group_].group.first_chunk;
    auto chunk = read_chunk();
    const bool is_there = chunk && *chunk;
    if (!is_there && group_ + 1 < groups_.size() && groups_[group_ + 1].group.first_chunk == number_) {
        ++group_;
        go_to(groups_[group_].offset);
        at_group_ = true;
        chunk = read_chunk();
    }
    if (chunk && *chunk) ++number_;
    return chunk;
}

std::expected<std::optional<ChunkHead>, ReplayProblem> RecordFile::read_chunk() {
    chunk_offset_ = offset_;
    const auto fixed = read(kChunkHead);
    if (fixed.empty()) return std::nullopt;
    if (fixed.size() < kChunkHead) return std::unexpected(cut());
    if (text_of(fixed).substr(0, kChunkMagic.size()) != kChunkMagic)
        return std::unexpected(no_chunk("no chunk begins here"));
    const ChunkHead head{load<std::uint32_t>(&fixed[4]), load<std::uint64_t>(&fixed[12]),
                         load<std::uint64_t>(&fixed[20]), load<std::uint64_t>(&fixed[28])};
    if (head.number != number_) return std::unexpected(no_chunk("another chunk should be here"));
    if (head.size > kLargestChunk) return std::unexpected(damage("the chunk is too large"));
    entries_ = read(head.size);
    if (entries_.size() < head.size) return std::unexpected(cut());
    if (crc(entries_, crc(std::span(fixed).subspan(12))) != load<std::uint32_t>(&fixed[8]))
        return std::unexpected(damage("the chunk's checksum is wrong"));
    return head;
}

}  // namespace hourglass::trace::record
