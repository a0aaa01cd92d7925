#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>
#include <map>

#include "trace/plot_kinds.h"

namespace hourglass::trace {

namespace {

/// What holds a sender back, as the strip below the axis shows it.
struct Holder {
    tcp::SendLimit limit{};
    bool buffer = false;
    std::string_view name, colour;
};
constexpr Holder kHolders[] = {
    {tcp::SendLimit::application, false, "waits for the application", "#a0aec0"},
    {tcp::SendLimit::application, true, "waits for the send buffer", "#ed8936"},
    {tcp::SendLimit::peer_window, false, "waits for the peer's window", "#d69e2e"},
    {tcp::SendLimit::congestion_window, false, "waits for the congestion window", "#4299e1"},
    {tcp::SendLimit::nagle, false, "waits because of Nagle", "#9f7aea"},
    {tcp::SendLimit::cork, false, "waits because of cork", "#f687b3"},
    {tcp::SendLimit::pacing, false, "waits for its pace", "#68d391"},
};

void add_holders(Panel& panel, const FlowHistory& history, const PlotWords& words) {
    for (const Holder& holder : kHolders) {
        std::vector<Panel::Span> spans;
        for (const auto& blocked : history.blocked)
            if (blocked.limit == holder.limit && (blocked.buffer == holder.buffer) && blocked.end > blocked.begin)
                spans.push_back({blocked.begin, blocked.end});
        panel.strip(words.say(holder.name), holder.colour, std::move(spans));
    }
}

void add_recoveries(Panel& panel, const FlowHistory& history, const PlotWords& words) {
    std::vector<Panel::Span> fast, timeout, marked;
    for (const auto& recovery : history.recoveries) {
        const Panel::Span span{recovery.begin, recovery.end};
        if (recovery.state == tcp::RecoveryState::recovery) fast.push_back(span);
        if (recovery.state == tcp::RecoveryState::loss) timeout.push_back(span);
        if (recovery.state == tcp::RecoveryState::cwr) marked.push_back(span);
    }
    panel.shade(words.say("fast recovery"), "#fef3c7", std::move(fast));
    panel.shade(words.say("recovery from a timeout"), "#fed7d7", std::move(timeout));
    panel.shade(words.say("reduction for a congestion mark"), "#e9d8fd", std::move(marked));
}

std::vector<double> times_of(const std::vector<FlowHistory::Moment>& moments) {
    std::vector<double> times;
    for (const auto& moment : moments) times.push_back(moment.time);
    return times;
}

std::string span_of(Quantity quantity, double low, double high) {
    return low == high ? in_unit(quantity, low)
                       : fmt::format("{} – {}", in_unit(quantity, low), in_unit(quantity, high));
}

}  // namespace

Panel window_panel(const FlowHistory& history, const PlotWords& words) {
    std::vector<Panel::Point> cwnd, ssthresh, pipe, window;
    for (const auto& [time, now] : history.metrics) {
        cwnd.push_back({time, static_cast<double>(now.cwnd)});
        pipe.push_back({time, static_cast<double>(now.pipe)});
        window.push_back({time, static_cast<double>(now.snd_wnd)});
        if (now.ssthresh != UINT32_MAX) ssthresh.push_back({time, static_cast<double>(now.ssthresh)});
    }
    Panel panel(std::string(words.say("What may be in flight, and what is")), words.direction, Quantity::octets);
    add_recoveries(panel, history, words);
    panel.steps(words.say("in flight"), {.colour = "#bee3f8", .filled = true}, std::move(pipe));
    panel.steps(words.say("peer's window"), {.colour = "#d69e2e", .width = 1.5, .sets_range = false},
                std::move(window));
    panel.steps("ssthresh", {.colour = "#805ad5", .width = 1.4, .dash = "6 4", .sets_range = false},
                std::move(ssthresh));
    panel.steps("cwnd", {.colour = "#2b6cb0", .width = 2.2}, std::move(cwnd));
    panel.edge_marks(words.say("taken for lost"), "#e53e3e", times_of(history.losses));
    panel.edge_marks(words.say("retransmission timeout"), "#742a2a", times_of(history.timeouts));
    panel.edge_marks(words.say("tail loss probe"), "#319795", times_of(history.probes));
    panel.edge_marks(words.say("it was not lost: undone"), "#38a169", times_of(history.undone));
    add_holders(panel, history, words);
    return panel;
}

Panel rtt_panel(const FlowHistory& history, const PlotWords& words) {
    std::vector<Panel::Point> samples, srtt, rto, least;
    std::vector<Panel::Bar> around;
    double low = 0, high = 0;
    for (const auto& [time, rtt] : rtt_samples(history)) {
        low = samples.empty() ? rtt : std::min(low, rtt);
        high = std::max(high, rtt);
        samples.push_back({time, rtt});
    }
    for (const auto& [time, now] : history.metrics) {
        if (now.srtt <= Duration::zero()) continue;
        const double mean = to_seconds(now.srtt), spread = 4 * to_seconds(now.rttvar);
        srtt.push_back({time, mean});
        rto.push_back({time, to_seconds(now.rto)});
        around.push_back({time, mean - spread, mean + spread});
        if (now.min_rtt > Duration::zero()) least.push_back({time, to_seconds(now.min_rtt)});
    }
    const std::string found = samples.empty()
                                  ? words.direction
                                  : fmt::format(fmt::runtime(words.say("{}: {} samples, {}")), words.direction,
                                                samples.size(), span_of(Quantity::seconds, low, high));
    Panel panel(std::string(words.say("Round-trip time")), found, Quantity::seconds);
    panel.band("srtt ± 4 rttvar", "#d6e9f8", std::move(around));
    panel.steps("RTO", {.colour = "#e53e3e", .width = 1.4, .dash = "6 4", .sets_range = false}, std::move(rto));
    panel.steps(words.say("least of late"), {.colour = "#38a169", .width = 1.3, .dash = "2 3"}, std::move(least));
    panel.steps("srtt", {.colour = "#2b6cb0", .width = 2}, std::move(srtt));
    panel.dots(words.say("sample"), {.colour = "#2d3748", .width = 1.9}, std::move(samples));
    return panel;
}

Panel throughput_panel(const FlowHistory& history, const PlotWords& words) {
    // About a hundred bins, of a round width.
    const double length = std::max(history.last - history.first, 1e-6);
    const auto widths = round_ticks(0, length, 80);
    const double bin = widths.size() > 1 ? widths[1] : length;
    std::map<std::int64_t, std::array<double, 2>> octets;
    for (auto i = static_cast<std::int64_t>(std::floor(history.first / bin));
         static_cast<double>(i) * bin <= history.last; ++i)
        octets[i] = {};
    const auto bin_of = [&](double time) { return static_cast<std::int64_t>(std::floor(time / bin)); };
    double total = 0;
    std::int64_t acknowledged = 1;
    for (const auto& sent : history.sent) octets[bin_of(sent.time)][0] += sent.length;
    for (const auto& ack : history.acks) {
        if (ack.ack <= acknowledged) continue;
        octets[bin_of(ack.time)][1] += static_cast<double>(ack.ack - acknowledged);
        total += static_cast<double>(ack.ack - acknowledged);
        acknowledged = ack.ack;
    }
    std::vector<Panel::Point> sent, goodput;
    for (const auto& [number, count] : octets) {
        const double begin = std::max(history.first, static_cast<double>(number) * bin);
        sent.push_back({begin, count[0] * 8 / bin});
        goodput.push_back({begin, count[1] * 8 / bin});
    }
    const double mean = total * 8 / length;
    Panel panel(std::string(words.say("Throughput")),
                fmt::format(fmt::runtime(words.say("{}: {} on average; each step is {}")), words.direction,
                            in_unit(Quantity::bits_per_second, mean), in_unit(Quantity::seconds, bin)),
                Quantity::bits_per_second);
    panel.steps(words.say("sent"), {.colour = "#cbd5e0", .filled = true}, std::move(sent));
    panel.steps(words.say("acknowledged (goodput)"), {.colour = "#2f855a", .width = 2}, std::move(goodput));
    panel.steps(words.say("acknowledged, on average"), {.colour = "#718096", .width = 1.2, .dash = "5 4"},
                {{history.first, mean}});
    return panel;
}

}  // namespace hourglass::trace
