#pragma once

#include <string>

#include "hourglass/trace/plot.h"
#include "trace/flow_history.h"
#include "trace/plot_panel.h"

namespace hourglass::trace {

/// What every plot of a direction says of it.
struct PlotWords {
    Language language = Language::en;
    std::string direction;  ///< "server 10.0.0.2:80 → client 10.0.0.1:49152"

    [[nodiscard]] std::string_view say(std::string_view english) const { return in_language(language, english); }
};

[[nodiscard]] Panel sequence_panel(const FlowHistory& history, const PlotWords& words);
[[nodiscard]] Panel window_panel(const FlowHistory& history, const PlotWords& words);
[[nodiscard]] Panel rtt_panel(const FlowHistory& history, const PlotWords& words);
[[nodiscard]] Panel throughput_panel(const FlowHistory& history, const PlotWords& words);

}  // namespace hourglass::trace
