#pragma once

#include <cstdint>
#include <string>

namespace hourglass::wire {

/// What an IPv4 Protocol or IPv6 Next Header field names (IANA "Protocol Numbers"). Other values may occur.
enum class IpProtocol : std::uint8_t {
    hop_by_hop = 0,  ///< IPv6 extension header.
    icmp = 1,
    igmp = 2,
    tcp = 6,
    udp = 17,
    ipv6 = 41,
    routing = 43,   ///< IPv6 extension header.
    fragment = 44,  ///< IPv6 extension header.
    esp = 50,
    ah = 51,  ///< Authentication header, walked as an extension header (RFC 4302).
    icmpv6 = 58,
    no_next_header = 59,
    destination_options = 60,  ///< IPv6 extension header.
};

/// `TCP`, `ICMPv6`; the number where the name is not known.
[[nodiscard]] std::string to_string(IpProtocol protocol);

/// The ECN field: the low two bits of the traffic class (RFC 3168, section 5).
enum class Ecn : std::uint8_t {
    not_ect = 0,  ///< Not ECN-capable transport.
    ect1 = 1,     ///< ECN-capable, L4S (RFC 9331).
    ect0 = 2,     ///< ECN-capable.
    ce = 3,       ///< Congestion experienced.
};

}  // namespace hourglass::wire
