#pragma once

#include <string_view>

#include "hourglass/trace/event_log.h"

namespace hourglass::trace {

// Words that programs compare: they are the same in every version of the schema (docs/events.md).

[[nodiscard]] std::string_view token(tcp::SendReason reason);
[[nodiscard]] std::string_view token(tcp::Verdict verdict);
[[nodiscard]] std::string_view token(tcp::SendLimit limit);
[[nodiscard]] std::string_view token(tcp::SpuriousProof proof);
[[nodiscard]] std::string_view token(PacketFate::Fate fate);
[[nodiscard]] std::string_view token(TimerUpdated::Change change);

}  // namespace hourglass::trace
