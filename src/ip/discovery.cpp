// Finding neighbours on Ethernet: the messages of ARP (RFC 826) and of neighbour discovery (RFC 4861, section 7). What
// is known of neighbours is in neighbours.cpp.

#include <utility>

#include "hourglass/wire/arp.h"
#include "hourglass/wire/neighbor_discovery.h"
#include "ip/groups.h"
#include "ip/implementation.h"
#include "ip/plausible.h"

namespace hourglass::ip {

namespace {

constexpr std::uint8_t kDiscoveryHopLimit = 255;  // RFC 4861, section 7.1: so it comes from this link.

}  // namespace

bool Host::Implementation::is_own_on(InterfaceId id, const IpAddress& address) const {
    const LocalAddress* own = addresses_.find(address);
    return own != nullptr && own->kind == AddressKind::unicast && own->interface == id;
}

void Host::Implementation::receive_arp(const Origin& origin, const Packet& packet) {
    const auto arp = wire::ArpPacket::parse(packet.bytes());
    if (!arp) return count(counters.malformed_arp, arp.error());
    const InterfaceId id = origin.interface;
    const bool request = arp->operation == wire::ArpOperation::request;
    if (!request && arp->operation != wire::ArpOperation::reply) {
        ++counters.dropped_arp;
        return;
    }
    ++(request ? counters.arp_requests_in : counters.arp_replies_in);

    // RFC 5227, section 2.1.1: a probe has no sender address. A sender with one of ours is in conflict with us.
    const bool probe = arp->sender_ip.is_unspecified();
    const bool usable = probe || (plausibility_v4(arp->sender_ip) == Plausibility::unicast &&
                                  addresses_.find(arp->sender_ip) == nullptr);
    const bool for_us = is_own_on(id, arp->target_ip);
    // RFC 5227, section 2.1.1: while we ask for an address, whoever has it, or asks for it too, is in conflict with us.
    if (arp->sender_mac != at(id).settings.mac && duplicate_tests_.claimed(id, probe ? arp->target_ip : arp->sender_ip))
        return;
    if (!usable || arp->sender_mac.is_group() || (probe && !for_us)) {
        ++counters.dropped_arp;
        return;
    }
    if (!request) {
        const NeighbourTable::Answer answer{.mac = arp->sender_mac, .solicited = for_us, .override_entry = true};
        return neighbours_.answered(id, arp->sender_ip, answer, now_);
    }
    if (!probe) {
        const auto hop = routes.find(arp->sender_ip);
        const bool on_link = hop && hop->interface == id && hop->neighbour == arp->sender_ip;
        neighbours_.heard(id, arp->sender_ip, arp->sender_mac, for_us && on_link);
    }
    if (!for_us) return;
    ++counters.arp_replies_out;
    send_arp(id, wire::ArpOperation::reply, arp->target_ip, arp->sender_mac, arp->sender_ip);
}

void Host::Implementation::send_arp(InterfaceId id, wire::ArpOperation operation, const IpAddress& sender,
                                    const MacAddress& target_mac, const IpAddress& target) {
    Interface& interface = at(id);
    const bool everybody = target_mac == MacAddress{};
    Packet packet = pool_.packet(wire::ArpPacket::kSize);
    const wire::ArpPacket arp{.operation = operation,
                              .sender_mac = interface.settings.mac,
                              .sender_ip = sender,
                              .target_mac = target_mac,
                              .target_ip = target};
    arp.emit(packet.append(wire::ArpPacket::kSize));
    const wire::EthernetHeader frame{.destination = everybody ? MacAddress::broadcast() : target_mac,
                                     .source = interface.settings.mac,
                                     .type = wire::EtherType::arp};
    frame.emit(packet.prepend(wire::EthernetHeader::kSize));
    push(interface, std::move(packet));
}

/// Who has this address? With no sender, nobody learns it from the question (RFC 5227, section 2.1.1; RFC 4862, section
/// 5.4.2).
void Host::Implementation::probe(InterfaceId id, const IpAddress& address) {
    if (address.is_v4()) {
        ++counters.arp_requests_out;
        return send_arp(id, wire::ArpOperation::request, IpAddress::v4(0), {}, address);
    }
    const AddressPair addresses{IpAddress{}, wire::solicited_node_multicast(address)};
    const wire::NeighborSolicitation solicitation{.target = address, .source_link_layer = {}};
    Packet packet = pool_.packet(solicitation.size());
    solicitation.emit(packet.append(solicitation.size()), addresses.source, addresses.destination);
    ++counters.solicitations_out;
    send_discovery(id, std::move(packet), addresses, wire::multicast_mac(addresses.destination));
}

/// RFC 5227, section 2.3.
void Host::Implementation::announce(InterfaceId id, const IpAddress& address) {
    ++counters.arp_requests_out;
    send_arp(id, wire::ArpOperation::request, address, {}, address);
}

/// RFC 4861, section 6.3.7.
void Host::Implementation::solicit_routers(InterfaceId id) {
    const auto source = select_source(id, kAllRouters);
    if (!source || !is_own_on(id, *source)) return;
    const AddressPair addresses{*source, kAllRouters};
    const wire::RouterSolicitation solicitation{.source_link_layer = at(id).settings.mac};
    Packet packet = pool_.packet(solicitation.size());
    solicitation.emit(packet.append(solicitation.size()), addresses.source, addresses.destination);
    ++counters.router_solicitations_out;
    send_discovery(id, std::move(packet), addresses, wire::multicast_mac(kAllRouters));
}

void Host::Implementation::send_discovery(InterfaceId id, Packet message, const AddressPair& addresses,
                                          const MacAddress& mac) {
    wire::Ipv6Header header;
    header.payload_length = static_cast<std::uint16_t>(message.size());
    header.next_header = wire::IpProtocol::icmpv6;
    header.hop_limit = kDiscoveryHopLimit;
    header.source = addresses.source;
    header.destination = addresses.destination;
    header.emit(message.prepend(wire::Ipv6Header::kSize));
    ++counters.icmp_out;
    transmit_to(id, std::move(message), addresses.destination, mac);
}

/// RFC 4861, section 7.2.2: the source of the datagram that waits, if it is an address of that interface.
std::optional<IpAddress> Host::Implementation::solicitor(InterfaceId id, const IpAddress& target,
                                                         const Packet* waiting) const {
    if (waiting != nullptr) {
        const bool v4 = target.is_v4();
        const IpAddress source = v4 ? wire::Ipv4View::parse_quoted(waiting->bytes())->source()
                                    : wire::Ipv6View::parse_quoted(waiting->bytes())->source();
        if (is_own_on(id, source)) return source;
    }
    const auto source = select_source(id, target);
    return source && is_own_on(id, *source) ? source : std::nullopt;
}

void Host::Implementation::solicit(InterfaceId id, const IpAddress& target, std::optional<MacAddress> unicast,
                                   const Packet* waiting) {
    const auto source = solicitor(id, target, waiting);
    if (!source) {
        ++counters.dropped_no_route;
        return;
    }
    if (target.is_v4()) {
        ++counters.arp_requests_out;
        return send_arp(id, wire::ArpOperation::request, *source, unicast.value_or(MacAddress{}), target);
    }
    const AddressPair addresses{*source, unicast ? target : wire::solicited_node_multicast(target)};
    const wire::NeighborSolicitation solicitation{.target = target, .source_link_layer = at(id).settings.mac};
    Packet packet = pool_.packet(solicitation.size());
    solicitation.emit(packet.append(solicitation.size()), addresses.source, addresses.destination);
    ++counters.solicitations_out;
    send_discovery(id, std::move(packet), addresses, unicast ? *unicast : wire::multicast_mac(addresses.destination));
}

void Host::Implementation::transmit_to(InterfaceId id, Packet packet, const IpAddress& neighbour,
                                       const MacAddress& mac) {
    Interface& interface = at(id);
    need_headroom(packet, wire::EthernetHeader::kSize);
    const wire::EthernetHeader frame{.destination = mac,
                                     .source = interface.settings.mac,
                                     .type = neighbour.is_v4() ? wire::EtherType::ipv4 : wire::EtherType::ipv6};
    frame.emit(packet.prepend(wire::EthernetHeader::kSize));
    push(interface, std::move(packet));
}

void Host::Implementation::unresolved(Packet packet) {
    ++counters.dropped_unresolved;
    unresolved_.push_back(std::move(packet));
}

void Host::Implementation::receive_discovery(const Datagram& datagram, const wire::Icmpv6View& message) {
    const bool link = !datagram.origin.looped && at(datagram.origin.interface).settings.medium == Medium::ethernet;
    // RFC 6980, section 5: fragments hide what a switch that guards the link looks for.
    if (!link || datagram.hop_limit != kDiscoveryHopLimit || datagram.origin.reassembled) {
        ++counters.dropped_discovery;
        return;
    }
    switch (message.type()) {
        case wire::Icmpv6Type::neighbor_solicitation:
            return receive_solicitation(datagram, message);
        case wire::Icmpv6Type::neighbor_advertisement:
            return receive_advertisement(datagram, message);
        default:
            return receive_router_advertisement(datagram, message);
    }
}

void Host::Implementation::receive_solicitation(const Datagram& datagram, const wire::Icmpv6View& message) {
    ++counters.solicitations_in;
    const auto solicitation = wire::NeighborSolicitation::parse(message);
    if (!solicitation) return count(counters.malformed_icmp, solicitation.error());
    const InterfaceId id = datagram.origin.interface;
    const IpAddress& target = solicitation->target;
    const auto& source_mac = solicitation->source_link_layer;
    // RFC 4861, section 7.1.1. While addresses are being tested for duplicates the source is unspecified.
    const bool nameless = datagram.source.is_unspecified();
    const bool valid = nameless ? !source_mac && datagram.destination == wire::solicited_node_multicast(target)
                                : !source_mac || !source_mac->is_group();
    // RFC 4862, section 5.4.3: of a tentative address nobody is told; who tests it as well is in conflict with us.
    if (valid && nameless && duplicate_tests_.claimed(id, target)) return;
    if (!valid || !is_own_on(id, target)) {
        ++counters.dropped_discovery;
        return;
    }
    if (!nameless && source_mac) neighbours_.heard(id, datagram.source, *source_mac, true);

    const IpAddress destination = nameless ? kAllNodes : datagram.source;
    const wire::NeighborAdvertisement advertisement{.router = settings.forwarding,
                                                    .solicited = !nameless,
                                                    .override_entry = true,
                                                    .target = target,
                                                    .target_link_layer = at(id).settings.mac};
    Packet packet = pool_.packet(advertisement.size());
    advertisement.emit(packet.append(advertisement.size()), target, destination);
    wire::Ipv6Header header;
    header.payload_length = static_cast<std::uint16_t>(packet.size());
    header.next_header = wire::IpProtocol::icmpv6;
    header.hop_limit = kDiscoveryHopLimit;
    header.source = target;
    header.destination = destination;
    header.emit(packet.prepend(wire::Ipv6Header::kSize));
    ++counters.icmp_out;
    ++counters.advertisements_out;
    transmit({id, destination}, std::move(packet));
}

void Host::Implementation::receive_advertisement(const Datagram& datagram, const wire::Icmpv6View& message) {
    ++counters.advertisements_in;
    const auto advertisement = wire::NeighborAdvertisement::parse(message);
    if (!advertisement) return count(counters.malformed_icmp, advertisement.error());
    // RFC 4861, section 7.1.2; and nobody tells us about our own addresses.
    const bool group = datagram.kind == AddressKind::multicast;
    const bool group_mac = advertisement->target_link_layer && advertisement->target_link_layer->is_group();
    const InterfaceId id = datagram.origin.interface;
    const bool valid = !(group && advertisement->solicited) && !group_mac;
    if (valid && duplicate_tests_.claimed(id, advertisement->target)) return;  // RFC 4862, section 5.4.4.
    if (!valid || addresses_.find(advertisement->target) != nullptr) {
        ++counters.dropped_discovery;
        return;
    }
    if (Autoconfiguration* configuration = at(id).autoconfiguration.get(); configuration && !advertisement->router)
        configuration->routers.resigned(advertisement->target);
    neighbours_.answered(id, advertisement->target,
                         {.mac = advertisement->target_link_layer,
                          .solicited = advertisement->solicited,
                          .override_entry = advertisement->override_entry},
                         now_);
}

}  // namespace hourglass::ip
