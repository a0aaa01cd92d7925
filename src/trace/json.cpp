#include <nlohmann/json.hpp>

#include "hourglass/trace/export.h"

namespace hourglass::trace {

namespace {

using Json = nlohmann::ordered_json;

std::int64_t ns(Instant time) { return time.time_since_epoch().count(); }

Json end_to_json(const ConnectionEnd& end) {
    Json j{{"address", end.address.to_string()}, {"host", end.host}};
    if (end.initial_seq) j["initial_seq"] = end.initial_seq->raw();
    if (end.window_scale) j["window_scale"] = *end.window_scale;
    return j;
}

Json connection_to_json(const ConnectionTrace& connection) {
    return {{"initiator", end_to_json(connection.initiator)},
            {"responder", end_to_json(connection.responder)},
            {"opened", ns(connection.opened)}};
}

Json hop_to_json(const Hop& hop) {
    Json j{{"link", hop.link}, {"from", hop.from}, {"to", hop.to}, {"sent", ns(hop.sent)}};
    if (hop.arrived) j["arrived"] = ns(*hop.arrived);
    if (hop.lost) j["lost"] = sim::to_string(*hop.lost);
    if (hop.duplicated) j["duplicated"] = true;
    if (hop.corrupted) j["corrupted"] = true;
    return j;
}

Json states(tcp::State before, tcp::State after) {
    return {{"before", tcp::to_string(before)}, {"after", tcp::to_string(after)}};
}

Json sending_to_json(const Sending& sender) {
    Json j = states(sender.before, sender.after);
    j["reason"] = tcp::to_string(sender.reason);
    j["clause"] = tcp::clause_of(sender.reason);
    j["retransmission"] = sender.retransmission;
    if (!sender.trigger.empty()) j["trigger"] = sender.trigger;
    return j;
}

Json arriving_to_json(const Arriving& arrival) {
    Json j{{"time", ns(arrival.time)}, {"host", arrival.host}};
    if (!arrival.tcp) return j;
    Json tcp = states(arrival.tcp->before, arrival.tcp->after);
    tcp["verdict"] = tcp::to_string(arrival.tcp->verdict);
    tcp["clause"] = arrival.tcp->clause;
    if (!arrival.tcp->trigger.empty()) tcp["trigger"] = arrival.tcp->trigger;
    j["tcp"] = std::move(tcp);
    return j;
}

Json segment_to_json(const PacketTrip& trip, const std::vector<ConnectionTrace>& connections) {
    const TcpSummary& tcp = *trip.summary.tcp;
    Json j{{"flags", flag_text(tcp.flags)}, {"seq", tcp.seq.raw()}, {"ack", tcp.ack.raw()},
           {"window", tcp.window},          {"length", tcp.length}, {"options", option_texts(tcp.options)}};
    if (!trip.connection) return j;
    const ConnectionTrace& connection = connections[*trip.connection];
    const auto own = connection.end(trip.summary.source).initial_seq;
    const auto other = connection.end(trip.summary.destination).initial_seq;
    if (own) j["relative_seq"] = (tcp.seq - own->raw()).raw();
    if (other && tcp.flags.ack()) j["relative_ack"] = (tcp.ack - other->raw()).raw();
    return j;
}

Json trip_to_json(const PacketTrip& trip, const std::vector<ConnectionTrace>& connections) {
    Json j{{"type", "packet"},
           {"id", trip.id},
           {"protocol", trip.summary.protocol},
           {"source", trip.summary.source.to_string()},
           {"destination", trip.summary.destination.to_string()},
           {"size", trip.summary.size}};
    if (!trip.summary.text.empty()) j["text"] = trip.summary.text;
    if (!trip.summary.start_line.empty()) j["start_line"] = trip.summary.start_line;
    if (trip.connection) j["connection"] = *trip.connection;
    if (trip.summary.tcp) j["tcp"] = segment_to_json(trip, connections);
    if (trip.sender) j["sender"] = sending_to_json(*trip.sender);
    if (const auto lost = trip.lost()) j["lost"] = sim::to_string(*lost);
    for (const Hop& hop : trip.hops) j["hops"].push_back(hop_to_json(hop));
    for (const Arriving& arrival : trip.arrivals) j["arrivals"].push_back(arriving_to_json(arrival));
    return j;
}

Json step_to_json(const Step& step, const std::vector<ConnectionTrace>& connections) {
    Json j{{"time", ns(step.time)}, {"host", step.host}};
    if (const auto* trip = std::get_if<PacketTrip>(&step.what)) {
        j.update(trip_to_json(*trip, connections));
    } else if (const auto* state = std::get_if<StateStep>(&step.what)) {
        j["type"] = "state";
        j["connection"] = state->connection;
        j.update(states(state->before, state->after));
        j["trigger"] = state->trigger;
    } else if (const auto* timer = std::get_if<TimerStep>(&step.what)) {
        j["type"] = "timer";
        j["connection"] = timer->connection;
        j["timer"] = timer->timer;
        j["count"] = timer->count;
    } else {
        const Note& note = std::get<Note>(step.what);
        j["type"] = "note";
        if (note.connection) j["connection"] = *note.connection;
        j["text"] = note.text;
    }
    return j;
}

}  // namespace

std::string to_json(const Recorder& recorder) {
    Json j{{"connections", Json::array()}, {"links", Json::array()}, {"steps", Json::array()}};
    for (const ConnectionTrace& connection : recorder.connections())
        j["connections"].push_back(connection_to_json(connection));
    for (const auto& [index, link] : recorder.links())
        j["links"].push_back({{"index", index},
                              {"name", link.name},
                              {"medium", link.medium == ip::Medium::ethernet ? "ethernet" : "ip"}});
    for (const Step& step : recorder.steps()) j["steps"].push_back(step_to_json(step, recorder.connections()));
    if (recorder.omitted() > 0) j["omitted_steps"] = recorder.omitted();
    return j.dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace hourglass::trace
