#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <span>
#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"

namespace hourglass::udp {

/// Names an open socket of one host. A number is not used again while the host lives.
enum class SocketId : std::uint32_t {};

/// Why a call on a socket was refused.
enum class Error : std::uint8_t {
    address_in_use,  ///< Another socket has that address and port.
    no_ports,        ///< Every ephemeral port of that address is taken.
    limit_reached,   ///< The host's limit of open sockets.
    bad_address,     ///< Not an address of this host, or families that differ, or port zero to send to.
    no_route,
    too_large,       ///< More than 65507 octets over IPv4, 65527 over IPv6.
    no_such_socket,  ///< Closed, or never opened.
};

/// In words, for people: "address already in use".
[[nodiscard]] std::string_view to_string(Error error);

/// Called when a datagram has arrived for a socket, from `ip::Host::poll` and never from inside another call: it may
/// call anything, `close` of its own socket included. The bytes are valid during the call.
using DatagramHandler =
    std::function<void(SocketId, SocketAddress from, SocketAddress to, std::span<const std::byte> bytes, Instant now)>;

/// What the network reported about a datagram that was sent (RFC 1122, section 4.1.3.3: it is passed up).
struct Failure {
    enum class Kind : std::uint8_t {
        network_unreachable,
        host_unreachable,
        protocol_unreachable,
        port_unreachable,
        too_big,
        prohibited,
    };
    Kind kind = Kind::host_unreachable;
    SocketAddress remote{};  ///< Where the datagram was going.
    IpAddress reporter{};    ///< Who says so.
    std::uint8_t icmp_type = 0, icmp_code = 0;
    std::uint32_t mtu = 0;  ///< With `too_big`: what fits.
};

/// Called as `DatagramHandler` is.
using FailureHandler = std::function<void(const Failure&)>;

/// The UDP of a host (RFC 768): sockets bound to a local address and port.
class Sockets {
  public:
    virtual ~Sockets() = default;
    /// Opens a socket. An unspecified address takes datagrams to any local address of its family, broadcasts and
    /// multicasts included; a socket with the very address of a datagram goes before it. A multicast address joins that
    /// group. Port zero chooses an ephemeral port at random (RFC 6056).
    virtual std::expected<SocketId, Error> open(SocketAddress local, DatagramHandler handler) = 0;
    /// Datagrams that wait for the socket are dropped. Closing a closed socket does nothing.
    virtual void close(SocketId socket) = 0;
    /// Sends one datagram; it is fragmented when it does not fit the path. Broadcast and multicast are allowed.
    virtual std::expected<void, Error> send(SocketId socket, SocketAddress to, std::span<const std::byte> bytes) = 0;
    /// What the IP headers of the socket's datagrams say: IPv4's TOS or IPv6's traffic class, and the TTL or hop limit;
    /// zero for the host's default.
    virtual void set_header(SocketId socket, std::uint8_t traffic_class, std::uint8_t hop_limit) = 0;
    /// `handler` is told what the network reports about the socket's datagrams.
    virtual void on_failure(SocketId socket, FailureHandler handler) = 0;
    /// What the socket is bound to, the chosen port included; `[::]:0` when it is closed.
    [[nodiscard]] virtual SocketAddress local(SocketId socket) const = 0;
};

}  // namespace hourglass::udp
