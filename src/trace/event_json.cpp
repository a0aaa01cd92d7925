#include "hourglass/trace/event_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <ostream>

#include "trace/event_tokens.h"

namespace hourglass::trace {

namespace {

using Json = nlohmann::ordered_json;

constexpr char kRecordSeparator = 0x1e;  // RFC 7464, section 2.2

double milliseconds(Duration d) { return to_seconds(d) * 1000; }

Json flags_of(wire::TcpFlags flags) {
    Json list = Json::array();
    const auto put = [&](bool set, const char* name) {
        if (set) list.push_back(name);
    };
    put(flags.syn(), "SYN");
    put(flags.fin(), "FIN");
    put(flags.rst(), "RST");
    put(flags.psh(), "PSH");
    put(flags.ack(), "ACK");
    put(flags.urg(), "URG");
    put((flags.value & wire::TcpFlags::kEce) != 0, "ECE");
    put((flags.value & wire::TcpFlags::kCwr) != 0, "CWR");
    return list;
}

Json options_of(const wire::TcpOptions& o) {
    Json j = Json::object();
    if (o.mss) j["mss"] = *o.mss;
    if (o.window_scale) j["window_scale"] = *o.window_scale;
    if (o.sack_permitted) j["sack_permitted"] = true;
    if (o.timestamps) j["timestamps"] = {{"value", o.timestamps->value}, {"echo_reply", o.timestamps->echo_reply}};
    if (o.sack_count > 0) {
        Json blocks = Json::array();
        for (const wire::SackBlock& block : o.sack_blocks()) blocks.push_back({block.left.raw(), block.right.raw()});
        j["sack"] = std::move(blocks);
    }
    return j;
}

Json header_to_json(const SegmentHeader& h) {
    Json j{{"seq", h.seq.raw()}, {"ack", h.ack.raw()}, {"flags", flags_of(h.flags)}, {"window", h.window}};
    if (Json options = options_of(h.options); !options.empty()) j["options"] = std::move(options);
    return j;
}

/// The data of each kind of event, and its name.
struct Describe {
    const EventLog& log;

