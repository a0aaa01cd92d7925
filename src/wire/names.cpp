#include "hourglass/wire/parse_error.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::wire {

std::string_view to_string(ParseError error) noexcept {
    switch (error) {
        case ParseError::truncated:
            return "truncated";
        case ParseError::bad_version:
            return "bad version";
        case ParseError::bad_header_length:
            return "bad header length";
        case ParseError::bad_length:
            return "bad length";
        case ParseError::bad_checksum:
            return "bad checksum";
        case ParseError::bad_option:
            return "bad option";
        case ParseError::bad_address:
            return "bad address";
        case ParseError::bad_type:
            return "bad type";
        case ParseError::too_many_headers:
            return "too many headers";
        case ParseError::unrecognized_header:
            return "unrecognized header";
    }
    return "unknown";
}

std::string to_string(IpProtocol protocol) {
    switch (protocol) {
        case IpProtocol::hop_by_hop:
            return "hop-by-hop options";
        case IpProtocol::icmp:
            return "ICMP";
        case IpProtocol::igmp:
            return "IGMP";
        case IpProtocol::tcp:
            return "TCP";
        case IpProtocol::udp:
            return "UDP";
        case IpProtocol::ipv6:
            return "IPv6";
        case IpProtocol::routing:
            return "routing header";
        case IpProtocol::fragment:
            return "fragment header";
        case IpProtocol::esp:
            return "ESP";
        case IpProtocol::ah:
            return "AH";
        case IpProtocol::icmpv6:
            return "ICMPv6";
        case IpProtocol::no_next_header:
            return "no next header";
        case IpProtocol::destination_options:
            return "destination options";
    }
    return std::to_string(static_cast<unsigned>(protocol));
}

}  // namespace hourglass::wire
