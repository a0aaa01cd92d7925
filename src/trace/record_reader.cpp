#include "trace/record_reader.h"

#include <fmt/format.h>
#include <utility>

namespace hourglass::trace::record {

std::expected<Head, ReplayProblem> RecordReader::begin() {
    decoder_ = {};
    octets_ = {};
    chunk_.reset();
    check_.reset();
    next_.reset();
    problem_.reset();
    ended_ = false;
    auto head = file_.begin();
    if (!head) return head;
    if (head->format != kFormat || head->layout != layout_of_records())
        return std::unexpected(ReplayProblem{
            ReplayProblem::Kind::other_version,
            fmt::format("it was written by hourglass {} (format {}, layout {:08x}), and this is hourglass {} (format "
                        "{}, layout {:08x}): replay it with the version that wrote it",
                        head->version, head->format, head->layout, HOURGLASS_VERSION, kFormat, layout_of_records()),
            {}});
    if (auto groups = file_.find_groups(); !groups) return std::unexpected(std::move(groups.error()));
    return head;
}

bool RecordReader::next_chunk() {
    check_ = std::exchange(chunk_, std::nullopt);
    auto chunk = file_.next();
    if (!chunk) {
        problem_ = chunk.error();
        return false;
    }
    if (!*chunk) {
        problem_ = {ReplayProblem::Kind::cut_short, fmt::format("cut short at octet {}", file_.chunk_offset()), {}};
        return false;
    }
    if (file_.at_group()) decoder_ = {};
    chunk_ = **chunk;
    octets_ = OctetReader(file_.entries());
    return true;
}

const RecordEntry* RecordReader::peek() {
    if (next_) return &*next_;
    if (problem_ || ended_) return nullptr;
    while (octets_.at_end())
        if (!next_chunk()) return nullptr;
    auto entry = decoder_.next(octets_);
    if (!entry) {
        problem_ = {ReplayProblem::Kind::damaged,
                    fmt::format("damaged in the chunk at octet {}, {} octets into its entries: {}",
                                file_.chunk_offset(), octets_.position(), entry.error()),
                    {}};
        return nullptr;
    }
    next_ = std::move(*entry);
    return &*next_;
}

RecordEntry RecordReader::take() {
    RecordEntry entry = std::move(*next_);
    next_.reset();
    if (std::holds_alternative<EndEntry>(entry.what)) {
        ended_ = true;
        check_ = std::exchange(chunk_, std::nullopt);
    }
    return entry;
}

std::optional<ChunkHead> RecordReader::take_check() { return std::exchange(check_, std::nullopt); }

}  // namespace hourglass::trace::record
