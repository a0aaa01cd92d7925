#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "trace/record_entry.h"

namespace hourglass::trace::record {

/// When it happened; nothing for an entry without a time, which happened when the one before it did.
[[nodiscard]] std::optional<Instant> time_of(const RecordEntry& entry);
/// For people, in one line.
[[nodiscard]] std::string in_words(const RecordEntry& entry, std::string_view host);

}  // namespace hourglass::trace::record
