#include <nlohmann/json.hpp>

#include "hourglass/lab/scenario.h"
#include "hourglass/trace/export.h"

namespace hourglass::lab {

namespace {

using Json = nlohmann::ordered_json;

std::int64_t ns(Instant time) { return time.time_since_epoch().count(); }

Json to_object(const Heading& part) { return {{"heading", part.text}}; }
Json to_object(const Paragraph& part) { return {{"paragraph", part.text}}; }
Json to_object(const Table& part) { return {{"table", part.rows}}; }

Json to_object(const Verbatim& part) { return {{"verbatim", {{"title", part.title}, {"text", part.text}}}}; }

Json to_object(const LadderPart& part) {
    Json ladder{{"recording", part.recording}};
    if (part.connection)
        ladder["connection"] = *part.connection;
    else
        ladder["hosts"] = {part.hosts.first, part.hosts.second};
    ladder["remarks"] = Json::array();
    for (const trace::Remark& remark : part.remarks)
        ladder["remarks"].push_back({{"step", remark.step}, {"text", remark.text}});
    return {{"ladder", std::move(ladder)}};
}

Json to_object(const Bars& part) {
    Json bars = Json::array();
    for (const Bars::Bar& bar : part.bars)
        bars.push_back({{"name", bar.name}, {"begin", ns(bar.begin)}, {"end", ns(bar.end)}, {"text", bar.text}});
    return {{"bars", std::move(bars)}};
}

Json to_object(const Plot& part) {
    Json series = Json::array();
    for (const Plot::Series& one : part.series) {
        Json points = Json::array();
        for (const auto& [time, value] : one.points) points.push_back({ns(time), value});
        series.push_back({{"name", one.name}, {"points", std::move(points)}});
    }
    return {{"plot", {{"title", part.title}, {"unit", part.unit}, {"series", std::move(series)}}}};
}

std::string_view name_of(Check::Outcome outcome) {
    constexpr std::string_view names[] = {"holds", "fails", "not applicable"};
    return names[static_cast<std::size_t>(outcome)];
}

}  // namespace

std::string to_json(const Lesson& lesson) {
    Json out{{"scenario", lesson.scenario->name},
             {"title", lesson.scenario->title.in(lesson.language)},
             {"seed", lesson.seed},
             {"settings", Json::object()},
             {"holds", lesson.holds()}};
    for (const auto& [name, value] : lesson.settings) out["settings"][name] = value;
    out["checks"] = Json::array();
    for (const Check& check : lesson.checks)
        out["checks"].push_back({{"outcome", name_of(check.outcome)}, {"text", check.text}, {"clause", check.clause}});
    out["parts"] = Json::array();
    for (const Part& part : lesson.parts)
        out["parts"].push_back(std::visit([](const auto& one) { return to_object(one); }, part));
    out["recordings"] = Json::array();
    for (const Recording& recording : lesson.recordings)
        out["recordings"].push_back(
            {{"label", recording.label}, {"recording", Json::parse(trace::to_json(*recording.recorder))}});
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace hourglass::lab
