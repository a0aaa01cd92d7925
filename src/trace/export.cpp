#include "hourglass/trace/export.h"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <vector>

namespace hourglass::trace {

namespace {

std::string in_parentheses(std::string_view clause) { return clause.empty() ? "" : fmt::format(" ({})", clause); }

std::string change_text(tcp::State before, tcp::State after) {
    if (before == after) return std::string(tcp::to_string(after));
    return fmt::format("{} -> {}", tcp::to_string(before), tcp::to_string(after));
}

std::string sending_text(const Sending& sender) {
    std::string text = "sent: ";
    if (sender.retransmission) text += "again, ";
    text += fmt::format("{}{}; {}", tcp::to_string(sender.reason), in_parentheses(tcp::clause_of(sender.reason)),
                        change_text(sender.before, sender.after));
    if (!sender.trigger.empty()) text += fmt::format(", {}", sender.trigger);
    return text;
}

std::string arriving_text(const Arriving& arrival) {
    if (!arrival.tcp) return {};
    const Processing& tcp = *arrival.tcp;
    std::string text = fmt::format("at {}: {}", arrival.host, change_text(tcp.before, tcp.after));
    if (!tcp.trigger.empty()) text += fmt::format(", {}", tcp.trigger);
    if (tcp.verdict != tcp::Verdict::accepted) text += fmt::format(", {}", tcp::to_string(tcp.verdict));
    return text + in_parentheses(tcp.clause);
}

struct Shot {
    Instant time;
    std::uint32_t interface;
    const PacketTrip* trip;
    CaptureDirection direction;
};

void take_shots(const Step& step, const PacketTrip& trip, std::uint32_t interface, const CaptureOptions& options,
                std::vector<Shot>& shots) {
    if (options.side == CaptureOptions::Side::sender) {
        if (options.lost_packets || !trip.lost())
            shots.push_back({trip.hops.front().sent, interface, &trip, CaptureDirection::outbound});
        return;
    }
    for (const Arriving& arrival : trip.arrivals)
        if (arrival.host != step.host) shots.push_back({arrival.time, interface, &trip, CaptureDirection::inbound});
}

}  // namespace

std::string comment_on(const PacketTrip& trip) {
    std::vector<std::string> parts;
    if (trip.sender) parts.push_back(sending_text(*trip.sender));
    for (const Arriving& arrival : trip.arrivals)
        if (auto text = arriving_text(arrival); !text.empty()) parts.push_back(std::move(text));
    if (const auto lost = trip.lost()) parts.push_back(fmt::format("lost: {}", sim::to_string(*lost)));
    for (const Hop& hop : trip.hops) {
        if (hop.corrupted) parts.push_back(fmt::format("damaged on the way to {}", hop.to));
        if (hop.duplicated) parts.push_back(fmt::format("duplicated on the way to {}", hop.to));
    }
    return fmt::format("{}", fmt::join(parts, " | "));
}

void write_pcapng(const Recorder& recorder, PcapngWriter& writer, const CaptureOptions& options) {
    std::map<std::uint32_t, std::uint32_t> interfaces;
    for (const auto& [index, link] : recorder.links())
        interfaces[index] =
            writer.add_interface({.name = link.name,
                                  .description = {},
                                  .type = link.medium == ip::Medium::ethernet ? LinkType::ethernet : LinkType::raw});

    std::vector<Shot> shots;
    for (const Step& step : recorder.steps()) {
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        if (trip == nullptr || trip->hops.empty()) continue;
        take_shots(step, *trip, interfaces.at(trip->hops.front().link), options, shots);
    }
    std::ranges::stable_sort(shots, {}, &Shot::time);
    for (const Shot& shot : shots)
        writer.write(shot.interface, shot.time, shot.trip->bytes, comment_on(*shot.trip), shot.direction);
}

}  // namespace hourglass::trace
