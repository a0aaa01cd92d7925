#include "trace/ladder_content.h"

#include <algorithm>
#include <fmt/format.h>

#include "trace/text.h"

namespace hourglass::trace {

namespace {

std::string with_clause(std::string_view text, std::string_view clause) {
    return clause.empty() ? std::string(text) : fmt::format("{} {}", text, together(fmt::format("({})", clause)));
}

/// Timers that made a segment or a change of state speak through it: its reason says so.
bool is_told_otherwise(const Step& step, const std::vector<const Step*>& steps) {
    if (!std::holds_alternative<TimerStep>(step.what)) return false;
    const auto at_once = std::ranges::equal_range(steps, step.time, {}, &Step::time);
    return std::ranges::any_of(at_once, [&](const Step* one) {
        return one->host == step.host && !std::holds_alternative<TimerStep>(one->what) &&
               !std::holds_alternative<Note>(one->what);
    });
}

/// A segment of an earlier connection between the same ends that arrives when this one has begun.
bool is_late(const Step& step, const ConnectionTrace& connection) {
    const auto* trip = std::get_if<PacketTrip>(&step.what);
    if (trip == nullptr || !trip->summary.tcp || step.time >= connection.opened) return false;
    const auto ends = std::minmax(trip->summary.source, trip->summary.destination);
    return ends == std::minmax(connection.initiator.address, connection.responder.address) &&
           std::ranges::any_of(trip->arrivals, [&](const Arriving& a) { return a.time >= connection.opened; });
}

}  // namespace

std::string triggers_text(std::string_view triggers, Language language) {
    constexpr std::string_view kThen = ", then ";
    const std::size_t then = triggers.find(kThen);
    if (then == std::string_view::npos) return std::string(in_language(language, triggers));
    return fmt::format("{}{}{}", in_language(language, triggers.substr(0, then)),
                       language == Language::zh ? "，随后" : kThen,
                       triggers_text(triggers.substr(then + kThen.size()), language));
}

std::vector<std::string> reasons_of(const Row& row, const PacketTrip& trip, Language language) {
    const auto say = [language](std::string_view english) { return in_language(language, english); };
    std::vector<std::string> reasons;
    const bool shows_departure = row.kind == Row::Kind::segment || row.kind == Row::Kind::departure;
    if (shows_departure && trip.sender && trip.sender->reason != tcp::SendReason::none)
        reasons.push_back(with_clause(say(tcp::to_string(trip.sender->reason)), tcp::clause_of(trip.sender->reason)));
    if (shows_departure) {
        if (const auto lost = trip.lost())
            reasons.push_back(fmt::format(fmt::runtime(say("lost: {}")), say(sim::to_string(*lost))));
        if (trip.hops.empty()) reasons.emplace_back(say("never left the host"));
        if (std::ranges::any_of(trip.hops, &Hop::corrupted)) reasons.emplace_back(say("damaged on the way"));
    }
    if (row.kind == Row::Kind::repeat) reasons.emplace_back(say("the network made a second copy"));
    const bool shows_arrival = row.kind != Row::Kind::departure && row.arrival != nullptr && row.arrival->tcp;
    if (!shows_arrival) return reasons;
    const Processing& tcp = *row.arrival->tcp;
    if (tcp.before != tcp.after && !tcp.trigger.empty())
        reasons.push_back(
            with_clause(fmt::format("{}: {}", row.arrival->host, triggers_text(tcp.trigger, language)), tcp.clause));
    else if (tcp.verdict != tcp::Verdict::accepted)
        reasons.push_back(
            with_clause(fmt::format("{}: {}", row.arrival->host, say(tcp::to_string(tcp.verdict))), tcp.clause));
    return reasons;
}

bool is_lost(const Row& row, const PacketTrip& trip) {
    return row.kind == Row::Kind::segment && row.arrival == nullptr && (trip.lost() || trip.hops.empty());
}

std::vector<const Step*> steps_to_show(const Recorder& recorder, ConnectionIndex connection,
                                       const LadderOptions& options) {
    std::vector<const Step*> all;
    for (const Step& step : recorder.steps())
        if (is_late(step, recorder.connections()[connection])) all.push_back(&step);
    for (const std::size_t place : recorder.steps_of(connection)) all.push_back(&recorder.steps()[place]);
    std::vector<const Step*> shown;
    for (const Step* step : all)
        if (!is_told_otherwise(*step, all) && step->time >= options.from && step->time < options.until)
            shown.push_back(step);
    return shown;
}

Rows rows_to_show(const Recorder& recorder, ConnectionIndex index, const std::vector<const Step*>& steps,
                  const LadderOptions& options) {
    const ConnectionTrace& connection = recorder.connections()[index];
    // Notes of the hosts before the connection began belong to it.
    const bool late = !steps.empty() && is_late(*steps.front(), connection);
    Rows rows =
        arrange(steps, connection.initiator.host, connection.responder.host, late ? connection.opened : Instant::min());
    const auto has_remark = [&](const Step* step) {
        return std::ranges::any_of(options.remarks, [&](const Remark& r) { return &recorder.steps()[r.step] == step; });
    };
    fold_runs(rows.rows, options.fold_after, options.gap, has_remark);
    if (options.fold_after > 0) fold_cycles(rows.rows, has_remark);
    return rows;
}

}  // namespace hourglass::trace
