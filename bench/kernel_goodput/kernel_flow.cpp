#include "kernel_flow.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>

#include "addresses.h"
#include "hourglass/runtime/clock.h"
#include "round_trips.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;
using runtime::now;

constexpr Duration kPatience = 10s;  // for a handshake, or a first datagram
constexpr std::size_t kDatagram = 1472;
constexpr std::size_t kHeaders = 28;  // IPv4 and UDP
constexpr std::size_t kPiece = 64 << 10;
constexpr std::array<char, kPiece> kZeros{};

int require(int result, const char* what) {
    if (result < 0) throw std::system_error(errno, std::generic_category(), what);
    return result;
}

sockaddr_in receiver_address() {
    sockaddr_in result{};
    result.sin_family = AF_INET;
    result.sin_port = htons(to_number(kPort));
    result.sin_addr.s_addr = htonl(kReceiver.v4_value());
    return result;
}

const sockaddr* generic(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

int bound_socket(int type) {
    const int descriptor = require(::socket(AF_INET, type | SOCK_CLOEXEC, 0), "socket");
    const sockaddr_in local = receiver_address();
    require(::bind(descriptor, generic(local), sizeof local), "bind");
    return descriptor;
}

bool wait_for(int descriptor, short what, Duration limit) {
    pollfd polled{descriptor, what, 0};
    const auto ms = std::chrono::ceil<std::chrono::milliseconds>(std::max(limit, Duration::zero()));
    return ::poll(&polled, 1, static_cast<int>(ms.count())) > 0;
}

tcp_info info_of(int descriptor) {
    tcp_info info{};
    socklen_t size = sizeof info;
    require(::getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size), "TCP_INFO");
    return info;
}

void choose(int descriptor, const std::string& congestion) {
    require(::setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                         static_cast<socklen_t>(congestion.size())),
            "TCP_CONGESTION");
}

/// Writes as much as the socket takes now; false when the connection is gone.
bool fill(int descriptor) {
    while (::send(descriptor, kZeros.data(), kZeros.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
    }
    return errno == EAGAIN;
}

}  // namespace

Socket::Socket(int descriptor) : descriptor_(require(descriptor, "socket")) {}
Socket::~Socket() { ::close(descriptor_); }

int listen_for_stream() {
    const int descriptor = bound_socket(SOCK_STREAM);
    require(::listen(descriptor, 8), "listen");
    return descriptor;
}

int listen_for_datagrams() { return bound_socket(SOCK_DGRAM); }

bool kernel_has(const std::string& congestion) {
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_CONGESTION, congestion.data(),
                        static_cast<socklen_t>(congestion.size())) == 0;
}

nlohmann::json send_by_kernel(const std::string& congestion) {
    const Socket socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    choose(socket.descriptor(), congestion);
    const sockaddr_in to = receiver_address();
    require(::connect(socket.descriptor(), generic(to), sizeof to), "connect");

    RoundTrips round_trips;
    tcp_info last{};
    for (Instant sample = now(); fill(socket.descriptor());) {
        wait_for(socket.descriptor(), POLLOUT, sample - now());
        if (now() < sample) continue;
        sample += kSampling;
        const tcp_info info = info_of(socket.descriptor());
        if (info.tcpi_state != TCP_ESTABLISHED) break;
        last = info;
        round_trips.add(std::chrono::microseconds(info.tcpi_rtt));
    }
    return {{"rtt", to_seconds(round_trips.mean())}, {"retransmitted", last.tcpi_total_retrans}};
}

nlohmann::json receive_stream(int listener, Duration duration) {
    if (!wait_for(listener, POLLIN, kPatience)) throw std::runtime_error("no connection came");
    const Socket socket(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    const Instant end = now() + duration;
    std::uint64_t octets = 0;
    while (now() < end) {
        if (!wait_for(socket.descriptor(), POLLIN, end - now())) break;
        // TCP counts with MSG_TRUNC what it throws away, and copies nothing.
        const ssize_t n = ::recv(socket.descriptor(), nullptr, kPiece, MSG_TRUNC | MSG_DONTWAIT);
        if (n == 0) throw std::runtime_error("the sender closed the connection");
        octets += static_cast<std::uint64_t>(require(static_cast<int>(n), "recv"));
    }
    const linger reset{.l_onoff = 1, .l_linger = 0};
    require(::setsockopt(socket.descriptor(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset), "SO_LINGER");
    return {{"octets", octets}};
}

nlohmann::json send_datagrams(double rate, Duration duration) {
    const Socket socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const sockaddr_in to = receiver_address();
    const Duration gap(static_cast<std::int64_t>((kDatagram + kHeaders) * 8 / rate * 1e9));
    const Instant begin = now();
    std::int64_t sent = 0;
    for (; now() < begin + duration; ++sent) {
        const Instant due = begin + sent * gap;
        if (due > now()) ::usleep(static_cast<useconds_t>(std::max<std::int64_t>(1, to_us(due - now()))));
        // A queue that is full now loses the datagram, as the link would.
        static_cast<void>(::sendto(socket.descriptor(), kZeros.data(), kDatagram, 0, generic(to), sizeof to));
    }
    return {{"sent", sent}};
}

nlohmann::json receive_datagrams(int socket, Duration duration) {
    std::uint64_t octets = 0;
    Instant end = now() + kPatience;
    while (wait_for(socket, POLLIN, end - now()) && now() < end) {
        const ssize_t n = ::recv(socket, nullptr, 0, MSG_TRUNC | MSG_DONTWAIT);
        if (n < 0) continue;
        if (octets == 0) end = now() + duration;
        octets += static_cast<std::uint64_t>(n) + kHeaders;
    }
    return {{"octets", octets}};
}

}  // namespace hourglass::bench
