// A connection as Linux's tcp_info tells it.

#include "hourglass/socket/tcp_info.h"

#include <limits>

#include "socket/tcp_socket.h"

namespace hourglass::socket {

namespace {

std::uint32_t microseconds(Duration d) {
    return static_cast<std::uint32_t>(std::min<std::int64_t>(to_us(d), std::numeric_limits<std::uint32_t>::max()));
}

/// Linux counts windows in segments.
std::uint32_t segments(std::uint32_t bytes, std::uint32_t mss) { return mss == 0 ? 0 : bytes / mss; }

constexpr std::uint32_t kInfiniteThreshold = 0x7fffffff;  // TCP_INFINITE_SSTHRESH

}  // namespace

TcpInfo tcp_info_of(const tcp::ConnectionInfo& c, const tcp::Settings& settings) {
    TcpInfo info;
    info.tcpi_state = state_number(c.state);
    info.tcpi_ca_state = static_cast<std::uint8_t>(c.recovery);
    info.tcpi_retransmits = c.timeouts;
    info.tcpi_probes = c.probes;
    info.tcpi_backoff = c.backoff;
    info.tcpi_options = static_cast<std::uint8_t>((c.timestamps ? 1 : 0) | (c.sack ? 2 : 0) |
                                                  (c.window_scaling ? 4 : 0) | (c.syn_data ? 32 : 0));
    info.tcpi_snd_wscale = c.snd_wscale & 0x0f;
    info.tcpi_rcv_wscale = c.rcv_wscale & 0x0f;
    info.tcpi_rto = microseconds(c.rto);
    info.tcpi_ato = microseconds(settings.delayed_ack);
    info.tcpi_snd_mss = c.mss;
    info.tcpi_rcv_mss = c.received_mss;
    info.tcpi_unacked = c.unacked;
    info.tcpi_sacked = c.sacked;
    info.tcpi_lost = c.lost;
    info.tcpi_retrans = c.retransmitted;
    info.tcpi_last_data_sent = static_cast<std::uint32_t>(to_ms(c.since_last_sent));
    info.tcpi_pmtu = c.path_mtu;
    info.tcpi_rcv_ssthresh = c.rcv_wnd;
    info.tcpi_rtt = microseconds(c.srtt);
    info.tcpi_rttvar = microseconds(c.rttvar);
    info.tcpi_snd_ssthresh = c.ssthresh >= kInfiniteThreshold ? kInfiniteThreshold : segments(c.ssthresh, c.mss);
    info.tcpi_snd_cwnd = segments(c.cwnd, c.mss);
    info.tcpi_advmss = c.advertised_mss;
    info.tcpi_reordering = 3;  // RFC 5681's three duplicate ACKs; RACK has a time instead
    info.tcpi_rcv_space = settings.receive_buffer;
    info.tcpi_total_retrans = c.retransmissions;
    info.tcpi_pacing_rate = info.tcpi_max_pacing_rate = std::numeric_limits<std::uint64_t>::max();
    info.tcpi_bytes_acked = c.bytes_acked;
    info.tcpi_bytes_received = c.bytes_received;
    info.tcpi_segs_out = c.segments_out;
    info.tcpi_segs_in = c.segments_in;
    info.tcpi_notsent_bytes = c.not_sent;
    info.tcpi_min_rtt = c.min_rtt == Duration{} ? std::numeric_limits<std::uint32_t>::max() : microseconds(c.min_rtt);
    info.tcpi_reord_seen = c.reordering_seen;
    info.tcpi_snd_wnd = c.snd_wnd;
    info.tcpi_rcv_wnd = c.rcv_wnd;
    return info;
}

}  // namespace hourglass::socket
