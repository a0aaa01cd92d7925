#include "hourglass/trace/plot.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "trace/plot_kinds.h"
#include "trace/svg_text.h"

namespace hourglass::trace {

namespace {

struct KindName {
    std::string_view name;
    PlotKind kind{};
    Panel (*panel)(const FlowHistory&, const PlotWords&) = nullptr;
    double height = 0;  // pixels
};
constexpr KindName kKinds[] = {
    {"sequence", PlotKind::sequence, sequence_panel, 560},
    {"window", PlotKind::window, window_panel, 460},
    {"rtt", PlotKind::rtt, rtt_panel, 400},
    {"throughput", PlotKind::throughput, throughput_panel, 340},
    {"all", PlotKind::all, nullptr, 0},
};

constexpr double kMargin = 12;

constexpr std::string_view kStyle = R"(.heading { font-size: 15px; font-weight: bold; fill: #1a202c; }
.subtitle, .caption, .tick { fill: #718096; }
.legend { fill: #2d3748; }
.letter { font-weight: bold; font-size: 10px; }
.grid { stroke: #e2e8f0; stroke-width: 1; fill: none; }
.axis { stroke: #a0aec0; stroke-width: 1.2; fill: none; }
.line, .bars { fill: none; stroke-linejoin: round; }
.area, .strip { stroke: none; }
)";

std::string end_text(const EventLog& log, const ConnectionEndpoint& end) {
    const SocketAddress address{end.flow.local, end.flow.local_port};
    const std::string& host = log.hosts()[end.host];
    return host.empty() ? address.to_string() : fmt::format("{} {}", host, address.to_string());
}

std::string direction_of(const EventLog& log, EndIndex index) {
    const ConnectionEndpoint& end = log.connections()[index];
    const SocketAddress remote{end.flow.remote, end.flow.remote_port};
    return fmt::format("{} → {}", end_text(log, end),
                       end.peer == kNoEnd ? remote.to_string() : end_text(log, log.connections()[end.peer]));
}

}  // namespace

std::optional<PlotKind> plot_kind_named(std::string_view name) {
    const auto* found = std::ranges::find(kKinds, name, &KindName::name);
    return found == std::end(kKinds) ? std::nullopt : std::optional(found->kind);
}

EndIndex busiest_end(const EventLog& log) {
    std::vector<std::uint64_t> octets(log.connections().size());
    for (const Event& event : log.events())
        if (const auto* sent = event.end < octets.size() ? event.as<SegmentSent>() : nullptr)
            octets[event.end] += sent->header.length;
    const auto most = std::ranges::max_element(octets);
    return most == octets.end() || *most == 0 ? kNoEnd : static_cast<EndIndex>(most - octets.begin());
}

std::string plot(const EventLog& log, EndIndex end, PlotKind kind, const PlotOptions& options) {
    const FlowHistory history = flow_history(log, end, options.from, options.until);
    const PlotWords words{options.language, direction_of(log, end)};
    std::string body;
    double y = kMargin;
    for (const KindName& one : kKinds) {
        if (one.panel == nullptr || (kind != one.kind && kind != PlotKind::all)) continue;
        Panel panel = one.panel(history, words);
        panel.set_time(history.first, history.last);
        panel.set_time_caption(words.say("time"));
        panel.set_above(words.say("{} (up to {}, above the picture)"));
        body += panel.draw(y, one.height);
        y += one.height + 2 * kMargin;
    }
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1:.0f}" viewBox="0 0 {0} {1:.0f}">
<style>
text {{ font-family: {2}; font-size: 11px; }}
{3}</style>
<rect width="100%" height="100%" fill="white"/>
{4}</svg>
)",
        Panel::kWidth, y - kMargin, kSvgFonts, kStyle, body);
}

}  // namespace hourglass::trace
