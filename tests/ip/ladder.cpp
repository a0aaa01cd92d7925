#include "ip/ladder.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>
#include <utility>

#include "hourglass/wire/arp.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/icmp.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"

namespace hourglass::ip::testing {

using wire::IpProtocol;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }
Prefix prefix(std::string_view text) { return Prefix::parse(text).value(); }
MacAddress mac(std::uint8_t last) { return {{2, 0, 0, 0, 0, last}}; }

Bytes counting(std::size_t size) {
    Bytes out(size);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i * 7 + i / 256);
    return out;
}

Bytes bytes(std::string_view text) {
    const auto span = std::as_bytes(std::span(text));
    return {span.begin(), span.end()};
}

std::string text(std::span<const std::byte> bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

namespace {

template <typename Header>
Bytes join(const Header& header, std::span<const std::byte> payload) {
    Bytes out(header.size() + payload.size());
    header.emit(out);
    std::ranges::copy(payload, out.begin() + static_cast<std::ptrdiff_t>(header.size()));
    return out;
}

void put_checksum(Bytes& message, std::size_t at, std::uint16_t value) { wire::store_be16(message.data() + at, value); }

}  // namespace

Bytes v4_datagram(wire::Ipv4Header header, std::span<const std::byte> payload) {
    header.payload_length = static_cast<std::uint16_t>(payload.size());
    return join(header, payload);
}

Bytes v6_datagram(wire::Ipv6Header header, std::span<const std::byte> payload) {
    header.payload_length = static_cast<std::uint16_t>(payload.size());
    return join(header, payload);
}

Bytes udp(const IpAddress& source, const IpAddress& destination, std::uint16_t source_port,
          std::uint16_t destination_port, std::span<const std::byte> data) {
    const wire::UdpHeader header{Port(source_port), Port(destination_port), static_cast<std::uint16_t>(data.size())};
    Bytes out = join(header, data);
    put_checksum(out, 6, wire::udp_checksum(source, destination, out));
    return out;
}

Bytes echo_request(const IpAddress& source, const IpAddress& destination, std::span<const std::byte> data) {
    if (source.is_v4()) {
        Bytes out = join(wire::IcmpHeader::echo_request(77, 1), data);
        put_checksum(out, 2, wire::checksum(wire::partial_sum(out)));
        return out;
    }
    Bytes out = join(wire::Icmpv6Header::echo_request(77, 1), data);
    put_checksum(out, 2, wire::transport_checksum(source, destination, IpProtocol::icmpv6, out));
    return out;
}

Bytes tcp(const IpAddress& source, const IpAddress& destination, std::uint16_t source_port,
          std::uint16_t destination_port, std::uint32_t seq, std::span<const std::byte> data) {
    Bytes out(20 + data.size());
    wire::store_be16(out.data(), source_port);
    wire::store_be16(out.data() + 2, destination_port);
    wire::store_be32(out.data() + 4, seq);
    wire::store_be16(out.data() + 12, 0x5010);
    wire::store_be16(out.data() + 14, 65535);
    std::ranges::copy(data, out.begin() + 20);
    put_checksum(out, 16, wire::transport_checksum(source, destination, IpProtocol::tcp, out));
    return out;
}

Bytes datagram(const IpAddress& source, const IpAddress& destination, IpProtocol protocol,
               std::span<const std::byte> payload, std::uint8_t hop_limit) {
    if (source.is_v4()) {
        wire::Ipv4Header header;
        header.ttl = hop_limit;
        header.protocol = protocol;
        header.source = source;
        header.destination = destination;
        return v4_datagram(header, payload);
    }
    wire::Ipv6Header header;
    header.hop_limit = hop_limit;
    header.next_header = protocol;
    header.source = source;
    header.destination = destination;
    return v6_datagram(header, payload);
}

namespace {

std::string describe_transport(IpProtocol protocol, std::span<const std::byte> payload) {
    const auto octet = [&](std::size_t i) { return std::to_integer<int>(payload[i]); };
    switch (protocol) {
        case IpProtocol::icmp:
            return fmt::format("ICMP {}/{}", octet(0), octet(1));
        case IpProtocol::icmpv6:
            return fmt::format("ICMPv6 {}/{}", octet(0), octet(1));
        case IpProtocol::udp:
            return fmt::format("UDP {}", wire::load_be16(payload.data() + 2));
        case IpProtocol::tcp:
            return "TCP";
        default:
            return wire::to_string(protocol);
    }
}

std::string describe_datagram(std::span<const std::byte> packet) {
    if (const auto v4 = wire::Ipv4View::parse(packet)) {
        if (v4->is_fragment()) return fmt::format("fragment {}", v4->fragment_offset());
        return describe_transport(v4->protocol(), v4->payload());
    }
    const auto v6 = wire::Ipv6View::parse(packet);
    if (!v6) return "no IP";
    const auto chain = wire::walk_extensions(*v6);
    if (chain && chain->fragment) return fmt::format("fragment {}", chain->fragment->offset);
    return chain ? describe_transport(chain->protocol, packet.subspan(chain->offset)) : "bad chain";
}

}  // namespace

std::string describe(std::span<const std::byte> packet, Medium medium) {
    if (medium == Medium::ip) return describe_datagram(packet);
    const auto frame = wire::EthernetView::parse(packet);
    if (frame->type() != wire::EtherType::arp) return describe_datagram(frame->payload());
    const auto arp = wire::ArpPacket::parse(frame->payload());
    const char* kind = arp->operation == wire::ArpOperation::request ? "request" : "reply";
    return fmt::format("ARP {} {}", kind, arp->target_ip.to_string());
}

Host& Ladder::add_host(HostSettings settings) { return hosts_.emplace_back(std::move(settings), pool); }

void Ladder::connect(const End& a, const End& b) { links_.push_back({a, b}); }

bool Ladder::carry(const End& from, const End& to) {
    std::vector<Packet> batch = from.host->take_output(from.interface);
    if (reverse) std::ranges::reverse(batch);
    const Medium medium = from.host->interface(from.interface).medium;
    for (Packet& packet : batch) {
        const auto octets = std::as_const(packet).bytes();
        const std::string line = from.name + ">" + to.name + " " + describe(octets, medium);
        lines.push_back(line);
        if (!filter || filter(line, octets)) to.host->receive(to.interface, std::move(packet), now);
    }
    return !batch.empty();
}

void Ladder::run() {
    bool moved = true;
    for (int round = 0; moved && round < 1000; ++round) {
        for (Host& host : hosts_) host.poll(now);
        moved = false;
        for (const Link& link : links_) {
            moved |= carry(link.a, link.b);
            moved |= carry(link.b, link.a);
        }
    }
}

void Ladder::pass(Duration d) {
    const Instant end = now + d;
    run();
    for (;;) {
        Instant next = kNever;
        for (Host& host : hosts_) next = std::min(next, host.next_deadline());
        if (next > end) break;
        now = std::max(now, next);
        run();
    }
    now = end;
}

void Ladder::inject(const End& to, std::span<const std::byte> packet) {
    to.host->receive(to.interface, pool.packet(packet), now);
    run();
}

namespace {

InterfaceSettings interface_settings(Medium medium, std::uint8_t number, std::uint32_t mtu) {
    return {.medium = medium,
            .mac = mac(number),
            .mtu = mtu,
            .addresses = {prefix(fmt::format("10.0.0.{}/24", number)), prefix(fmt::format("fd00::{}/64", number))}};
}

}  // namespace

Pair::Pair(Medium medium, std::uint32_t mtu, HostSettings settings)
    : a(add_host(settings)),
      b(add_host(settings)),
      at_a{&a, a.add_interface(interface_settings(medium, 1, mtu)), "a"},
      at_b{&b, b.add_interface(interface_settings(medium, 2, mtu)), "b"} {
    connect(at_a, at_b);
}

}  // namespace hourglass::ip::testing
