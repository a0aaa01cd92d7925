#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "hourglass/wire/parse_error.h"

namespace hourglass::ip {

/// Packets refused by a view, by `wire::ParseError`.
using MalformedCounts = std::array<std::uint64_t, wire::kParseErrorCount>;

/// What a host has counted since it began, TCP apart (that is `tcp::Counters`). Every packet that goes no further is
/// counted once, by its reason, in a `dropped_` or `malformed_` counter. Names after RFC 4293 where it has one.
struct Counters {
    // On the links. Octets are those of the frame or datagram as the link carries it.
    std::uint64_t packets_in = 0, bytes_in = 0, packets_out = 0, bytes_out = 0;

    // IP.
    std::uint64_t delivered = 0;    ///< Datagrams handed to ICMP, UDP or TCP here, looped ones included.
    std::uint64_t forwarded = 0;    ///< Passed on to another interface.
    std::uint64_t looped_back = 0;  ///< Sent by this host to itself.
    std::uint64_t fragments_in = 0, reassembled = 0;
    std::uint64_t fragments_out = 0, fragmented = 0;
    std::uint64_t segmented = 0;  ///< Super-segments cut here because the device does not cut them.

    // Neighbours.
    std::uint64_t arp_requests_in = 0, arp_replies_in = 0, arp_requests_out = 0, arp_replies_out = 0;
    std::uint64_t solicitations_in = 0, advertisements_in = 0, solicitations_out = 0, advertisements_out = 0;
    std::uint64_t router_solicitations_out = 0, router_advertisements_in = 0;
    std::uint64_t duplicate_addresses = 0;  ///< Tentative addresses that another host has.
    std::uint64_t neighbours_failed = 0;    ///< Did not answer.
    std::uint64_t neighbours_evicted = 0;   ///< Made room for newer ones in a full table.

    // ICMP and ICMPv6.
    std::uint64_t icmp_in = 0, icmp_out = 0;  ///< All messages, neighbour discovery included.
    std::uint64_t icmp_errors_in = 0, icmp_errors_out = 0;
    std::uint64_t echo_requests_in = 0, echo_replies_in = 0, echo_requests_out = 0, echo_replies_out = 0;

    // UDP.
    std::uint64_t udp_in = 0, udp_out = 0;  ///< Datagrams queued for a socket, and sent by one.
    std::uint64_t udp_unreachable = 0;      ///< ICMP errors about datagrams of an open socket.

    // Arrived and went no further.
    std::uint64_t dropped_other_station = 0;    ///< The frame is for another station.
    std::uint64_t dropped_ethertype = 0;        ///< Neither IPv4, IPv6 nor ARP.
    std::uint64_t dropped_link_broadcast = 0;   ///< Unicast in a broadcast frame (RFC 1122, section 3.3.6).
    std::uint64_t dropped_arp = 0;              ///< ARP that is of no use here: not for us, or a sender that can't be.
    std::uint64_t dropped_bad_source = 0;       ///< Source is no single other host (RFC 1122, section 3.2.1.3).
    std::uint64_t dropped_bad_destination = 0;  ///< A loopback or unspecified address on a link.
    std::uint64_t dropped_not_local = 0;        ///< For another host, and forwarding is off.
    std::uint64_t dropped_not_forwardable = 0;  ///< Link-local, multicast or broadcast: stays on its link.
    std::uint64_t dropped_hop_limit = 0;        ///< TTL or hop limit ran out here.
    std::uint64_t dropped_unknown_protocol = 0;
    std::uint64_t dropped_no_next_header = 0;      ///< RFC 8200, section 4.7: nothing to deliver.
    std::uint64_t dropped_not_unicast = 0;         ///< TCP to a group (RFC 1122, section 4.2.3.10).
    std::uint64_t dropped_fragment_overlap = 0;    ///< RFC 5722; the same for IPv4.
    std::uint64_t dropped_fragment_duplicate = 0;  ///< The same fragment again.
    std::uint64_t dropped_fragment_limit = 0;      ///< Fragments that the limits of reassembly did not allow.
    std::uint64_t dropped_reassembly_timeout = 0;  ///< Datagrams whose fragments did not all come in time.
    std::uint64_t dropped_icmp_mismatch = 0;   ///< An ICMP error or echo reply about nothing that was sent from here.
    std::uint64_t dropped_icmp_ignored = 0;    ///< ICMP types without meaning for this host.
    std::uint64_t dropped_discovery = 0;       ///< Neighbour discovery that fails RFC 4861, section 7.1.
    std::uint64_t dropped_udp_no_socket = 0;   ///< RFC 1122, section 4.1.3.1.
    std::uint64_t dropped_udp_queue_full = 0;  ///< The applications are behind.

    // To be sent and went no further.
    std::uint64_t dropped_no_route = 0;
    std::uint64_t dropped_too_big = 0;              ///< Above the MTU and not to be fragmented.
    std::uint64_t dropped_unresolved = 0;           ///< Its neighbour did not answer.
    std::uint64_t dropped_unresolved_overflow = 0;  ///< Too many wait for the same neighbour.
    std::uint64_t dropped_output_full = 0;          ///< The interface does not take its packets.
    std::uint64_t dropped_icmp_rate_limit = 0;      ///< Answers not given (RFC 4443, section 2.4 (f)).

    // Arrived and could not be read.
    MalformedCounts malformed_ethernet{};
    MalformedCounts malformed_arp{};
    MalformedCounts malformed_ipv4{};
    MalformedCounts malformed_ipv6{};
    MalformedCounts malformed_icmp{};
    MalformedCounts malformed_udp{};

    bool operator==(const Counters&) const = default;
};

/// One counter with its name: `packets_in`, `dropped_no_route`, `malformed_ipv4_bad_checksum`.
struct CounterEntry {
    std::string name;
    std::uint64_t value = 0;
    bool operator==(const CounterEntry&) const = default;
};

/// Every counter in the order of the struct, zeros included.
[[nodiscard]] std::vector<CounterEntry> list(const Counters& counters);

/// Packets that went no further, for whatever reason.
[[nodiscard]] std::uint64_t total_dropped(const Counters& counters);

}  // namespace hourglass::ip
