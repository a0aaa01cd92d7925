#include "hourglass/ip/counters.h"

#include <algorithm>
#include <string_view>

namespace hourglass::ip {

namespace {

struct Scalar {
    std::string_view name;
    std::uint64_t Counters::*value;
};

constexpr Scalar kScalars[] = {
    {"packets_in", &Counters::packets_in},
    {"bytes_in", &Counters::bytes_in},
    {"packets_out", &Counters::packets_out},
    {"bytes_out", &Counters::bytes_out},
    {"delivered", &Counters::delivered},
    {"forwarded", &Counters::forwarded},
    {"looped_back", &Counters::looped_back},
    {"fragments_in", &Counters::fragments_in},
    {"reassembled", &Counters::reassembled},
    {"fragments_out", &Counters::fragments_out},
    {"fragmented", &Counters::fragmented},
    {"segmented", &Counters::segmented},
    {"arp_requests_in", &Counters::arp_requests_in},
    {"arp_replies_in", &Counters::arp_replies_in},
    {"arp_requests_out", &Counters::arp_requests_out},
    {"arp_replies_out", &Counters::arp_replies_out},
    {"solicitations_in", &Counters::solicitations_in},
    {"advertisements_in", &Counters::advertisements_in},
    {"solicitations_out", &Counters::solicitations_out},
    {"advertisements_out", &Counters::advertisements_out},
    {"router_solicitations_out", &Counters::router_solicitations_out},
    {"router_advertisements_in", &Counters::router_advertisements_in},
    {"duplicate_addresses", &Counters::duplicate_addresses},
    {"neighbours_failed", &Counters::neighbours_failed},
    {"neighbours_evicted", &Counters::neighbours_evicted},
    {"icmp_in", &Counters::icmp_in},
    {"icmp_out", &Counters::icmp_out},
    {"icmp_errors_in", &Counters::icmp_errors_in},
    {"icmp_errors_out", &Counters::icmp_errors_out},
    {"echo_requests_in", &Counters::echo_requests_in},
    {"echo_replies_in", &Counters::echo_replies_in},
    {"echo_requests_out", &Counters::echo_requests_out},
    {"echo_replies_out", &Counters::echo_replies_out},
    {"udp_in", &Counters::udp_in},
    {"udp_out", &Counters::udp_out},
    {"udp_unreachable", &Counters::udp_unreachable},
    {"dropped_other_station", &Counters::dropped_other_station},
    {"dropped_ethertype", &Counters::dropped_ethertype},
    {"dropped_link_broadcast", &Counters::dropped_link_broadcast},
    {"dropped_arp", &Counters::dropped_arp},
    {"dropped_bad_source", &Counters::dropped_bad_source},
    {"dropped_bad_destination", &Counters::dropped_bad_destination},
    {"dropped_not_local", &Counters::dropped_not_local},
    {"dropped_not_forwardable", &Counters::dropped_not_forwardable},
    {"dropped_hop_limit", &Counters::dropped_hop_limit},
    {"dropped_unknown_protocol", &Counters::dropped_unknown_protocol},
    {"dropped_no_next_header", &Counters::dropped_no_next_header},
    {"dropped_not_unicast", &Counters::dropped_not_unicast},
    {"dropped_fragment_overlap", &Counters::dropped_fragment_overlap},
    {"dropped_fragment_duplicate", &Counters::dropped_fragment_duplicate},
    {"dropped_fragment_limit", &Counters::dropped_fragment_limit},
    {"dropped_reassembly_timeout", &Counters::dropped_reassembly_timeout},
    {"dropped_icmp_mismatch", &Counters::dropped_icmp_mismatch},
    {"dropped_icmp_ignored", &Counters::dropped_icmp_ignored},
    {"dropped_discovery", &Counters::dropped_discovery},
    {"dropped_udp_no_socket", &Counters::dropped_udp_no_socket},
    {"dropped_udp_queue_full", &Counters::dropped_udp_queue_full},
    {"dropped_no_route", &Counters::dropped_no_route},
    {"dropped_too_big", &Counters::dropped_too_big},
    {"dropped_unresolved", &Counters::dropped_unresolved},
    {"dropped_unresolved_overflow", &Counters::dropped_unresolved_overflow},
    {"dropped_output_full", &Counters::dropped_output_full},
    {"dropped_icmp_rate_limit", &Counters::dropped_icmp_rate_limit},
};

struct Malformed {
    std::string_view name;
    MalformedCounts Counters::*counts;
};

constexpr Malformed kMalformed[] = {
    {"malformed_ethernet_", &Counters::malformed_ethernet}, {"malformed_arp_", &Counters::malformed_arp},
    {"malformed_ipv4_", &Counters::malformed_ipv4},         {"malformed_ipv6_", &Counters::malformed_ipv6},
    {"malformed_icmp_", &Counters::malformed_icmp},         {"malformed_udp_", &Counters::malformed_udp},
};

// A counter that is added to the struct must be added here.
static_assert(sizeof(Counters) ==
              sizeof(std::uint64_t) * (std::size(kScalars) + std::size(kMalformed) * wire::kParseErrorCount));

std::string reason_name(std::size_t reason) {
    std::string name(wire::to_string(static_cast<wire::ParseError>(reason)));
    std::ranges::replace(name, ' ', '_');
    return name;
}

}  // namespace

std::vector<CounterEntry> list(const Counters& counters) {
    std::vector<CounterEntry> entries;
    entries.reserve(sizeof(Counters) / sizeof(std::uint64_t));
    for (const Scalar& s : kScalars) entries.push_back({std::string(s.name), counters.*s.value});
    for (const Malformed& m : kMalformed)
        for (std::size_t i = 0; i < wire::kParseErrorCount; ++i)
            entries.push_back({std::string(m.name) + reason_name(i), (counters.*m.counts)[i]});
    return entries;
}

std::uint64_t total_dropped(const Counters& counters) {
    std::uint64_t total = 0;
    for (const Scalar& s : kScalars)
        if (s.name.starts_with("dropped_")) total += counters.*s.value;
    for (const Malformed& m : kMalformed)
        for (const std::uint64_t count : counters.*m.counts) total += count;
    return total;
}

}  // namespace hourglass::ip
