#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "hourglass/trace/ladder.h"

namespace hourglass::trace {

class EventLog;

/// How a ladder is drawn as a picture.
struct SvgOptions {
    bool absolute = false;  ///< Sequence numbers as they stand in the segments.
    Language language = Language::en;
    std::vector<Remark> remarks{};  ///< Beside the ladder.
    Instant from = Instant::min(), until = kNever;
    std::size_t fold_after = 12;       ///< As `LadderOptions::fold_after`.
    const EventLog* events = nullptr;  ///< Of the same world: the timers of both ends, as bars at their rails.
    std::size_t max_segments = 1000;   ///< That are drawn; further ones are counted.
};

/// A connection as a ladder in SVG 1.1: arrows slanted by the time that the segments take, lost ones ending in a cross,
/// a curve from each retransmission to what it repeats with a bar for the timer that caused it, and the states of both
/// ends as chips on their rails. Long silence is cut and told; so is the middle of a long run of data and
/// acknowledgements.
[[nodiscard]] std::string svg_ladder(const Recorder& recorder, ConnectionIndex connection,
                                     const SvgOptions& options = {});

}  // namespace hourglass::trace
