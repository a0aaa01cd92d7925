#include <algorithm>
#include <fmt/format.h>

#include "trace/plot_kinds.h"

namespace hourglass::trace {

namespace {

double high_of(std::int64_t offset) { return static_cast<double>(offset); }

std::string totals_of(const FlowHistory& history, const PlotWords& words) {
    std::uint64_t octets = 0;
    std::size_t segments = 0, again = 0, lost = 0;
    for (const auto& sent : history.sent) {
        if (sent.begin == sent.end) continue;
        ++segments;
        again += sent.again;
        lost += sent.lost;
        if (!sent.again) octets += sent.length;
    }
    return fmt::format(fmt::runtime(words.say("{}: {} octets in {} segments, {} lost, {} sent again")), words.direction,
                       octets, segments, lost, again);
}

/// The two lines between which a sender may send: what is acknowledged, and how far the window reaches.
void add_limits(Panel& panel, const FlowHistory& history, const PlotWords& words) {
    std::vector<Panel::Point> acks, edges;
    std::vector<Panel::Bar> duplicates, sacks;
    std::vector<Panel::Text> closed;
    std::int64_t acknowledged = 0, edge = 0;
    for (const auto& ack : history.acks) {
        // An ACK that was overtaken on the way takes nothing back.
        acknowledged = std::max(acknowledged, ack.ack);
        edge = std::max(edge, ack.window_end);
        acks.push_back({ack.time, high_of(acknowledged)});
        edges.push_back({ack.time, high_of(edge)});
        for (const auto& [begin, end] : ack.sacks) sacks.push_back({ack.time, high_of(begin), high_of(end)});
        if (ack.duplicate) duplicates.push_back({ack.time, high_of(ack.ack), high_of(ack.ack)});
        if (ack.zero_window) closed.push_back({ack.time, high_of(ack.window_end), "Z"});
    }
    panel.steps(words.say("end of the peer's window"), {.colour = "#d69e2e", .width = 1.4, .sets_range = false},
                std::move(edges));
    panel.bars(words.say("SACK block"), {.colour = "#b794f4", .width = 1.6}, std::move(sacks));
    panel.steps(words.say("acknowledged"), {.colour = "#38a169", .width = 1.5}, std::move(acks));
    panel.bars(words.say("duplicate ACK"), {.colour = "#276749", .width = 3}, std::move(duplicates));
    panel.letters("#b7791f", closed);
}

}  // namespace

Panel sequence_panel(const FlowHistory& history, const PlotWords& words) {
    Panel panel(std::string(words.say("Time-sequence graph")), totals_of(history, words), Quantity::octets);
    add_limits(panel, history, words);
    std::vector<Panel::Bar> first, again;
    std::vector<Panel::Point> lost;
    std::vector<Panel::Text> repeated, late, syn_fin;
    for (const auto& sent : history.sent) {
        if (sent.begin == sent.end && !sent.rst) continue;
        const Panel::Bar bar{sent.time, high_of(sent.begin), high_of(sent.end)};
        const double middle = (bar.low + bar.high) / 2;
        (sent.again ? again : first).push_back(bar);
        if (sent.lost) lost.push_back({sent.time, middle});
        if (sent.syn) syn_fin.push_back({sent.time, bar.high, "SYN"});
        if (sent.fin) syn_fin.push_back({sent.time, bar.high, "FIN"});
        if (sent.rst) syn_fin.push_back({sent.time, bar.high, "RST"});
        if (sent.again) repeated.push_back({sent.time, bar.high, "R"});
        if (sent.out_of_order) late.push_back({sent.time, bar.high, "O"});
    }
    panel.bars(words.say("segment"), {.colour = "#2d3748", .width = 1.3}, std::move(first), true);
    panel.bars(words.say("R: sent again"), {.colour = "#e53e3e", .width = 1.8}, std::move(again), true);
    panel.crosses(words.say("lost on the way"), "#e53e3e", std::move(lost));
    panel.letters("#1a202c", syn_fin);
    panel.letters("#c53030", repeated);
    panel.letters("#97266d", late);
    return panel;
}

}  // namespace hourglass::trace
