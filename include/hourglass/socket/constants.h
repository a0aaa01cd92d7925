#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace hourglass::socket {

// The numbers of Linux's socket interface, which programs and scripts use by name. The names here are those of the
// headers without their prefix: SO_REUSEADDR is so::reuse_addr.

namespace family {
inline constexpr int unspec = 0, inet = 2, inet6 = 10;
}
namespace type {
inline constexpr int stream = 1, dgram = 2, nonblock = 04000, cloexec = 02000000;
}
namespace level {
inline constexpr int ip = 0, socket = 1, tcp = 6, udp = 17, ipv6 = 41;
}
namespace so {
inline constexpr int reuse_addr = 2, type = 3, error = 4, broadcast = 6, snd_buf = 7, rcv_buf = 8, keep_alive = 9,
                     oob_inline = 10, priority = 12, linger = 13, reuse_port = 15, rcv_lowat = 18, snd_lowat = 19,
                     rcv_timeo = 20, snd_timeo = 21, accept_conn = 30, snd_buf_force = 32, rcv_buf_force = 33,
                     protocol = 38, domain = 39, mem_info = 55, zero_copy = 60;
}
namespace tcp_option {
inline constexpr int no_delay = 1, max_seg = 2, cork = 3, keep_idle = 4, keep_intvl = 5, keep_cnt = 6, syn_cnt = 7,
                     linger2 = 8, defer_accept = 9, window_clamp = 10, info = 11, quick_ack = 12, congestion = 13,
                     user_timeout = 18, fastopen = 23, timestamp = 24, notsent_lowat = 25, cc_info = 26, save_syn = 27,
                     saved_syn = 28, fastopen_connect = 30, fastopen_no_cookie = 34, inq = 36;
}
namespace ip_option {
inline constexpr int tos = 1, ttl = 2, recv_err = 11, mtu_discover = 10, mtu = 14;
}
namespace ipv6_option {
inline constexpr int unicast_hops = 16, mtu_discover = 23, mtu = 24, recv_err = 25, v6_only = 26, tclass = 67;
}
namespace msg {
inline constexpr int oob = 0x1, peek = 0x2, trunc = 0x20, dont_wait = 0x40, eor = 0x80, wait_all = 0x100,
                     err_queue = 0x2000, no_signal = 0x4000, more = 0x8000, wait_for_one = 0x10000,
                     zero_copy = 0x4000000, fast_open = 0x20000000, cmsg_cloexec = 0x40000000;
}
/// Of poll and epoll.
namespace event {
inline constexpr std::uint32_t in = 0x1, pri = 0x2, out = 0x4, err = 0x8, hup = 0x10, nval = 0x20, rd_norm = 0x40,
                               rd_band = 0x80, wr_norm = 0x100, wr_band = 0x200, rd_hup = 0x2000, one_shot = 1u << 30,
                               edge = 1u << 31;
}
namespace fcntl {
inline constexpr int get_fd = 1, set_fd = 2, get_fl = 3, set_fl = 4;
inline constexpr int rd_only = 0, wr_only = 1, rd_wr = 2, non_block = 04000, close_on_exec = 1;
}  // namespace fcntl
namespace ioctl {
/// FIONREAD is SIOCINQ, TIOCOUTQ is SIOCOUTQ.
inline constexpr unsigned long out_q = 0x5411, in_q = 0x541b, non_block = 0x5421, at_mark = 0x8905,
                               out_q_not_sent = 0x894b;
}  // namespace ioctl
namespace shut {
inline constexpr int rd = 0, wr = 1, rd_wr = 2;
}
namespace epoll {
inline constexpr int add = 1, del = 2, mod = 3;
}

/// The number of a name of the C headers that has a meaning here: `SO_REUSEADDR`, `MSG_PEEK`, `O_NONBLOCK`,
/// `TCP_NODELAY`, `EPOLLIN`, `IPPROTO_TCP`, `TCP_ESTABLISHED` (Linux's numbers of the states) ...
[[nodiscard]] std::optional<std::int64_t> constant_named(std::string_view name);

}  // namespace hourglass::socket
