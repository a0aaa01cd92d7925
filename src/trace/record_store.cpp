#include "trace/record_store.h"

#include <algorithm>
#include <utility>

namespace hourglass::trace::record {

RecordStore::RecordStore(Sink sink, std::uint64_t max_bytes, bool ring)
    : sink_(std::move(sink)),
      slot_size_(ring && max_bytes / kSlots >= kLeastSlot ? max_bytes / kSlots : 0),
      limit_(std::max(slot_size_ != 0 ? slot_size_ : max_bytes, kOverhead)) {
    put(write_group({.layout = layout_of_records(), .version = HOURGLASS_VERSION}, {.slot = slot_size_}));
}

std::uint64_t RecordStore::room() const { return limit_ - std::min(limit_, used_ + kOverhead); }

void RecordStore::append(const DepartureSum& departures, std::span<const std::byte> entries) {
    put(write_chunk({.number = next_chunk_++, .departures = departures.sum(), .segments = departures.segments()},
                    entries));
}

void RecordStore::begin_group(bool continues) {
    slot_ = (slot_ + 1) % kSlots;
    used_ = 0;
    has_beginning_ = has_beginning_ && slot_ != 0 && continues;
    put(write_group({.layout = layout_of_records(), .version = HOURGLASS_VERSION},
                    {.slot = slot_size_, .first_chunk = next_chunk_, .continues = continues}));
}

void RecordStore::put(std::span<const std::byte> octets) {
    if (failed_) return;
    const std::uint64_t at = slot_ * slot_size_ + used_;
    failed_ = !sink_(at, octets);
    used_ += octets.size();
    bytes_ = std::max(bytes_, at + octets.size());
}

}  // namespace hourglass::trace::record
