#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/trace/ladder.h"
#include "trace/ladder_rows.h"

namespace hourglass::trace {

/// What happened on a connection, as far as a ladder of it tells: without timers that speak through what they caused,
/// and with segments of an earlier connection that arrive in this one.
[[nodiscard]] std::vector<const Step*> steps_to_show(const Recorder& recorder, ConnectionIndex connection,
                                                     const LadderOptions& options);

/// The same in rows, with uneventful runs and repeating cycles folded as the options say.
[[nodiscard]] Rows rows_to_show(const Recorder& recorder, ConnectionIndex connection,
                                const std::vector<const Step*>& steps, const LadderOptions& options);

/// Not only still under way where the recording ends.
[[nodiscard]] bool is_lost(const Row& row, const PacketTrip& trip);

/// One segment may change the state twice: "ACK of FIN received, then FIN received".
[[nodiscard]] std::string triggers_text(std::string_view triggers, Language language);

/// Why the segment was sent, and what decided at the receiver, where that is news.
[[nodiscard]] std::vector<std::string> reasons_of(const Row& row, const PacketTrip& trip, Language language);

}  // namespace hourglass::trace
