#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hourglass/tcp/stack.h"

namespace hourglass::socket {

/// What getsockopt(TCP_INFO) tells, with the names, units and layout of Linux's `struct tcp_info`
/// (include/uapi/linux/tcp.h): times in microseconds where not said otherwise, windows in segments.
struct TcpInfo {
    std::uint8_t tcpi_state = 0;  ///< Linux's number of the state: 1 is ESTABLISHED, 10 LISTEN.
    std::uint8_t tcpi_ca_state = 0;
    std::uint8_t tcpi_retransmits = 0;  ///< Timeouts in a row.
    std::uint8_t tcpi_probes = 0;       ///< Unanswered probes of a closed window.
    std::uint8_t tcpi_backoff = 0;
    std::uint8_t tcpi_options = 0;  ///< 1 timestamps, 2 SACK, 4 window scaling, 8 ECN, 16 ECN seen, 32 SYN data.
    std::uint8_t tcpi_snd_wscale : 4 = 0, tcpi_rcv_wscale : 4 = 0;
    std::uint8_t tcpi_delivery_rate_app_limited : 1 = 0, tcpi_fastopen_client_fail : 2 = 0;

    std::uint32_t tcpi_rto = 0;
    std::uint32_t tcpi_ato = 0;  ///< How long an acknowledgement is delayed.
    std::uint32_t tcpi_snd_mss = 0;
    std::uint32_t tcpi_rcv_mss = 0;

    std::uint32_t tcpi_unacked = 0;  ///< Segments in flight; of a listener, the accept queue's length.
    std::uint32_t tcpi_sacked = 0;   ///< Segments; of a listener, the accept queue's limit.
    std::uint32_t tcpi_lost = 0;
    std::uint32_t tcpi_retrans = 0;  ///< Segments sent again that are in flight.
    std::uint32_t tcpi_fackets = 0;

    std::uint32_t tcpi_last_data_sent = 0;  ///< Milliseconds ago; so are the next three.
    std::uint32_t tcpi_last_ack_sent = 0;
    std::uint32_t tcpi_last_data_recv = 0;
    std::uint32_t tcpi_last_ack_recv = 0;

    std::uint32_t tcpi_pmtu = 0;
    std::uint32_t tcpi_rcv_ssthresh = 0;
    std::uint32_t tcpi_rtt = 0;
    std::uint32_t tcpi_rttvar = 0;
    std::uint32_t tcpi_snd_ssthresh = 0;
    std::uint32_t tcpi_snd_cwnd = 0;
    std::uint32_t tcpi_advmss = 0;
    std::uint32_t tcpi_reordering = 0;

    std::uint32_t tcpi_rcv_rtt = 0;
    std::uint32_t tcpi_rcv_space = 0;

    std::uint32_t tcpi_total_retrans = 0;

    std::uint64_t tcpi_pacing_rate = 0;  ///< Bytes a second; all ones when it is not limited.
    std::uint64_t tcpi_max_pacing_rate = 0;
    std::uint64_t tcpi_bytes_acked = 0;
    std::uint64_t tcpi_bytes_received = 0;
    std::uint32_t tcpi_segs_out = 0;
    std::uint32_t tcpi_segs_in = 0;

    std::uint32_t tcpi_notsent_bytes = 0;
    std::uint32_t tcpi_min_rtt = 0;
    std::uint32_t tcpi_data_segs_in = 0;
    std::uint32_t tcpi_data_segs_out = 0;

    std::uint64_t tcpi_delivery_rate = 0;

    std::uint64_t tcpi_busy_time = 0;
    std::uint64_t tcpi_rwnd_limited = 0;
    std::uint64_t tcpi_sndbuf_limited = 0;

    std::uint32_t tcpi_delivered = 0;
    std::uint32_t tcpi_delivered_ce = 0;

    std::uint64_t tcpi_bytes_sent = 0;
    std::uint64_t tcpi_bytes_retrans = 0;
    std::uint32_t tcpi_dsack_dups = 0;
    std::uint32_t tcpi_reord_seen = 0;

    std::uint32_t tcpi_rcv_ooopack = 0;

    std::uint32_t tcpi_snd_wnd = 0;  ///< The peer's window in bytes.
    std::uint32_t tcpi_rcv_wnd = 0;

    std::uint32_t tcpi_rehash = 0;
    std::uint16_t tcpi_total_rto = 0;
    std::uint16_t tcpi_total_rto_recoveries = 0;
    std::uint32_t tcpi_total_rto_time = 0;
};

/// What getsockopt(SO_MEMINFO) tells (include/uapi/linux/sock_diag.h), in the order of SK_MEMINFO_*: bytes.
struct MemoryInfo {
    std::uint32_t rmem_alloc = 0, rcvbuf = 0, wmem_alloc = 0, sndbuf = 0, fwd_alloc = 0, wmem_queued = 0, optmem = 0,
                  backlog = 0, drops = 0;
};

/// The value of a field by its name, `tcpi_rtt`; nothing when there is no such field.
[[nodiscard]] std::optional<std::uint64_t> field_of(const TcpInfo& info, std::string_view name);

/// Linux's number of a state (include/net/tcp_states.h).
[[nodiscard]] std::uint8_t state_number(tcp::State state);

}  // namespace hourglass::socket
