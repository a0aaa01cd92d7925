#include "cli/timing.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace hourglass::cli {

namespace {

/// What the hop was at when it ended.
const char* last_phase(const http::Hop& hop) {
    if (hop.first_byte != kNever) return "receive";
    if (hop.sent != kNever) return "wait";
    if (hop.asked != kNever) return "send";
    if (hop.connected != kNever) return "tls";
    return hop.resolved != kNever ? "connect" : "resolve";
}

}  // namespace

std::vector<Phase> phases_of(const http::Hop& hop) {
    std::vector<Phase> phases;
    Instant from = hop.began;
    const auto add = [&](const char* name, Instant to) {
        if (to == kNever || to < from) return;
        phases.push_back({name, from, to});
        from = to;
    };
    if (hop.reused) {
        from = std::min(hop.asked, hop.ended);
    } else {
        add("resolve", hop.resolved);
        add("connect", hop.connected);
        add("tls", hop.secured);
        // A tunnel takes time as well; it belongs to the connection.
        if (hop.secured == kNever && hop.connected != kNever && hop.asked != kNever && !phases.empty())
            phases.back().to = from = std::max(from, hop.asked);
    }
    add("send", hop.sent);
    add("wait", hop.first_byte);
    add(last_phase(hop), hop.ended);
    return phases;
}

namespace {

double milliseconds(Duration d) { return to_seconds(d) * 1000; }

/// A bar of blocks from `from` to `to` of a scale that is `width` wide; an eighth of a block at least.
std::string bar(double from, double to, std::size_t width) {
    const auto begin = std::min(static_cast<std::size_t>(from * static_cast<double>(width)), width - 1);
    const auto eighths = std::max(1L, std::lround((to * static_cast<double>(width) - static_cast<double>(begin)) * 8));
    const char* const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    std::string text(begin, ' ');
    for (long i = 0; i < eighths / 8; ++i) text += "█";
    return text + parts[eighths % 8];
}

}  // namespace

std::string waterfall(const std::vector<http::Hop>& hops, std::size_t width) {
    if (hops.empty()) return {};
    const Instant begin = hops.front().began;
    const double whole = std::max(to_seconds(hops.back().ended - begin), 1e-9);
    std::string text;
    for (const http::Hop& hop : hops) {
        text += fmt::format("{} {}: ", hop.method.name(), printable(hop.url.to_string()));
        text += hop.status != 0 ? fmt::format("{}, {} bytes", hop.status, hop.bytes_received) : "no answer";
        if (hop.bytes_sent > 0) text += fmt::format(", {} bytes sent", hop.bytes_sent);
        if (hop.reused) text += ", on the same connection";
        text += '\n';
        for (const Phase& phase : phases_of(hop))
            text +=
                fmt::format("  {:<8}{:>10.2f} ms  {}\n", phase.name, milliseconds(phase.to - phase.from),
                            bar(to_seconds(phase.from - begin) / whole, to_seconds(phase.to - begin) / whole, width));
    }
    text += fmt::format("  {:<8}{:>10.2f} ms\n", "total", milliseconds(hops.back().ended - begin));
    return text;
}

nlohmann::json to_json(const std::vector<http::Hop>& hops) {
    nlohmann::json list = nlohmann::json::array();
    const Instant begin = hops.empty() ? Instant{} : hops.front().began;
    for (const http::Hop& hop : hops) {
        nlohmann::json times = nlohmann::json::object();
        for (const Phase& phase : phases_of(hop))
            times[phase.name] = {{"from", to_us(phase.from - begin)}, {"to", to_us(phase.to - begin)}};
        nlohmann::json one = {{"url", hop.url.to_string()},
                              {"method", hop.method.name()},
                              {"status", hop.status},
                              {"reused", hop.reused},
                              {"bytes_sent", hop.bytes_sent},
                              {"bytes_received", hop.bytes_received},
                              {"began", to_us(hop.began - begin)},
                              {"ended", to_us(hop.ended - begin)},
                              {"phases", std::move(times)}};
        if (hop.remote.port != Port{}) one["remote"] = hop.remote.to_string();
        if (!hop.proxy.empty()) one["proxy"] = hop.proxy;
        if (!hop.security.empty()) one["tls"] = hop.security;
        if (hop.transport)
            one["tcp"] = {{"local", hop.transport->local.to_string()},
                          {"round_trip", to_us(hop.transport->round_trip)},
                          {"retransmissions", hop.transport->retransmissions},
                          {"window", hop.transport->window}};
        list.push_back(std::move(one));
    }
    return list;
}

}  // namespace hourglass::cli
