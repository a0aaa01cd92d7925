#include <algorithm>
#include <array>

#include "hourglass/socket/tcp_info.h"

namespace hourglass::socket {

namespace {

struct Field {
    std::string_view name;
    std::uint64_t (*value)(const TcpInfo&);
};

constexpr std::array kFields{
    Field{"tcpi_state", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_state; }},
    Field{"tcpi_ca_state", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_ca_state; }},
    Field{"tcpi_retransmits", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_retransmits; }},
    Field{"tcpi_probes", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_probes; }},
    Field{"tcpi_backoff", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_backoff; }},
    Field{"tcpi_options", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_options; }},
    Field{"tcpi_snd_wscale", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_snd_wscale; }},
    Field{"tcpi_rcv_wscale", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_wscale; }},
    Field{"tcpi_delivery_rate_app_limited",
          [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_delivery_rate_app_limited; }},
    Field{"tcpi_fastopen_client_fail", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_fastopen_client_fail; }},
    Field{"tcpi_rto", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rto; }},
    Field{"tcpi_ato", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_ato; }},
    Field{"tcpi_snd_mss", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_snd_mss; }},
    Field{"tcpi_rcv_mss", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_mss; }},
    Field{"tcpi_unacked", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_unacked; }},
    Field{"tcpi_sacked", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_sacked; }},
    Field{"tcpi_lost", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_lost; }},
    Field{"tcpi_retrans", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_retrans; }},
    Field{"tcpi_fackets", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_fackets; }},
    Field{"tcpi_last_data_sent", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_last_data_sent; }},
    Field{"tcpi_last_ack_sent", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_last_ack_sent; }},
    Field{"tcpi_last_data_recv", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_last_data_recv; }},
    Field{"tcpi_last_ack_recv", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_last_ack_recv; }},
    Field{"tcpi_pmtu", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_pmtu; }},
    Field{"tcpi_rcv_ssthresh", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_ssthresh; }},
    Field{"tcpi_rtt", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rtt; }},
    Field{"tcpi_rttvar", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rttvar; }},
    Field{"tcpi_snd_ssthresh", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_snd_ssthresh; }},
    Field{"tcpi_snd_cwnd", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_snd_cwnd; }},
    Field{"tcpi_advmss", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_advmss; }},
    Field{"tcpi_reordering", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_reordering; }},
    Field{"tcpi_rcv_rtt", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_rtt; }},
    Field{"tcpi_rcv_space", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_space; }},
    Field{"tcpi_total_retrans", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_total_retrans; }},
    Field{"tcpi_pacing_rate", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_pacing_rate; }},
    Field{"tcpi_max_pacing_rate", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_max_pacing_rate; }},
    Field{"tcpi_bytes_acked", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_bytes_acked; }},
    Field{"tcpi_bytes_received", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_bytes_received; }},
    Field{"tcpi_segs_out", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_segs_out; }},
    Field{"tcpi_segs_in", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_segs_in; }},
    Field{"tcpi_notsent_bytes", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_notsent_bytes; }},
    Field{"tcpi_min_rtt", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_min_rtt; }},
    Field{"tcpi_data_segs_in", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_data_segs_in; }},
    Field{"tcpi_data_segs_out", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_data_segs_out; }},
    Field{"tcpi_delivery_rate", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_delivery_rate; }},
    Field{"tcpi_busy_time", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_busy_time; }},
    Field{"tcpi_rwnd_limited", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rwnd_limited; }},
    Field{"tcpi_sndbuf_limited", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_sndbuf_limited; }},
    Field{"tcpi_delivered", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_delivered; }},
    Field{"tcpi_delivered_ce", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_delivered_ce; }},
    Field{"tcpi_bytes_sent", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_bytes_sent; }},
    Field{"tcpi_bytes_retrans", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_bytes_retrans; }},
    Field{"tcpi_dsack_dups", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_dsack_dups; }},
    Field{"tcpi_reord_seen", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_reord_seen; }},
    Field{"tcpi_rcv_ooopack", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_ooopack; }},
    Field{"tcpi_snd_wnd", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_snd_wnd; }},
    Field{"tcpi_rcv_wnd", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rcv_wnd; }},
    Field{"tcpi_rehash", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_rehash; }},
    Field{"tcpi_total_rto", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_total_rto; }},
    Field{"tcpi_total_rto_recoveries", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_total_rto_recoveries; }},
    Field{"tcpi_total_rto_time", [](const TcpInfo& i) -> std::uint64_t { return i.tcpi_total_rto_time; }},
};

}  // namespace

std::optional<std::uint64_t> field_of(const TcpInfo& info, std::string_view name) {
    const auto found = std::ranges::find(kFields, name, &Field::name);
    return found == kFields.end() ? std::nullopt : std::optional(found->value(info));
}

}  // namespace hourglass::socket
