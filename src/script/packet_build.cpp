#include <algorithm>
#include <fmt/format.h>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/icmp.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"
#include "script/icmp_names.h"
#include "script/packets.h"

namespace hourglass::script {

namespace {

using Bytes = std::vector<std::byte>;
using wire::IpProtocol;

constexpr std::uint8_t kPeerTtl = 64;

std::span<std::byte> extend(Bytes& bytes, std::size_t size) {
    bytes.resize(bytes.size() + size);
    return std::span(bytes).last(size);
}

void shift(std::span<std::byte> number, std::uint32_t offset) {
    wire::store_be32(number.data(), wire::load_be32(number.data()) + offset);
}

/// TS ecr and SACK blocks speak of our numbers.
void map_option(OptionSpec& option, const TcpSpec& spec, const Flow& flow) {
    const auto kind = wire::TcpOptionKind(option.kind);
    const bool syn = (spec.flags & wire::TcpFlags::kSyn) != 0;
    if (kind == wire::TcpOptionKind::sack)
        for (std::size_t i = 0; i + 4 <= option.data.size(); i += 4)
            shift(std::span(option.data).subspan(i, 4), flow.local_offset(syn));
    if (kind == wire::TcpOptionKind::timestamps && (spec.flags & wire::TcpFlags::kAck) != 0) {
        const auto echo = std::span(option.data).subspan(4, 4);
        const auto exact = flow.timestamps.find(wire::load_be32(echo.data()));
        if (exact != flow.timestamps.end())
            wire::store_be32(echo.data(), exact->second);
        else if (flow.timestamps_known)
            shift(echo, flow.first_timestamp - flow.first_script_timestamp);
    }
}

Bytes tcp_segment(const TcpSpec& spec, const Flow& flow, const SocketAddress& from, const SocketAddress& to) {
    Bytes options;
    for (OptionSpec option : spec.options) {
        map_option(option, spec, flow);
        options.push_back(static_cast<std::byte>(option.kind));
        if (option.kind <= 1) continue;
        options.push_back(static_cast<std::byte>(option.data.size() + 2));
        options.insert(options.end(), option.data.begin(), option.data.end());
    }
    const bool syn = (spec.flags & wire::TcpFlags::kSyn) != 0;
    const bool ack = (spec.flags & wire::TcpFlags::kAck) != 0;
    wire::TcpHeader header;
    header.source_port = from.port;
    header.destination_port = to.port;
    header.seq = tcp::Seq(spec.seq + flow.remote_offset(syn));
    header.ack = tcp::Seq(ack ? spec.ack + flow.local_offset(syn) : 0);
    header.flags = wire::TcpFlags(spec.flags);
    header.window = spec.win.value_or(0);
    header.urgent_pointer = spec.urgent_pointer;

    Bytes segment(wire::TcpHeader::kMaxSize);
    segment.resize(header.emit_with(segment, options));
    const auto payload = extend(segment, spec.length);
    const std::uint32_t place = header.seq.raw() + (syn ? 1 : 0) - (flow.remote_isn + 1);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = pattern(static_cast<std::uint32_t>(place + i));
    wire::store_be16(segment.data() + wire::TcpHeader::kChecksumOffset,
                     wire::transport_checksum(from.address, to.address, IpProtocol::tcp, segment));
    return segment;
}

Bytes udp_datagram(std::uint32_t length, const SocketAddress& from, const SocketAddress& to) {
    wire::UdpHeader header;
    header.source_port = from.port;
    header.destination_port = to.port;
    header.payload_length = static_cast<std::uint16_t>(length);
    Bytes datagram(wire::UdpHeader::kSize);
    header.emit(datagram);
    const auto payload = extend(datagram, length);
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = pattern(i);
    wire::store_be16(datagram.data() + wire::UdpHeader::kChecksumOffset,
                     wire::udp_checksum(from.address, to.address, datagram));
    return datagram;
}

Bytes ip_datagram(const IpMarks& marks, IpProtocol protocol, const IpAddress& source, const IpAddress& destination,
                  std::span<const std::byte> payload, std::size_t declared_length) {
    Bytes datagram;
    const std::uint8_t dscp = marks.tos >> 2;
    const auto ecn = wire::Ecn(marks.tos & 3);
    const std::uint8_t ttl = marks.ttl.value_or(kPeerTtl);
    const auto length = static_cast<std::uint16_t>(declared_length);
    if (source.is_v4()) {
        const wire::Ipv4Header header{.dscp = dscp,
                                      .ecn = ecn,
                                      .ttl = ttl,
                                      .protocol = protocol,
                                      .payload_length = length,
                                      .source = source,
                                      .destination = destination};
        header.emit(extend(datagram, wire::Ipv4Header::kSize));
    } else {
        const wire::Ipv6Header header{.dscp = dscp,
                                      .ecn = ecn,
                                      .flow_label = marks.flow_label.value_or(0),
                                      .payload_length = length,
                                      .next_header = protocol,
                                      .hop_limit = ttl,
                                      .source = source,
                                      .destination = destination};
        header.emit(extend(datagram, wire::Ipv6Header::kSize));
    }
    datagram.insert(datagram.end(), payload.begin(), payload.end());
    return datagram;
}

/// The head of the datagram of ours that an ICMP message is about: its IP header and 8 octets (RFC 792).
Bytes quoted(const IcmpSpec& spec, const Flow& flow) {
    if (spec.echoed == IcmpSpec::Echoed::raw)
        return Bytes(std::max<std::size_t>(spec.length, wire::IcmpHeader::kSize) - wire::IcmpHeader::kSize);
    const bool tcp = spec.echoed == IcmpSpec::Echoed::tcp;
    Bytes head(8);
    wire::store_be16(head.data(), to_number(flow.local.port));
    wire::store_be16(head.data() + 2, to_number(flow.remote.port));
    if (tcp)
        wire::store_be32(head.data() + 4, spec.seq + flow.local_offset(false));
    else
        wire::store_be16(head.data() + 4, static_cast<std::uint16_t>(wire::UdpHeader::kSize + spec.length));
    const std::size_t whole = (tcp ? wire::TcpHeader::kMinSize : wire::UdpHeader::kSize) + spec.length;
    return ip_datagram({}, tcp ? IpProtocol::tcp : IpProtocol::udp, flow.local.address, flow.remote.address, head,
                       whole);
}

std::expected<Bytes, std::string> icmp_message(const IcmpSpec& spec, const Flow& flow) {
    const bool v6 = flow.local.address.is_v6();
    const auto numbers = icmp_numbers(spec.type, spec.code, v6);
    if (!numbers)
        return std::unexpected(fmt::format("{} has no message '{} {}'", v6 ? "ICMPv6" : "ICMP", spec.type, spec.code));
    const std::uint32_t rest = spec.mtu ? *spec.mtu : static_cast<std::uint32_t>(spec.id.value_or(0)) << 16;
    const Bytes body = quoted(spec, flow);
    Bytes message(wire::IcmpHeader::kSize + body.size());
    if (v6)
        wire::Icmpv6Header{wire::Icmpv6Type(numbers->type), numbers->code, rest}.emit_message(
            message, body, flow.remote.address, flow.local.address);
    else
        wire::IcmpHeader{wire::IcmpType(numbers->type), numbers->code, rest}.emit_message(message, body);
    return message;
}

}  // namespace

std::expected<Bytes, std::string> build_packet(const PacketSpec& spec, const Flow& flow) {
    SocketAddress from = flow.remote, to = flow.local;
    if (spec.ports) {
        from.port = Port(spec.ports->source);
        to.port = Port(spec.ports->destination);
    }
    Bytes payload;
    IpProtocol protocol = IpProtocol::tcp;
    if (const auto* tcp = std::get_if<TcpSpec>(&spec.body)) {
        payload = tcp_segment(*tcp, flow, from, to);
    } else if (const auto* udp = std::get_if<UdpSpec>(&spec.body)) {
        payload = udp_datagram(udp->length, from, to);
        protocol = IpProtocol::udp;
    } else {
        auto message = icmp_message(std::get<IcmpSpec>(spec.body), flow);
        if (!message) return std::unexpected(message.error());
        payload = std::move(*message);
        protocol = from.address.is_v6() ? IpProtocol::icmpv6 : IpProtocol::icmp;
    }
    const std::size_t room = 65535 - (from.address.is_v4() ? wire::Ipv4Header::kSize : 0);
    if (payload.size() > room)
        return std::unexpected(fmt::format("{} octets do not fit an IP datagram", payload.size()));
    return ip_datagram(spec.ip, protocol, from.address, to.address, payload, payload.size());
}

}  // namespace hourglass::script
