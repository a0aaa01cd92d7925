// Datagrams for others (RFC 1812, section 5; RFC 8200): passed on when the host is told to be a router.

#include <algorithm>
#include <utility>

#include "ip/implementation.h"
#include "ip/plausible.h"
#include "ip/segmentation.h"

namespace hourglass::ip {

namespace {

/// RFC 1812, section 5.3.1; the IPv4 header checksum is corrected for it (RFC 1624).
void lower_hop_limit(Packet& packet, bool v4) {
    std::byte* p = packet.bytes().data();
    if (!v4) return wire::store_8(p + 7, static_cast<std::uint8_t>(wire::load_8(p + 7) - 1));
    wire::store_8(p + 8, static_cast<std::uint8_t>(wire::load_8(p + 8) - 1));
    const std::size_t header = (wire::load_8(p) & 0x0fu) * 4u;
    wire::store_be16(p + 10, 0);
    wire::store_be16(p + 10, wire::checksum(wire::partial_sum(std::span<const std::byte>(p, header))));
}

/// The largest datagram that will be on the link: of a super-segment, one of its pieces.
std::size_t size_on_link(const Packet& packet, std::size_t transport) {
    const std::size_t step = packet.offload.gso_size;
    const std::span<const std::byte> bytes = packet.bytes();
    if (step == 0 || bytes.size() < transport + 20) return bytes.size();
    const std::size_t tcp_header = (wire::load_8(bytes.data() + transport + 12) >> 4) * 4u;
    return std::min(bytes.size(), transport + tcp_header + step);
}

}  // namespace

/// RFC 1812, sections 4.2.2.11 and 5.3.4; RFC 4291, section 2.5.6.
bool Host::Implementation::may_leave_its_link(const Datagram& datagram) const {
    const bool v4 = datagram.destination.is_v4();
    return !datagram.origin.link_group && plausibility(datagram.destination, v4) == Plausibility::unicast &&
           !datagram.destination.is_link_local() && !datagram.source.is_link_local() &&
           !datagram.source.is_unspecified();
}

void Host::Implementation::forward(Datagram datagram, Packet&& packet) {
    if (!settings.forwarding || datagram.origin.looped) {
        ++counters.dropped_not_local;
        return;
    }
    if (!may_leave_its_link(datagram)) {
        ++counters.dropped_not_forwardable;
        return;
    }
    const bool v4 = datagram.destination.is_v4();
    if (!v4) {
        // Not to act on the extension headers, but to see whether it is an ICMPv6 error.
        const auto seen = describe(packet, datagram.origin.interface);
        if (!seen) return;
        datagram = *seen;
    }
    if (datagram.hop_limit <= 1) {
        ++counters.dropped_hop_limit;
        if (v4) return report(datagram, packet, wire::IcmpHeader::time_exceeded(wire::IcmpTimeExceeded::in_transit));
        return report(datagram, packet, wire::Icmpv6Header::time_exceeded(wire::Icmpv6TimeExceeded::in_transit));
    }
    const auto hop = next_hop(datagram.destination);
    if (!hop) {
        ++counters.dropped_no_route;
        if (v4)
            return report(datagram, packet, wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::network));
        return report(datagram, packet, wire::Icmpv6Header::destination_unreachable(wire::Icmpv6Unreachable::no_route));
    }
    const std::uint32_t mtu = at(hop->interface).mtu(v4);
    const bool too_big = size_on_link(packet, datagram.transport) > mtu;
    if (too_big && (!v4 || wire::Ipv4View::parse(std::as_const(packet).bytes())->dont_fragment()))
        return refuse_too_big(datagram, mtu, packet);
    lower_hop_limit(packet, v4);
    ++counters.forwarded;
    emit_forwarded(*hop, std::move(packet), too_big);
}

/// RFC 1812, section 4.3.3.3 with RFC 1191, section 4; RFC 4443, section 3.2.
void Host::Implementation::refuse_too_big(const Datagram& datagram, std::uint32_t mtu, const Packet& packet) {
    ++counters.dropped_too_big;
    if (datagram.destination.is_v6()) return report(datagram, packet, wire::Icmpv6Header::packet_too_big(mtu));
    const auto next_hop_mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(mtu, 65535));
    report(datagram, packet,
           wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::fragmentation_needed, next_hop_mtu));
}

/// What the device that it came from left to the next one, and the next one does not do, is done here.
void Host::Implementation::emit_forwarded(const NextHop& hop, Packet&& packet, bool too_big) {
    const InterfaceSettings& link = at(hop.interface).settings;
    const bool cut = packet.offload.gso_size != 0 && (too_big || link.max_gso < packet.size());
    if (cut) {
        ++counters.segmented;
        for (Packet& piece : cut_super_segment(pool_, packet)) {
            if (too_big)
                fragment_v4(hop, link.mtu, piece);
            else
                transmit(hop, std::move(piece));
        }
        return;
    }
    if (packet.offload.checksum == Offload::Checksum::partial && (too_big || !link.checksum_offload))
        complete_checksum(packet);
    if (packet.offload.checksum == Offload::Checksum::verified) packet.offload.checksum = Offload::Checksum::complete;
    if (too_big) return fragment_v4(hop, link.mtu, packet);
    transmit(hop, std::move(packet));
}

/// Neighbours that did not answer: the transport here is told, or the host that the datagram came from (RFC 1122,
/// section 3.2.2.1; RFC 4861, section 7.2.2).
void Host::Implementation::report_unresolved() {
    for (const Packet& packet : std::exchange(unresolved_, {})) {
        const auto datagram = describe(packet, {});
        if (!datagram) continue;
        if (is_own_address(datagram->source)) {
            if (datagram->later_fragment) continue;
            const std::size_t transport = std::min(datagram->transport, packet.size());
            complain({datagram->protocol, datagram->source, datagram->destination}, packet.bytes().subspan(transport),
                     {.hard = false, .mtu = {}});
        } else if (datagram->source.is_v4()) {
            report(*datagram, packet, wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::host));
        } else {
            report(*datagram, packet, wire::Icmpv6Header::destination_unreachable(wire::Icmpv6Unreachable::address));
        }
    }
}

}  // namespace hourglass::ip
