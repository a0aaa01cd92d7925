#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"

namespace hourglass::ip::testing {

using Bytes = std::vector<std::byte>;

/// Precondition of both: the text is right.
IpAddress address(std::string_view text);
Prefix prefix(std::string_view text);

MacAddress mac(std::uint8_t last);

/// `size` octets that count up.
Bytes counting(std::size_t size);
/// Bytes of a text.
Bytes bytes(std::string_view text);
std::string text(std::span<const std::byte> bytes);

/// Datagrams made by hand. The payload's length is filled in.
Bytes v4_datagram(wire::Ipv4Header header, std::span<const std::byte> payload);
Bytes v6_datagram(wire::Ipv6Header header, std::span<const std::byte> payload);
/// The transport's part, checksum in place.
Bytes udp(const IpAddress& source, const IpAddress& destination, std::uint16_t source_port,
          std::uint16_t destination_port, std::span<const std::byte> data);
Bytes echo_request(const IpAddress& source, const IpAddress& destination, std::span<const std::byte> data);
Bytes tcp(const IpAddress& source, const IpAddress& destination, std::uint16_t source_port,
          std::uint16_t destination_port, std::uint32_t seq, std::span<const std::byte> data);
/// An IP datagram of either family around `payload`.
Bytes datagram(const IpAddress& source, const IpAddress& destination, wire::IpProtocol protocol,
               std::span<const std::byte> payload, std::uint8_t hop_limit = 64);

/// One line: "ARP request 10.0.0.2", "ICMP 8/0", "ICMPv6 135/0", "UDP 53", "TCP", "fragment 1480".
std::string describe(std::span<const std::byte> packet, Medium medium);

/// Hosts with links between their interfaces; time and packets are moved by hand. What goes over a link is written down
/// as "a>b ICMP 8/0".
class Ladder {
  public:
    struct End {
        Host* host = nullptr;
        InterfaceId interface {};
        std::string name;
    };

    Host& add_host(HostSettings settings = {});
    void connect(const End& a, const End& b);

    /// Polls the hosts and moves their packets until nothing moves any more.
    void run();
    /// Time goes on by `d`, with all that is due on the way.
    void pass(Duration d);
    /// What host `to` gets now, as if from the link.
    void inject(const End& to, std::span<const std::byte> packet);

    /// Decides about every packet before it is delivered: false drops it.
    std::function<bool(std::string_view line, std::span<const std::byte> packet)> filter;
    /// The order in which the packets of one batch arrive is reversed.
    bool reverse = false;

    BufferPool pool;
    Instant now{};
    std::vector<std::string> lines;

  private:
    struct Link {
        End a;
        End b;
    };
    bool carry(const End& from, const End& to);

    std::deque<Host> hosts_;
    std::vector<Link> links_;
};

/// Two hosts on one link.
struct Pair : Ladder {
    explicit Pair(Medium medium, std::uint32_t mtu = 1500, HostSettings settings = {});
    Host& a;
    Host& b;
    End at_a;
    End at_b;
};

}  // namespace hourglass::ip::testing