    Json operator()(const ConnectionStarted& e) const { return {{"role", e.active ? "active" : "passive"}}; }
    Json operator()(const ParametersSet& e) const {
        return {{"snd_mss", e.snd_mss},
                {"peer_mss", e.peer_mss},
                {"path_mtu", e.path_mtu},
                {"window_scaling", e.window_scaling},
                {"snd_wscale", e.snd_wscale},
                {"rcv_wscale", e.rcv_wscale},
                {"timestamps", e.timestamps},
                {"sack", e.sack},
                {"ecn", e.ecn},
                {"congestion_control", e.congestion_control}};
    }
    Json operator()(const StateUpdated& e) const {
        return {{"old", tcp::to_string(e.before)}, {"new", tcp::to_string(e.after)}, {"trigger", e.trigger}};
    }
    Json operator()(const ConnectionEnded& e) const {
        Json j{{"trigger", e.trigger}};
        if (e.error != tcp::Error::none) j["error"] = tcp::to_string(e.error);
        return j;
    }
    Json operator()(const QueueUpdated& e) const {
        return {{"queue", tcp::to_string(e.queue)},
                {"change", tcp::to_string(e.change)},
                {"length", e.length},
                {"limit", e.limit}};
    }
    Json operator()(const SegmentSent& e) const {
        Json j{{"segment", e.number},
               {"header", header_to_json(e.header)},
               {"payload_length", e.header.length},
               {"reason", token(e.reason)},
               {"state", tcp::to_string(e.state)}};
        if (e.retransmission) j["retransmission"] = true;
        if (e.retransmit_of != 0) j["retransmit_of"] = e.retransmit_of;
        return j;
    }
    Json operator()(const SegmentReceived& e) const {
        Json j{{"segment", e.number},
               {"header", header_to_json(e.header)},
               {"payload_length", e.header.length},
               {"verdict", token(e.verdict)},
               {"state", tcp::to_string(e.before)}};
        if (e.after != e.before) j["new_state"] = tcp::to_string(e.after);
        return j;
    }
    Json operator()(const SegmentDropped& e) const {
        return {{"segment", e.number},
                {"reason", token(e.verdict)},
                {"source", e.source.to_string()},
                {"destination", e.destination.to_string()}};
    }
    Json operator()(const BlockedUpdated& e) const {
        Json j{{"old", token(e.before)}, {"new", token(e.after)}};
        if (e.send_buffer_full) j["send_buffer_full"] = true;
        return j;
    }
    Json operator()(const TimerUpdated& e) const {
        Json j{{"timer", e.timer}, {"event", token(e.change)}};
        if (e.change == TimerUpdated::Change::set) j["at"] = milliseconds(log.since_epoch(e.at));
        if (e.change == TimerUpdated::Change::expired) j["count"] = e.count;
        return j;
    }
    Json operator()(const MetricsUpdated& e) const {
        Json j{{"cwnd", e.cwnd},
               {"pipe", e.pipe},
               {"snd_wnd", e.snd_wnd},
               {"rcv_wnd", e.rcv_wnd},
               {"not_sent", e.not_sent},
               {"receive_queue", e.receive_queue},
               {"snd_una", e.snd_una.raw()},
               {"snd_nxt", e.snd_nxt.raw()},
               {"rcv_nxt", e.rcv_nxt.raw()},
               {"rto", milliseconds(e.rto)}};
        if (e.ssthresh != UINT32_MAX) j["ssthresh"] = e.ssthresh;
        if (e.srtt > Duration::zero()) {
            j["smoothed_rtt"] = milliseconds(e.srtt);
            j["rtt_variance"] = milliseconds(e.rttvar);
            j["min_rtt"] = milliseconds(e.min_rtt);
        }
        if (e.backoff > 0) j["backoff"] = e.backoff;
        if (e.pacing_rate > 0) j["pacing_rate"] = static_cast<std::uint64_t>(e.pacing_rate * 8);
        return j;
    }
    Json operator()(const RecoveryUpdated& e) const {
        return {{"old", tcp::to_string(e.before)}, {"new", tcp::to_string(e.after)}};
    }
    Json operator()(const RangeLost& e) const {
        return {{"begin", e.begin.raw()}, {"end", e.end.raw()}, {"octets", e.octets}, {"rule", token(e.rule)}};
    }
    Json operator()(const LossSpurious& e) const {
        return {{"proof", token(e.proof)}, {"undone", e.timeout ? "timeout" : "fast_recovery"}};
    }
    Json operator()(const SocketCalled& e) const {
        Json j{{"call", tcp::to_string(e.call)}};
        if (e.call == tcp::Call::send || e.call == tcp::Call::receive) {
            // "As much as there is" has no number.
            if (e.asked < UINT32_MAX) j["asked"] = e.asked;
            j["done"] = e.done;
        }
        if (e.error != tcp::Error::none) j["error"] = tcp::to_string(e.error);
        return j;
    }
    Json operator()(const ApplicationTold& e) const { return {{"notice", tcp::to_string(e.notice)}}; }
    Json operator()(const PacketFate& e) const {
        Json j{{"fate", token(e.fate)}, {"from", e.from}, {"to", e.to}};
        if (e.number != 0) j["segment"] = e.number;
        if (e.fate == PacketFate::Fate::lost) j["reason"] = sim::to_string(e.reason);
        return j;
    }
    Json operator()(const Remarked& e) const { return {{"text", e.text}}; }
};

constexpr std::array<std::string_view, std::variant_size_v<EventData>> kNames = {
    "tcp:connection_started",   "tcp:parameters_set",  "tcp:connection_state_updated",
    "tcp:connection_closed",    "tcp:queue_updated",   "tcp:segment_sent",
    "tcp:segment_received",     "tcp:segment_dropped", "tcp:blocked_updated",
    "tcp:timer_updated",        "tcp:metrics_updated", "tcp:recovery_state_updated",
    "tcp:segments_lost",        "tcp:loss_spurious",   "tcp:socket_called",
    "tcp:application_notified", "network:packet_fate", "application:remark",
};

Json object_of(const EventLog& log, const Event& event) {
    Json j{{"time", milliseconds(log.since_epoch(event.time))}, {"name", name_of(event)}, {"id", event.id}};
    if (event.cause != 0) j["cause"] = event.cause;
    j["host"] = log.hosts()[event.host];
    if (event.end != kNoEnd) {
        const tcp::FlowKey& flow = log.connections()[event.end].flow;
        j["group_id"] = event.end + 1;
        if (event.as<ConnectionStarted>() != nullptr) {
            j["local"] = SocketAddress{flow.local, flow.local_port}.to_string();
            j["remote"] = SocketAddress{flow.remote, flow.remote_port}.to_string();
        }
    }
    if (!event.clause.empty()) j["clause"] = event.clause;
    j["data"] = std::visit(Describe{log}, event.data);
    return j;
}

std::string dump(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }

}  // namespace

std::string_view name_of(const Event& event) {
    if (const auto* remark = event.as<Remarked>()) {
        if (remark->text.starts_with("dns: ")) return "dns:message";
        if (remark->text.starts_with("http: ")) return "http:message";
    }
    return kNames[event.data.index()];
}

std::string to_json(const EventLog& log, const Event& event) { return dump(object_of(log, event)); }

void write_ndjson(const EventLog& log, std::ostream& out) {
    for (const Event& event : log.events()) out << to_json(log, event) << '\n';
}

void write_qlog(const EventLog& log, std::ostream& out, std::string_view title) {
    const Json header{
        {"file_schema", "urn:ietf:params:qlog:file:sequential"},
        {"serialization_format", "application/qlog+json-seq"},
        {"title", title},
        {"trace",
         {{"vantage_point", {{"type", "network"}}},
          {"common_fields",
           {{"time_format", "relative_to_epoch"},
            {"reference_time", {{"clock_type", "monotonic"}, {"epoch", "unknown"}}},
            {"protocol_types", {"TCP"}}}},
          {"event_schemas", {"urn:hourglass:qlog:events:tcp-01"}}}},
    };
    out << kRecordSeparator << dump(header) << '\n';
    for (const Event& event : log.events()) out << kRecordSeparator << to_json(log, event) << '\n';
}

}  // namespace hourglass::trace
