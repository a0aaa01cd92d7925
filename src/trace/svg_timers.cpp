#include "trace/svg_timers.h"

#include <array>
#include <map>
#include <optional>
#include <utility>

namespace hourglass::trace {

namespace {

/// Which end of the connection a log's end is.
std::optional<Rail> rail_of(const ConnectionEndpoint& end, const ConnectionTrace& connection) {
    const SocketAddress local{end.flow.local, end.flow.local_port}, remote{end.flow.remote, end.flow.remote_port};
    if (local == connection.initiator.address && remote == connection.responder.address) return Rail::left;
    if (local == connection.responder.address && remote == connection.initiator.address) return Rail::right;
    return std::nullopt;
}

}  // namespace

std::vector<TimerSpan> timer_spans(const EventLog& log, const ConnectionTrace& connection) {
    using Change = TimerUpdated::Change;
    std::vector<TimerSpan> spans;
    std::array<Instant, 2> last_sent{connection.opened, connection.opened};
    std::map<std::pair<Rail, std::string_view>, std::size_t> running;
    for (const Event& event : log.events()) {
        if (event.end >= log.connections().size() || event.time < connection.opened) continue;
        const auto rail = rail_of(log.connections()[event.end], connection);
        if (!rail) continue;
        Instant& sent = last_sent[static_cast<std::size_t>(*rail)];
        if (event.as<SegmentSent>() != nullptr) sent = event.time;
        const auto* timer = event.as<TimerUpdated>();
        if (timer == nullptr) continue;
        const auto known = running.find({*rail, timer->timer});
        if (timer->change == Change::set) {
            if (known != running.end()) continue;
            running[{*rail, timer->timer}] = spans.size();
            spans.push_back({.rail = *rail, .timer = timer->timer, .begin = event.time});
        } else if (known != running.end()) {
            spans[known->second].end = event.time;
            spans[known->second].expired = timer->change == Change::expired;
            running.erase(known);
        } else if (timer->change == Change::expired) {
            // Nobody told of its setting: it was that of what was sent last.
            spans.push_back({*rail, timer->timer, sent, event.time, true});
        }
    }
    return spans;
}

TimerLook look_of_timer(std::string_view timer) {
    if (timer == "retransmission" || timer == "SYN-ACK") return {"#ed8936", 0};
    if (timer == "2 MSL") return {"#9f7aea", 0};
    if (timer == "persist") return {"#d69e2e", 0};
    if (timer == "delayed ACK") return {"#38b2ac", 1};
    if (timer == "tail loss probe") return {"#e53e3e", 1};
    if (timer == "reordering") return {"#f687b3", 1};
    if (timer == "pacing") return {"#68d391", 1};
    return {"#a0aec0", 1};
}

}  // namespace hourglass::trace
