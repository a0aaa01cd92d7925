#include "hourglass/socket/constants.h"

#include <algorithm>
#include <array>

#include "hourglass/socket/errno.h"
#include "hourglass/socket/tcp_info.h"

namespace hourglass::socket {

namespace {

struct Constant {
    std::string_view name;
    std::int64_t value;
};

constexpr std::array kConstants{
    // Families, types, protocols.
    Constant{"AF_UNSPEC", family::unspec},
    Constant{"AF_INET", family::inet},
    Constant{"AF_INET6", family::inet6},
    Constant{"PF_INET", family::inet},
    Constant{"PF_INET6", family::inet6},
    Constant{"SOCK_STREAM", type::stream},
    Constant{"SOCK_DGRAM", type::dgram},
    Constant{"SOCK_NONBLOCK", type::nonblock},
    Constant{"SOCK_CLOEXEC", type::cloexec},
    Constant{"IPPROTO_IP", 0},
    Constant{"IPPROTO_TCP", 6},
    Constant{"IPPROTO_UDP", 17},
    Constant{"IPPROTO_IPV6", 41},
    Constant{"IPPROTO_ICMP", 1},
    Constant{"IPPROTO_ICMPV6", 58},
    Constant{"INADDR_ANY", 0},
    // Levels.
    Constant{"SOL_SOCKET", level::socket},
    Constant{"SOL_IP", level::ip},
    Constant{"SOL_TCP", level::tcp},
    Constant{"SOL_UDP", level::udp},
    Constant{"SOL_IPV6", level::ipv6},
    // SOL_SOCKET.
    Constant{"SO_REUSEADDR", so::reuse_addr},
    Constant{"SO_TYPE", so::type},
    Constant{"SO_ERROR", so::error},
    Constant{"SO_BROADCAST", so::broadcast},
    Constant{"SO_SNDBUF", so::snd_buf},
    Constant{"SO_RCVBUF", so::rcv_buf},
    Constant{"SO_KEEPALIVE", so::keep_alive},
    Constant{"SO_OOBINLINE", so::oob_inline},
    Constant{"SO_PRIORITY", so::priority},
    Constant{"SO_LINGER", so::linger},
    Constant{"SO_REUSEPORT", so::reuse_port},
    Constant{"SO_RCVLOWAT", so::rcv_lowat},
    Constant{"SO_SNDLOWAT", so::snd_lowat},
    Constant{"SO_RCVTIMEO", so::rcv_timeo},
    Constant{"SO_SNDTIMEO", so::snd_timeo},
    Constant{"SO_ACCEPTCONN", so::accept_conn},
    Constant{"SO_SNDBUFFORCE", so::snd_buf_force},
    Constant{"SO_RCVBUFFORCE", so::rcv_buf_force},
    Constant{"SO_PROTOCOL", so::protocol},
    Constant{"SO_DOMAIN", so::domain},
    Constant{"SO_MEMINFO", so::mem_info},
    Constant{"SO_ZEROCOPY", so::zero_copy},
    // IPPROTO_TCP.
    Constant{"TCP_NODELAY", tcp_option::no_delay},
    Constant{"TCP_MAXSEG", tcp_option::max_seg},
    Constant{"TCP_CORK", tcp_option::cork},
    Constant{"TCP_KEEPIDLE", tcp_option::keep_idle},
    Constant{"TCP_KEEPINTVL", tcp_option::keep_intvl},
    Constant{"TCP_KEEPCNT", tcp_option::keep_cnt},
    Constant{"TCP_SYNCNT", tcp_option::syn_cnt},
    Constant{"TCP_LINGER2", tcp_option::linger2},
    Constant{"TCP_DEFER_ACCEPT", tcp_option::defer_accept},
    Constant{"TCP_WINDOW_CLAMP", tcp_option::window_clamp},
    Constant{"TCP_INFO", tcp_option::info},
    Constant{"TCP_QUICKACK", tcp_option::quick_ack},
    Constant{"TCP_CONGESTION", tcp_option::congestion},
    Constant{"TCP_USER_TIMEOUT", tcp_option::user_timeout},
    Constant{"TCP_FASTOPEN", tcp_option::fastopen},
    Constant{"TCP_TIMESTAMP", tcp_option::timestamp},
    Constant{"TCP_NOTSENT_LOWAT", tcp_option::notsent_lowat},
    Constant{"TCP_CC_INFO", tcp_option::cc_info},
    Constant{"TCP_SAVE_SYN", tcp_option::save_syn},
    Constant{"TCP_SAVED_SYN", tcp_option::saved_syn},
    Constant{"TCP_FASTOPEN_CONNECT", tcp_option::fastopen_connect},
    Constant{"TCP_FASTOPEN_NO_COOKIE", tcp_option::fastopen_no_cookie},
    Constant{"TCP_INQ", tcp_option::inq},
    Constant{"TCP_CM_INQ", tcp_option::inq},
    // IPPROTO_IP and IPPROTO_IPV6.
    Constant{"IP_TOS", ip_option::tos},
    Constant{"IP_TTL", ip_option::ttl},
    Constant{"IP_MTU_DISCOVER", ip_option::mtu_discover},
    Constant{"IP_RECVERR", ip_option::recv_err},
    Constant{"IP_MTU", ip_option::mtu},
    Constant{"IP_PMTUDISC_DONT", 0},
    Constant{"IP_PMTUDISC_WANT", 1},
    Constant{"IP_PMTUDISC_DO", 2},
    Constant{"IP_PMTUDISC_PROBE", 3},
    Constant{"IPV6_UNICAST_HOPS", ipv6_option::unicast_hops},
    Constant{"IPV6_MTU_DISCOVER", ipv6_option::mtu_discover},
    Constant{"IPV6_MTU", ipv6_option::mtu},
    Constant{"IPV6_RECVERR", ipv6_option::recv_err},
    Constant{"IPV6_V6ONLY", ipv6_option::v6_only},
    Constant{"IPV6_TCLASS", ipv6_option::tclass},
    // Flags of calls.
    Constant{"MSG_OOB", msg::oob},
    Constant{"MSG_PEEK", msg::peek},
    Constant{"MSG_TRUNC", msg::trunc},
    Constant{"MSG_DONTWAIT", msg::dont_wait},
    Constant{"MSG_EOR", msg::eor},
    Constant{"MSG_WAITALL", msg::wait_all},
    Constant{"MSG_ERRQUEUE", msg::err_queue},
    Constant{"MSG_NOSIGNAL", msg::no_signal},
    Constant{"MSG_MORE", msg::more},
    Constant{"MSG_WAITFORONE", msg::wait_for_one},
    Constant{"MSG_ZEROCOPY", msg::zero_copy},
    Constant{"MSG_FASTOPEN", msg::fast_open},
    Constant{"MSG_CMSG_CLOEXEC", msg::cmsg_cloexec},
    Constant{"SHUT_RD", shut::rd},
    Constant{"SHUT_WR", shut::wr},
    Constant{"SHUT_RDWR", shut::rd_wr},
    Constant{"SOMAXCONN", 4096},
    // fcntl and ioctl.
    Constant{"F_GETFD", fcntl::get_fd},
    Constant{"F_SETFD", fcntl::set_fd},
    Constant{"F_GETFL", fcntl::get_fl},
    Constant{"F_SETFL", fcntl::set_fl},
    Constant{"O_RDONLY", fcntl::rd_only},
    Constant{"O_WRONLY", fcntl::wr_only},
    Constant{"O_RDWR", fcntl::rd_wr},
    Constant{"O_NONBLOCK", fcntl::non_block},
    Constant{"O_NDELAY", fcntl::non_block},
    Constant{"FD_CLOEXEC", fcntl::close_on_exec},
    Constant{"SIOCINQ", ioctl::in_q},
    Constant{"FIONREAD", ioctl::in_q},
    Constant{"SIOCOUTQ", ioctl::out_q},
    Constant{"TIOCOUTQ", ioctl::out_q},
    Constant{"SIOCOUTQNSD", ioctl::out_q_not_sent},
    Constant{"SIOCATMARK", ioctl::at_mark},
    Constant{"FIONBIO", ioctl::non_block},
    // poll and epoll.
    Constant{"POLLIN", event::in},
    Constant{"POLLPRI", event::pri},
    Constant{"POLLOUT", event::out},
    Constant{"POLLERR", event::err},
    Constant{"POLLHUP", event::hup},
    Constant{"POLLNVAL", event::nval},
    Constant{"POLLRDNORM", event::rd_norm},
    Constant{"POLLRDBAND", event::rd_band},
    Constant{"POLLWRNORM", event::wr_norm},
    Constant{"POLLWRBAND", event::wr_band},
    Constant{"POLLRDHUP", event::rd_hup},
    Constant{"EPOLLIN", event::in},
    Constant{"EPOLLPRI", event::pri},
    Constant{"EPOLLOUT", event::out},
    Constant{"EPOLLERR", event::err},
    Constant{"EPOLLHUP", event::hup},
    Constant{"EPOLLRDNORM", event::rd_norm},
    Constant{"EPOLLRDBAND", event::rd_band},
    Constant{"EPOLLWRNORM", event::wr_norm},
    Constant{"EPOLLWRBAND", event::wr_band},
    Constant{"EPOLLRDHUP", event::rd_hup},
    Constant{"EPOLLONESHOT", event::one_shot},
    Constant{"EPOLLET", event::edge},
    Constant{"EPOLL_CTL_ADD", epoll::add},
    Constant{"EPOLL_CTL_DEL", epoll::del},
    Constant{"EPOLL_CTL_MOD", epoll::mod},
    // What TCP_INFO tells: states, congestion states, options.
    Constant{"TCP_ESTABLISHED", 1},
    Constant{"TCP_SYN_SENT", 2},
    Constant{"TCP_SYN_RECV", 3},
    Constant{"TCP_FIN_WAIT1", 4},
    Constant{"TCP_FIN_WAIT2", 5},
    Constant{"TCP_TIME_WAIT", 6},
    Constant{"TCP_CLOSE", 7},
    Constant{"TCP_CLOSE_WAIT", 8},
    Constant{"TCP_LAST_ACK", 9},
    Constant{"TCP_LISTEN", 10},
    Constant{"TCP_CLOSING", 11},
    Constant{"TCP_CA_Open", 0},
    Constant{"TCP_CA_Disorder", 1},
    Constant{"TCP_CA_CWR", 2},
    Constant{"TCP_CA_Recovery", 3},
    Constant{"TCP_CA_Loss", 4},
    Constant{"TCPI_OPT_TIMESTAMPS", 1},
    Constant{"TCPI_OPT_SACK", 2},
    Constant{"TCPI_OPT_WSCALE", 4},
    Constant{"TCPI_OPT_ECN", 8},
    Constant{"TCPI_OPT_ECN_SEEN", 16},
    Constant{"TCPI_OPT_SYN_DATA", 32},
    // The error queue.
    Constant{"SO_EE_ORIGIN_NONE", 0},
    Constant{"SO_EE_ORIGIN_LOCAL", 1},
    Constant{"SO_EE_ORIGIN_ICMP", 2},
    Constant{"SO_EE_ORIGIN_ICMP6", 3},
    Constant{"SO_EE_ORIGIN_ZEROCOPY", 5},
    Constant{"SO_EE_CODE_ZEROCOPY_COPIED", 1},
};

}  // namespace

std::optional<std::int64_t> constant_named(std::string_view name) {
    const auto found = std::ranges::find(kConstants, name, &Constant::name);
    if (found != kConstants.end()) return found->value;
    if (const auto error = errno_named(name)) return static_cast<std::int64_t>(*error);
    return std::nullopt;
}

std::uint8_t state_number(tcp::State state) {
    switch (state) {
        case tcp::State::closed:
            return 7;
        case tcp::State::listen:
            return 10;
        case tcp::State::syn_sent:
            return 2;
        case tcp::State::syn_received:
            return 3;
        case tcp::State::established:
            return 1;
        case tcp::State::fin_wait_1:
            return 4;
        case tcp::State::fin_wait_2:
            return 5;
        case tcp::State::close_wait:
            return 8;
        case tcp::State::closing:
            return 11;
        case tcp::State::last_ack:
            return 9;
        case tcp::State::time_wait:
            return 6;
    }
    return 7;
}

}  // namespace hourglass::socket
