// What arrives: frames, datagrams and fragments, up to the transports (RFC 1122, section 3.2; RFC 8200).

#include <algorithm>
#include <array>
#include <utility>

#include "hourglass/wire/udp.h"
#include "ip/implementation.h"
#include "ip/plausible.h"

namespace hourglass::ip {

using wire::IpProtocol;
using wire::ParseError;

void Host::Implementation::receive(InterfaceId id, Packet&& packet) {
    ++counters.packets_in;
    counters.bytes_in += packet.size();
    const Origin origin{.interface = id};
    if (at(id).settings.medium == Medium::ip)
        receive_datagram(origin, std::move(packet));
    else
        receive_frame(origin, std::move(packet));
}

void Host::Implementation::receive_frame(Origin origin, Packet&& packet) {
    const auto frame = wire::EthernetView::parse(std::as_const(packet).bytes());
    if (!frame) return count(counters.malformed_ethernet, frame.error());
    const MacAddress to = frame->destination();
    origin.link_group = to.is_group();
    if (!origin.link_group && to != at(origin.interface).settings.mac) {
        ++counters.dropped_other_station;
        return;
    }
    packet.remove_prefix(wire::EthernetHeader::kSize);
    switch (frame->type()) {
        case wire::EtherType::ipv4:
            return receive_v4(origin, std::move(packet));
        case wire::EtherType::ipv6:
            return receive_v6(origin, std::move(packet));
        case wire::EtherType::arp:
            return receive_arp(origin, packet);
        default:
            ++counters.dropped_ethertype;
    }
}

void Host::Implementation::receive_datagram(const Origin& origin, Packet&& packet) {
    const std::span<const std::byte> bytes = std::as_const(packet).bytes();
    if (bytes.empty()) return count(counters.malformed_ipv4, ParseError::truncated);
    switch (wire::load_8(bytes.data()) >> 4) {
        case 4:
            return receive_v4(origin, std::move(packet));
        case 6:
            return receive_v6(origin, std::move(packet));
        default:
            count(counters.malformed_ipv4, ParseError::bad_version);
    }
}

void Host::Implementation::receive_v4(const Origin& origin, Packet&& packet) {
    const auto view = wire::Ipv4View::parse(std::as_const(packet).bytes());
    if (!view) return count(counters.malformed_ipv4, view.error());
    if (!origin.looped && !view->checksum_is_valid()) return count(counters.malformed_ipv4, ParseError::bad_checksum);
    packet.truncate(view->total_length());

    Datagram datagram{.origin = origin,
                      .source = view->source(),
                      .destination = view->destination(),
                      .protocol = view->protocol(),
                      .hop_limit = view->ttl(),
                      .later_fragment = view->fragment_offset() != 0,
                      .transport = view->header_size()};
    if (!recognise(datagram)) return;
    if (datagram.kind == AddressKind::foreign) return forward(datagram, std::move(packet));
    if (view->is_fragment()) return reassemble_v4(datagram, *view, std::move(packet));
    deliver(datagram, std::move(packet));
}

void Host::Implementation::receive_v6(const Origin& origin, Packet&& packet) {
    const auto view = wire::Ipv6View::parse(std::as_const(packet).bytes());
    if (!view) return count(counters.malformed_ipv6, view.error());
    packet.truncate(wire::Ipv6Header::kSize + view->payload_length());

    Datagram datagram{.origin = origin,
                      .source = view->source(),
                      .destination = view->destination(),
                      .protocol = view->next_header(),
                      .hop_limit = view->hop_limit()};
    if (!recognise(datagram)) return;
    if (datagram.kind == AddressKind::foreign) return forward(datagram, std::move(packet));

    const auto chain = wire::walk_extensions(*view);
    if (!chain) return refuse_chain(datagram, chain.error(), packet);
    datagram.protocol = chain->protocol;
    datagram.transport = chain->offset;
    datagram.protocol_field = chain->pointer;
    if (chain->fragment) return reassemble_v6(datagram, *chain, std::move(packet));
    if (chain->has_fragment_header) datagram.origin.reassembled = true;
    deliver(datagram, std::move(packet));
}

/// Finds out what the destination is to this host, and whether the addresses are possible.
bool Host::Implementation::recognise(Datagram& datagram) {
    const bool from_link = !datagram.origin.looped && !datagram.origin.link_group;
    if (from_link && last_admitted_ == AddressPair{datagram.source, datagram.destination}) {
        datagram.kind = AddressKind::unicast;
        return true;
    }
    datagram.kind = classify(datagram.destination);
    if (!admit(datagram)) return false;
    if (from_link && datagram.kind == AddressKind::unicast)
        last_admitted_ = AddressPair{datagram.source, datagram.destination};
    return true;
}

AddressKind Host::Implementation::classify(const IpAddress& destination) const {
    if (const LocalAddress* own = addresses_.find(destination)) return own->kind;
    if (destination.is_multicast() && udp_.is_joined(destination)) return AddressKind::multicast;
    if (destination.is_v4() && destination.is_loopback()) return AddressKind::loopback;  // RFC 1122, 3.2.1.3 (g)
    return AddressKind::foreign;
}

/// The addresses that a datagram may have (RFC 1122, sections 3.2.1.3 and 3.3.6; RFC 4291, section 2). A source that is
/// an address of this host, or a link's broadcast, is a forgery.
bool Host::Implementation::admit(Datagram& datagram) {
    if (datagram.origin.looped) return true;
    const bool v4 = datagram.destination.is_v4();
    const Plausibility destination = plausibility(datagram.destination, v4);
    if (destination == Plausibility::loopback || destination == Plausibility::unspecified ||
        destination == Plausibility::never) {
        ++counters.dropped_bad_destination;
        return false;
    }
    const Plausibility source = plausibility(datagram.source, v4);
    const bool to_group = datagram.kind == AddressKind::broadcast || datagram.kind == AddressKind::multicast;
    // A host that has no address yet may speak to a group: DHCP, and the detection of duplicate addresses.
    const bool nameless = source == Plausibility::unspecified && to_group &&
                          datagram.protocol == (v4 ? IpProtocol::udp : IpProtocol::icmpv6);
    if (!nameless && (source != Plausibility::unicast || addresses_.find(datagram.source) != nullptr)) {
        ++counters.dropped_bad_source;
        return false;
    }
    if (v4 && datagram.origin.link_group && !to_group) {
        ++counters.dropped_link_broadcast;
        return false;
    }
    return true;
}

void Host::Implementation::reassemble_v4(const Datagram& datagram, const wire::Ipv4View& view, Packet&& packet) {
    ++counters.fragments_in;
    const std::size_t size = packet.size() - datagram.transport;
    const std::uint32_t offset = view.fragment_offset();
    if (size == 0 || (view.more_fragments() && size % 8 != 0) || offset + size > 65535 - wire::Ipv4Header::kSize)
        return count(counters.malformed_ipv4, ParseError::bad_length);
    const Fragment fragment{.source = datagram.source,
                            .destination = datagram.destination,
                            .protocol = datagram.protocol,
                            .identification = view.identification(),
                            .offset = offset,
                            .more = view.more_fragments(),
                            .data_begin = datagram.transport};
    auto whole = reassembler_.add(fragment, std::move(packet), datagram.origin.interface, now_);
    if (!whole) return;
    Origin origin = datagram.origin;
    origin.reassembled = true;
    receive_v4(origin, std::move(*whole));
}

namespace {

/// RFC 7112, section 5: the first fragment must hold every header up to the transport's.
bool has_whole_header_chain(const Packet& packet, const wire::Ipv6Chain& chain) {
    const std::span<const std::byte> bytes = packet.bytes();
    std::array<std::byte, 1500> joined;
    const std::size_t size = std::min(bytes.size() - chain.offset, joined.size() - wire::Ipv6Header::kSize);
    wire::Ipv6Header header = wire::Ipv6View::parse(bytes)->header();
    header.next_header = chain.protocol;
    header.payload_length = static_cast<std::uint16_t>(size);
    header.emit(joined);
    std::ranges::copy(bytes.subspan(chain.offset, size), joined.begin() + wire::Ipv6Header::kSize);
    const std::span<const std::byte> prefix(joined.data(), wire::Ipv6Header::kSize + size);
    const auto walked = wire::walk_extensions(*wire::Ipv6View::parse(prefix));
    if (!walked) return walked.error().reason != ParseError::truncated;
    const std::size_t left = prefix.size() - std::min(prefix.size(), walked->offset);
    switch (walked->protocol) {
        case IpProtocol::tcp:
            return left >= 20;
        case IpProtocol::udp:
        case IpProtocol::icmpv6:
            return left >= 8;
        default:
            return true;
    }
}

}  // namespace

void Host::Implementation::reassemble_v6(const Datagram& datagram, const wire::Ipv6Chain& chain, Packet&& packet) {
    ++counters.fragments_in;
    const wire::Ipv6Fragment& part = *chain.fragment;
    const std::size_t size = packet.size() - chain.offset;
    // Its length and place have been checked with the chain. A fragment of a fragment: RFC 8200, section 4.1 has one
    // fragment header.
    if (datagram.origin.reassembled) return count(counters.malformed_ipv6, ParseError::bad_option);
    if (size == 0) return count(counters.malformed_ipv6, ParseError::bad_length);
    if (part.offset == 0 && !has_whole_header_chain(packet, chain)) {
        count(counters.malformed_ipv6, ParseError::truncated);
        constexpr auto kIncompleteChain = static_cast<wire::Icmpv6Problem>(3);
        return report(datagram, packet, wire::Icmpv6Header::parameter_problem(kIncompleteChain, 0));
    }
    const Fragment fragment{.source = datagram.source,
                            .destination = datagram.destination,
                            .protocol = chain.protocol,
                            .identification = part.identification,
                            .offset = part.offset,
                            .more = part.more,
                            .data_begin = chain.offset};
    auto whole = reassembler_.add(fragment, std::move(packet), datagram.origin.interface, now_);
    if (!whole) return;
    Origin origin = datagram.origin;
    origin.reassembled = true;
    receive_v6(origin, std::move(*whole));
}

void Host::Implementation::refuse_chain(const Datagram& datagram, const wire::Ipv6ChainError& error,
                                        const Packet& packet) {
    using Answer = wire::Ipv6ChainError::Answer;
    count(counters.malformed_ipv6, error.reason);
    wire::Icmpv6Problem problem{};
    switch (error.answer) {
        case Answer::none:
            return;
        case Answer::erroneous_header:
            problem = wire::Icmpv6Problem::erroneous_header;
            break;
        case Answer::unrecognized_next_header:
            problem = wire::Icmpv6Problem::unrecognized_next_header;
            break;
        case Answer::unrecognized_option_unicast_only:
            if (datagram.kind == AddressKind::multicast) return;
            [[fallthrough]];
        case Answer::unrecognized_option:
            problem = wire::Icmpv6Problem::unrecognized_option;
            break;
    }
    report(datagram, packet, wire::Icmpv6Header::parameter_problem(problem, error.pointer));
}

/// The ECN field of the datagram that `packet` begins with (RFC 3168, section 5).
static std::uint8_t ecn_field(const Packet& packet, bool v4) {
    const auto octet = std::to_integer<std::uint8_t>(packet.bytes()[1]);
    return (v4 ? octet : octet >> 4) & 3;
}

void Host::Implementation::deliver(const Datagram& datagram, Packet&& packet) {
    ++counters.delivered;
    if (datagram.protocol == IpProtocol::tcp) [[likely]] {
        if (datagram.kind == AddressKind::broadcast || datagram.kind == AddressKind::multicast) {
            ++counters.dropped_not_unicast;
            return;
        }
        packet.ecn = ecn_field(packet, datagram.destination.is_v4());
        packet.remove_prefix(datagram.transport);
        tcp_.receive(std::move(packet), datagram.source, datagram.destination, now_);
        return;
    }
    const bool v4 = datagram.destination.is_v4();
    if (datagram.protocol == IpProtocol::udp) return deliver_udp(datagram, std::move(packet));
    if (datagram.protocol == IpProtocol::icmp && v4) return receive_icmp(datagram, std::move(packet));
    if (datagram.protocol == IpProtocol::icmpv6 && !v4) return receive_icmpv6(datagram, std::move(packet));
    refuse_protocol(datagram, packet);
}

/// RFC 1122, section 3.2.2.1; RFC 8200, section 4.
void Host::Implementation::refuse_protocol(const Datagram& datagram, const Packet& packet) {
    if (datagram.destination.is_v4()) {
        ++counters.dropped_unknown_protocol;
        return report(datagram, packet, wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::protocol));
    }
    if (datagram.protocol == IpProtocol::no_next_header) {
        ++counters.dropped_no_next_header;
        return;
    }
    ++counters.dropped_unknown_protocol;
    report(datagram, packet,
           wire::Icmpv6Header::parameter_problem(wire::Icmpv6Problem::unrecognized_next_header,
                                                 static_cast<std::uint32_t>(datagram.protocol_field)));
}

void Host::Implementation::deliver_udp(const Datagram& datagram, Packet&& packet) {
    const auto delivery = udp_.receive(packet, datagram.transport, datagram.source, datagram.destination);
    if (!delivery) return count(counters.malformed_udp, delivery.error());
    switch (*delivery) {
        case udp::Delivery::queued:
            ++counters.udp_in;
            return;
        case udp::Delivery::queue_full:
            ++counters.dropped_udp_queue_full;
            return;
        case udp::Delivery::no_socket:
            break;
    }
    ++counters.dropped_udp_no_socket;
    if (datagram.destination.is_v4())
        report(datagram, packet, wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::port));
    else
        report(datagram, packet, wire::Icmpv6Header::destination_unreachable(wire::Icmpv6Unreachable::port));
}

}  // namespace hourglass::ip
