#include "hourglass/runtime/report.h"

#include <nlohmann/json.hpp>

namespace hourglass::runtime {

namespace {

using Json = nlohmann::ordered_json;

Json to_json(const tcp::ConnectionInfo& info, Instant now) {
    const tcp::FlowKey& flow = info.flow;
    const bool listening = info.state == tcp::State::listen;
    Json json{{"protocol", flow.local.is_v4() ? "tcp" : "tcp6"},
              {"receive_queue", info.receive_queue},
              {"send_queue", info.send_queue},
              {"local", SocketAddress{flow.local, flow.local_port}.to_string()},
              {"remote", listening ? Json(nullptr) : Json(SocketAddress{flow.remote, flow.remote_port}.to_string())},
              {"state", tcp::to_string(info.state)},
              {"timer", info.timer.empty() ? "off" : info.timer},
              {"timer_in", info.next_timer == kNever ? Json(nullptr) : Json(to_seconds(info.next_timer - now))}};
    if (tcp::is_synchronized(info.state) && info.state != tcp::State::time_wait)
        json.update({{"cwnd", info.cwnd},
                     {"ssthresh", info.ssthresh},
                     {"in_flight", info.in_flight},
                     {"send_window", info.snd_wnd},
                     {"receive_window", info.rcv_wnd},
                     {"mss", info.mss},
                     {"srtt", to_seconds(info.srtt)},
                     {"rttvar", to_seconds(info.rttvar)},
                     {"rto", to_seconds(info.rto)},
                     {"retransmissions", info.retransmissions}});
    return json;
}

Json to_json(const tcp::Counters& c) {
    return {{"segments_in", c.segments_in},
            {"segments_out", c.segments_out},
            {"bytes_in", c.bytes_in},
            {"bytes_out", c.bytes_out},
            {"retransmitted", c.retransmitted},
            {"resets_in", c.resets_in},
            {"resets_out", c.resets_out},
            {"active_opens", c.active_opens},
            {"passive_opens", c.passive_opens},
            {"attempt_fails", c.attempt_fails},
            {"established_resets", c.established_resets},
            {"timeouts", c.timeouts},
            {"fast_retransmits", c.fast_retransmits},
            {"window_probes", c.window_probes},
            {"keepalives", c.keepalives},
            {"challenge_acks", c.challenge_acks},
            {"syn_ack_retransmitted", c.syn_ack_retransmitted},
            {"half_open_expired", c.half_open_expired},
            {"syn_cookies_sent", c.syn_cookies_sent},
            {"syn_cookies_accepted", c.syn_cookies_accepted},
            {"syn_cookies_failed", c.syn_cookies_failed},
            {"dropped_half_open_full", c.dropped_half_open_full},
            {"dropped_accept_full", c.dropped_accept_full},
            {"time_wait_evicted", c.time_wait_evicted},
            {"dropped_checksum", c.dropped_checksum},
            {"dropped_malformed", c.dropped_malformed},
            {"dropped_paws", c.dropped_paws},
            {"dropped_bad_ack", c.dropped_bad_ack},
            {"dropped_not_for_us", c.dropped_not_for_us},
            {"dropped_no_connection", c.dropped_no_connection},
            {"dropped_out_of_window", c.dropped_out_of_window},
            {"dropped_reassembly_full", c.dropped_reassembly_full}};
}

Json to_json(const ip::Counters& counters) {
    Json json = Json::object();
    for (const ip::CounterEntry& entry : ip::list(counters)) json[entry.name] = entry.value;
    return json;
}

}  // namespace

std::string connections_report(ip::Host& host, Instant now) {
    Json list = Json::array();
    for (const tcp::ConnectionInfo& info : host.tcp().connections()) list.push_back(to_json(info, now));
    return Json{{"connections", std::move(list)}}.dump();
}

std::string counters_report(ip::Host& host, const link::TunCounters& tun) {
    return Json{{"counters",
                 {{"ip", to_json(host.counters())},
                  {"tcp", to_json(host.tcp().counters())},
                  {"tun", {{"unknown_segmentation", tun.unknown_segmentation}, {"refused", tun.refused}}}}}}
        .dump();
}

}  // namespace hourglass::runtime
