#pragma once

#include <string_view>
#include <vector>

#include "hourglass/trace/event_log.h"
#include "hourglass/trace/recorder.h"
#include "trace/ladder_rows.h"

namespace hourglass::trace {

/// A timer of one end of a connection, from when it was set until it ran out or was no longer needed; set anew in
/// between it goes on.
struct TimerSpan {
    Rail rail{};
    std::string_view timer;
    Instant begin{}, end = kNever;  ///< kNever: it runs where the log ends.
    bool expired = false;
};

/// The timers of a connection, in the order of their setting.
[[nodiscard]] std::vector<TimerSpan> timer_spans(const EventLog& log, const ConnectionTrace& connection);

/// How a timer's bar looks: the colour, and how far from the rail it stands, 0 or 1.
struct TimerLook {
    std::string_view colour;
    int lane = 0;
};
[[nodiscard]] TimerLook look_of_timer(std::string_view timer);

}  // namespace hourglass::trace
