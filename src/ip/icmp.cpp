// ICMP (RFC 792; RFC 1122, section 3.2.2) and ICMPv6 (RFC 4443): echoes, errors that arrive, errors that are sent.

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/checksum.h"
#include "ip/implementation.h"

namespace hourglass::ip {

using wire::IcmpHeader;
using wire::IcmpType;
using wire::Icmpv6Header;
using wire::Icmpv6Type;
using wire::IpProtocol;
using wire::ParseError;

namespace {

constexpr std::size_t kMaxErrorV4 = 576;   // RFC 1812, section 4.3.2.3.
constexpr std::size_t kMaxErrorV6 = 1280;  // RFC 4443, section 2.4 (c).
constexpr std::uint32_t kMinMtuV4 = 68;    // RFC 791, section 3.2.
constexpr std::uint32_t kMinMtuV6 = 1280;  // RFC 8200, section 5.

/// The next lower MTU in use when a router does not tell (RFC 1191, section 7.1).
std::uint32_t plateau_below(std::uint32_t size) {
    constexpr std::array<std::uint32_t, 10> kPlateaus{32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68};
    const auto found = std::ranges::find_if(kPlateaus, [&](std::uint32_t mtu) { return mtu < size; });
    return found == kPlateaus.end() ? kMinMtuV4 : *found;
}

/// RFC 1122, section 3.2.2.1.
udp::Failure::Kind failure_of(const wire::IcmpView& message) {
    using Kind = udp::Failure::Kind;
    if (message.type() != IcmpType::destination_unreachable) return Kind::host_unreachable;
    switch (static_cast<wire::IcmpUnreachable>(message.code())) {
        case wire::IcmpUnreachable::network:
        case wire::IcmpUnreachable::network_unknown:
        case wire::IcmpUnreachable::network_prohibited:
        case wire::IcmpUnreachable::network_for_tos:
            return Kind::network_unreachable;
        case wire::IcmpUnreachable::protocol:
            return Kind::protocol_unreachable;
        case wire::IcmpUnreachable::port:
            return Kind::port_unreachable;
        default:
            return Kind::host_unreachable;
    }
}

/// RFC 4443, section 3.1.
udp::Failure::Kind failure_of(const wire::Icmpv6View& message) {
    using Kind = udp::Failure::Kind;
    if (message.type() == Icmpv6Type::parameter_problem &&
        message.code() == static_cast<std::uint8_t>(wire::Icmpv6Problem::unrecognized_next_header))
        return Kind::protocol_unreachable;
    if (message.type() != Icmpv6Type::destination_unreachable) return Kind::host_unreachable;
    switch (static_cast<wire::Icmpv6Unreachable>(message.code())) {
        case wire::Icmpv6Unreachable::no_route:
            return Kind::network_unreachable;
        case wire::Icmpv6Unreachable::administratively_prohibited:
        case wire::Icmpv6Unreachable::source_policy:
        case wire::Icmpv6Unreachable::reject_route:
            return Kind::prohibited;
        case wire::Icmpv6Unreachable::port:
            return Kind::port_unreachable;
        default:
            return Kind::host_unreachable;
    }
}

/// What TCP's applications are told of it.
tcp::Error error_of(udp::Failure::Kind kind) {
    switch (kind) {
        case udp::Failure::Kind::port_unreachable:
            return tcp::Error::refused;
        case udp::Failure::Kind::network_unreachable:
            return tcp::Error::network_unreachable;
        case udp::Failure::Kind::protocol_unreachable:
            return tcp::Error::protocol_unreachable;
        case udp::Failure::Kind::prohibited:
            return tcp::Error::prohibited;
        case udp::Failure::Kind::too_big:
        case udp::Failure::Kind::host_unreachable:
            break;
    }
    return tcp::Error::unreachable;
}

}  // namespace

bool Host::Implementation::ping(const IpAddress& destination, std::uint16_t sequence, std::size_t payload_size,
                                PingHandler handler) {
    const bool v4 = destination.is_v4();
    const std::size_t limit = 65535 - IcmpHeader::kSize - (v4 ? wire::Ipv4Header::kSize : 0);
    const auto source = source_for(destination);
    if (!source || payload_size > limit) return false;

    Packet packet = pool_.packet(IcmpHeader::kSize + payload_size);
    const std::span<std::byte> message = packet.append(IcmpHeader::kSize + payload_size);
    for (std::size_t i = IcmpHeader::kSize; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
    std::uint16_t checksum = 0;
    if (v4) {
        IcmpHeader::echo_request(pings_.identifier(), sequence).emit(message);
        checksum = wire::checksum(wire::partial_sum(message));
    } else {
        Icmpv6Header::echo_request(pings_.identifier(), sequence).emit(message);
        checksum = wire::transport_checksum(*source, destination, IpProtocol::icmpv6, message);
    }
    wire::store_be16(message.data() + IcmpHeader::kChecksumOffset, checksum);
    const IpProtocol protocol = v4 ? IpProtocol::icmp : IpProtocol::icmpv6;
    if (!send(std::move(packet), {protocol, *source, destination})) return false;
    ++counters.icmp_out;
    ++counters.echo_requests_out;
    pings_.add(destination, sequence, now_, std::move(handler));
    return true;
}

void Host::Implementation::receive_icmp(const Datagram& datagram, Packet&& packet) {
    const auto message = wire::IcmpView::parse(std::as_const(packet).bytes().subspan(datagram.transport));
    if (!message) return count(counters.malformed_icmp, message.error());
    if (!message->checksum_is_valid()) return count(counters.malformed_icmp, ParseError::bad_checksum);
    ++counters.icmp_in;
    switch (message->type()) {
        case IcmpType::echo_request:
            // RFC 1122, section 3.2.2.6: one to a group may be discarded; an answer would serve amplification.
            if (datagram.kind == AddressKind::broadcast || datagram.kind == AddressKind::multicast) break;
            return answer_echo(datagram, std::move(packet));
        case IcmpType::echo_reply:
            if (pings_.answered(datagram.source, message->identifier(), message->sequence(), now_))
                ++counters.echo_replies_in;
            else
                ++counters.dropped_icmp_mismatch;
            return;
        case IcmpType::destination_unreachable:
        case IcmpType::time_exceeded:
        case IcmpType::parameter_problem:
            ++counters.icmp_errors_in;
            return receive_error(datagram, *message);
        default:
            break;
    }
    ++counters.dropped_icmp_ignored;
}

void Host::Implementation::receive_icmpv6(const Datagram& datagram, Packet&& packet) {
    const auto message = wire::Icmpv6View::parse(std::as_const(packet).bytes().subspan(datagram.transport));
    if (!message) return count(counters.malformed_icmp, message.error());
    if (!message->checksum_is_valid(datagram.source, datagram.destination))
        return count(counters.malformed_icmp, ParseError::bad_checksum);
    ++counters.icmp_in;
    switch (message->type()) {
        case Icmpv6Type::echo_request:
            if (datagram.source.is_unspecified()) break;
            return answer_echo(datagram, std::move(packet));
        case Icmpv6Type::echo_reply:
            if (pings_.answered(datagram.source, message->identifier(), message->sequence(), now_))
                ++counters.echo_replies_in;
            else
                ++counters.dropped_icmp_mismatch;
            return;
        case Icmpv6Type::destination_unreachable:
        case Icmpv6Type::packet_too_big:
        case Icmpv6Type::time_exceeded:
        case Icmpv6Type::parameter_problem:
            ++counters.icmp_errors_in;
            return receive_error(datagram, *message);
        case Icmpv6Type::neighbor_solicitation:
        case Icmpv6Type::neighbor_advertisement:
        case Icmpv6Type::router_advertisement:
            return receive_discovery(datagram, *message);
        default:
            // RFC 4443, section 2.4 (a) and (b): an error of a type that is not known goes up, anything else is
            // dropped.
            if (!message->is_error()) break;
            ++counters.icmp_errors_in;
            return receive_error(datagram, *message);
    }
    ++counters.dropped_icmp_ignored;
}

/// The request becomes the reply (RFC 792; RFC 4443, section 4.2).
void Host::Implementation::answer_echo(const Datagram& datagram, Packet&& packet) {
    ++counters.echo_requests_in;
    const bool v4 = datagram.destination.is_v4();
    IpAddress source = datagram.destination;
    if (datagram.kind == AddressKind::multicast) source = reporting_address(datagram);

    packet.remove_prefix(datagram.transport);
    packet.offload = {};
    packet.ecn = 0;
    packet.id = 0;  // the label was the request's
    const std::span<std::byte> message = packet.bytes();
    const auto type =
        v4 ? static_cast<std::uint8_t>(IcmpType::echo_reply) : static_cast<std::uint8_t>(Icmpv6Type::echo_reply);
    wire::store_8(message.data(), type);
    wire::store_8(message.data() + 1, 0);
    wire::store_be16(message.data() + IcmpHeader::kChecksumOffset, 0);
    const std::uint16_t checksum = v4 ? wire::checksum(wire::partial_sum(message))
                                      : wire::transport_checksum(source, datagram.source, IpProtocol::icmpv6, message);
    wire::store_be16(message.data() + IcmpHeader::kChecksumOffset, checksum);
    ++counters.icmp_out;
    ++counters.echo_replies_out;
    send(std::move(packet), {datagram.protocol, source, datagram.source});
}

void Host::Implementation::receive_error(const Datagram& datagram, const wire::IcmpView& message) {
    const auto quoted = wire::Ipv4View::parse_quoted(message.quoted());
    if (!quoted) return count(counters.malformed_icmp, quoted.error());
    // The error goes to whom it is about: a datagram that this host sent.
    if (quoted->source() != datagram.destination || quoted->fragment_offset() != 0) {
        ++counters.dropped_icmp_mismatch;
        return;
    }
    Complaint complaint;
    complaint.failure = {.kind = failure_of(message),
                         .reporter = datagram.source,
                         .icmp_type = static_cast<std::uint8_t>(message.type()),
                         .icmp_code = message.code()};
    if (message.type() == IcmpType::destination_unreachable) {
        const auto code = static_cast<wire::IcmpUnreachable>(message.code());
        complaint.hard = code == wire::IcmpUnreachable::protocol || code == wire::IcmpUnreachable::port;
        if (code == wire::IcmpUnreachable::fragmentation_needed) {
            const std::uint32_t told = message.next_hop_mtu();
            complaint.mtu = told < kMinMtuV4 ? plateau_below(quoted->total_length()) : told;
        }
    }
    complain({quoted->protocol(), quoted->source(), quoted->destination()}, quoted->payload(), complaint);
}

void Host::Implementation::receive_error(const Datagram& datagram, const wire::Icmpv6View& message) {
    const auto quoted = wire::Ipv6View::parse_quoted(message.quoted());
    if (!quoted) return count(counters.malformed_icmp, quoted.error());
    const auto chain = wire::walk_extensions(*quoted);
    const bool first = chain && (!chain->fragment || chain->fragment->offset == 0);
    if (!first || quoted->source() != datagram.destination || chain->offset > quoted->packet().size()) {
        ++counters.dropped_icmp_mismatch;
        return;
    }
    Complaint complaint;
    complaint.failure = {.kind = failure_of(message),
                         .reporter = datagram.source,
                         .icmp_type = static_cast<std::uint8_t>(message.type()),
                         .icmp_code = message.code()};
    if (message.type() == Icmpv6Type::destination_unreachable) {
        const auto code = static_cast<wire::Icmpv6Unreachable>(message.code());
        complaint.hard =
            code == wire::Icmpv6Unreachable::port || code == wire::Icmpv6Unreachable::administratively_prohibited;
    } else if (message.type() == Icmpv6Type::parameter_problem) {
        complaint.hard = message.code() == static_cast<std::uint8_t>(wire::Icmpv6Problem::unrecognized_next_header);
    } else if (message.type() == Icmpv6Type::packet_too_big) {
        // RFC 8201, section 4: less than the minimum is not believed.
        if (message.mtu() < kMinMtuV6) {
            ++counters.dropped_icmp_mismatch;
            return;
        }
        complaint.mtu = message.mtu();
    }
    complain({chain->protocol, quoted->source(), quoted->destination()}, quoted->packet().subspan(chain->offset),
             complaint);
}

/// Tells the transport whose datagram was quoted, if it can have sent it.
void Host::Implementation::complain(const Envelope& quoted, std::span<const std::byte> transport,
                                    const Complaint& complaint) {
    if (transport.size() >= 8 && quoted.protocol == IpProtocol::tcp) {
        const tcp::FlowKey flow{.local = quoted.source,
                                .remote = quoted.destination,
                                .local_port = Port(wire::load_be16(transport.data())),
                                .remote_port = Port(wire::load_be16(transport.data() + 2))};
        const tcp::Seq seq(wire::load_be32(transport.data() + 4));
        if (complaint.mtu)
            tcp_.path_mtu(flow, seq, *complaint.mtu);
        else
            tcp_.unreachable(flow, seq, complaint.hard, error_of(complaint.failure.kind));
        return;
    }
    const bool udp =
        quoted.protocol == IpProtocol::udp && transport.size() >= 8 && complain_to_udp(quoted, transport, complaint);
    const bool echo = (quoted.protocol == IpProtocol::icmp || quoted.protocol == IpProtocol::icmpv6) &&
                      transport.size() >= 8 && wire::load_be16(transport.data() + 4) == pings_.identifier();
    if (!udp && !echo) {
        ++counters.dropped_icmp_mismatch;
        return;
    }
    if (udp) ++counters.udp_unreachable;
    if (complaint.mtu) path_mtu_.report(quoted.destination, *complaint.mtu, now_);
}

bool Host::Implementation::complain_to_udp(const Envelope& quoted, std::span<const std::byte> transport,
                                           const Complaint& complaint) {
    udp::Failure failure = complaint.failure;
    failure.remote = {quoted.destination, Port(wire::load_be16(transport.data() + 2))};
    if (complaint.mtu) {
        failure.kind = udp::Failure::Kind::too_big;
        failure.mtu = *complaint.mtu;
    }
    return udp_.report({quoted.source, Port(wire::load_be16(transport.data()))}, failure);
}

/// What there is to know of a datagram that an error is to be sent about.
std::optional<Datagram> Host::Implementation::describe(const Packet& packet, InterfaceId interface) const {
    Datagram datagram;
    datagram.origin.interface = interface;
    if (const auto v4 = wire::Ipv4View::parse(packet.bytes())) {
        datagram.source = v4->source();
        datagram.destination = v4->destination();
        datagram.protocol = v4->protocol();
        datagram.hop_limit = v4->ttl();
        datagram.later_fragment = v4->fragment_offset() != 0;
        datagram.transport = v4->header_size();
    } else if (const auto v6 = wire::Ipv6View::parse(packet.bytes())) {
        const auto chain = wire::walk_extensions(*v6);
        datagram.source = v6->source();
        datagram.destination = v6->destination();
        datagram.protocol = chain ? chain->protocol : v6->next_header();
        datagram.hop_limit = v6->hop_limit();
        datagram.later_fragment = chain && chain->fragment && chain->fragment->offset != 0;
        datagram.transport = chain ? chain->offset : wire::Ipv6Header::kSize;
    } else {
        return std::nullopt;
    }
    datagram.kind = classify(datagram.destination);
    return datagram;
}

/// RFC 1122, section 3.2.2 and RFC 4443, section 2.4 (e): never about an error, or for somebody who is not one host,
/// and over IPv4 never about a group's or a later fragment. Groups are the caller's to judge over IPv6.
bool Host::Implementation::may_report(const Datagram& datagram, const Packet& packet) const {
    if (datagram.source.is_unspecified()) return false;
    const bool v4 = datagram.destination.is_v4();
    const bool group = datagram.origin.link_group || datagram.kind == AddressKind::broadcast ||
                       datagram.kind == AddressKind::multicast;
    if (v4 && (group || datagram.later_fragment)) return false;
    if (datagram.protocol != (v4 ? IpProtocol::icmp : IpProtocol::icmpv6)) return true;
    const std::span<const std::byte> bytes = packet.bytes();
    if (datagram.later_fragment || bytes.size() < datagram.transport + IcmpHeader::kSize) return false;
    const std::span<const std::byte> message = bytes.subspan(datagram.transport);
    return v4 ? !wire::IcmpView::parse(message)->is_error() : !wire::Icmpv6View::parse(message)->is_error();
}

/// RFC 1812, section 4.3.2.4; RFC 4443, section 2.2: the address that was asked, else one that leads to the sender.
IpAddress Host::Implementation::reporting_address(const Datagram& datagram) const {
    if (datagram.kind == AddressKind::unicast || datagram.kind == AddressKind::loopback) return datagram.destination;
    return source_for(datagram.source).value_or(IpAddress{});
}

void Host::Implementation::report(const Datagram& datagram, const Packet& packet, const IcmpHeader& error) {
    if (!may_report(datagram, packet)) return;
    const IpAddress source = reporting_address(datagram);
    if (!source.is_v4()) return;
    if (!icmp_limiter_.allow(now_)) {
        ++counters.dropped_icmp_rate_limit;
        return;
    }
    constexpr std::size_t kRoom = kMaxErrorV4 - wire::Ipv4Header::kSize - IcmpHeader::kSize;
    const auto quote = packet.bytes().first(std::min(packet.size(), kRoom));
    Packet message = pool_.packet(IcmpHeader::kSize + quote.size());
    error.emit_message(message.append(IcmpHeader::kSize + quote.size()), quote);
    ++counters.icmp_out;
    ++counters.icmp_errors_out;
    send(std::move(message), {IpProtocol::icmp, source, datagram.source});
}

void Host::Implementation::report(const Datagram& datagram, const Packet& packet, const Icmpv6Header& error) {
    // RFC 4443, section 2.4 (e.3): two kinds of error are sent even about what went to a group.
    const bool about_group_too = error.type == Icmpv6Type::packet_too_big ||
                                 (error.type == Icmpv6Type::parameter_problem &&
                                  error.code == static_cast<std::uint8_t>(wire::Icmpv6Problem::unrecognized_option));
    const bool to_group = datagram.kind == AddressKind::multicast || datagram.origin.link_group;
    if ((to_group && !about_group_too) || !may_report(datagram, packet)) return;
    const IpAddress source = reporting_address(datagram);
    if (source.is_unspecified()) return;
    if (!icmp_limiter_.allow(now_)) {
        ++counters.dropped_icmp_rate_limit;
        return;
    }
    constexpr std::size_t kRoom = kMaxErrorV6 - wire::Ipv6Header::kSize - Icmpv6Header::kSize;
    const auto quote = packet.bytes().first(std::min(packet.size(), kRoom));
    Packet message = pool_.packet(Icmpv6Header::kSize + quote.size());
    error.emit_message(message.append(Icmpv6Header::kSize + quote.size()), quote, source, datagram.source);
    ++counters.icmp_out;
    ++counters.icmp_errors_out;
    send(std::move(message), {IpProtocol::icmpv6, source, datagram.source});
}

}  // namespace hourglass::ip
