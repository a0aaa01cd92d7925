#include <algorithm>
#include <fmt/format.h>

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

using wire::IpProtocol;

std::expected<void, std::string> read_header(LivePacket& packet) {
    if (const auto v4 = wire::Ipv4View::parse(packet.bytes)) {
        if (!v4->checksum_is_valid()) return std::unexpected("a wrong IP header checksum");
        packet.source = v4->source();
        packet.destination = v4->destination();
        packet.protocol = v4->protocol();
        packet.tos = static_cast<std::uint8_t>(v4->dscp() << 2 | static_cast<std::uint8_t>(v4->ecn()));
        packet.ttl = v4->ttl();
        packet.transport = v4->header_size();
        return {};
    }
    const auto v6 = wire::Ipv6View::parse(packet.bytes);
    if (!v6) return std::unexpected("no IP header");
    packet.source = v6->source();
    packet.destination = v6->destination();
    packet.protocol = v6->next_header();
    packet.tos = v6->traffic_class();
    packet.ttl = v6->hop_limit();
    packet.flow_label = v6->flow_label();
    packet.transport = wire::Ipv6Header::kSize;
    return {};
}

OptionSpec to_spec(const wire::TcpRawOption& option) {
    return {static_cast<std::uint8_t>(option.kind), {option.data.begin(), option.data.end()}};
}

std::vector<OptionSpec> options_of(const wire::TcpView& view) {
    std::vector<OptionSpec> result;
    for (const wire::TcpRawOption& option : view.option_list()) result.push_back(to_spec(option));
    return result;
}

const OptionSpec* find(const std::vector<OptionSpec>& options, wire::TcpOptionKind kind) {
    const auto found = std::ranges::find(options, static_cast<std::uint8_t>(kind), &OptionSpec::kind);
    return found == options.end() ? nullptr : &*found;
}

/// The first timestamp that both have sets the scale: the stack's clock is not the script's.
void map_timestamps(OptionSpec& actual, const OptionSpec& expected, Flow& flow) {
    if (actual.data.size() != 8 || expected.data.size() != 8) return;
    const std::uint32_t script = wire::load_be32(expected.data.data());
    const std::uint32_t live = wire::load_be32(actual.data.data());
    flow.timestamps[script] = live;
    if (!flow.timestamps_known) {
        flow.timestamps_known = true;
        flow.first_script_timestamp = script;
        flow.first_timestamp = live;
    }
    wire::store_be32(actual.data.data(), flow.first_script_timestamp + (live - flow.first_timestamp));
}

TcpSpec describe_tcp(const wire::TcpView& view, Flow& flow, const TcpSpec* shape) {
    const bool syn = view.flags().syn();
    TcpSpec spec;
    spec.flags = view.flags().value;
    spec.seq = view.seq().raw() - flow.local_offset(syn);
    spec.length = static_cast<std::uint32_t>(view.payload().size());
    spec.ack = view.flags().ack() ? view.ack().raw() - flow.remote_offset(syn) : view.ack().raw();
    spec.win = view.window();
    spec.urgent_pointer = view.urgent_pointer();
    spec.options = options_of(view);
    for (OptionSpec& option : spec.options) {
        const auto kind = wire::TcpOptionKind(option.kind);
        if (kind == wire::TcpOptionKind::sack)
            for (std::size_t i = 0; i + 4 <= option.data.size(); i += 4)
                wire::store_be32(option.data.data() + i,
                                 wire::load_be32(option.data.data() + i) - flow.remote_offset(syn));
        if (kind == wire::TcpOptionKind::timestamps && shape != nullptr)
            if (const OptionSpec* expected = find(shape->options, kind)) map_timestamps(option, *expected, flow);
    }
    return spec;
}

/// The datagram that the stack complains about, `size` octets behind its IP header, of which eight at least are there.
void describe_quoted(IcmpSpec& spec, IpProtocol protocol, std::span<const std::byte> transport, std::size_t size,
                     const Flow& flow) {
    if (transport.size() < wire::UdpHeader::kSize) return;
    spec.quotes = true;
    spec.echoed = IcmpSpec::Echoed::raw;
    std::size_t header = 0;
    if (protocol == IpProtocol::udp) {
        spec.echoed = IcmpSpec::Echoed::udp;
        header = wire::UdpHeader::kSize;
    } else if (protocol == IpProtocol::tcp) {
        spec.echoed = IcmpSpec::Echoed::tcp;
        spec.seq = wire::load_be32(transport.data() + 4) - flow.remote_offset(false);
        header = transport.size() < wire::TcpHeader::kMinSize
                     ? wire::TcpHeader::kMinSize
                     : std::size_t{wire::load_8(transport.data() + 12)} / 16 * 4;
    }
    spec.length = static_cast<std::uint32_t>(size - std::min(size, header));
}

IcmpSpec describe_icmp(const LivePacket& packet, const Flow& flow) {
    const auto message = packet.segment();
    IcmpSpec spec;
    if (message.size() < wire::IcmpHeader::kSize) return spec;
    const auto original = message.subspan(wire::IcmpHeader::kSize);
    if (const auto v4 = wire::Ipv4View::parse_quoted(original))
        describe_quoted(spec, v4->protocol(), v4->payload(), v4->total_length() - v4->header_size(), flow);
    else if (const auto v6 = wire::Ipv6View::parse_quoted(original))
        describe_quoted(spec, v6->next_header(), v6->payload(), v6->payload_length(), flow);
    const IcmpNumbers numbers{wire::load_8(message.data()), wire::load_8(message.data() + 1)};
    const std::string name = icmp_name(numbers, packet.protocol == IpProtocol::icmpv6);
    const std::size_t space = std::min(name.find(' '), name.size());
    spec.type = name.substr(0, space);
    if (space < name.size()) spec.code = name.substr(space + 1);
    if (spec.type.starts_with("echo")) spec.id = wire::load_be16(message.data() + 4);
    if (spec.code == "frag_needed") spec.mtu = wire::load_be16(message.data() + 6);
    if (spec.type == "packet_too_big") spec.mtu = wire::load_be32(message.data() + 4);
    return spec;
}

}  // namespace

Ports LivePacket::ports() const {
    const auto header = segment();
    if (protocol != IpProtocol::tcp && protocol != IpProtocol::udp) return {};
    return {wire::load_be16(header.data()), wire::load_be16(header.data() + 2)};
}

std::expected<LivePacket, std::string> read_packet(std::span<const std::byte> bytes, Instant sent) {
    LivePacket packet;
    packet.sent = sent;
    packet.bytes.assign(bytes.begin(), bytes.end());
    if (const auto read = read_header(packet); !read) return std::unexpected(read.error());
    const auto segment = packet.segment();
    if (packet.protocol == IpProtocol::tcp) {
        const auto view = wire::TcpView::parse(segment);
        if (!view) return std::unexpected("no TCP header");
        if (!view->checksum_is_valid(packet.source, packet.destination)) return std::unexpected("a wrong TCP checksum");
        if ((wire::load_8(segment.data() + 12) & 0x0e) != 0) return std::unexpected("reserved bits set");
    } else if (packet.protocol == IpProtocol::udp && segment.size() < wire::UdpHeader::kSize) {
        return std::unexpected("no UDP header");
    }
    return packet;
}

PacketSpec describe(const LivePacket& packet, Flow& flow, const PacketSpec* shape) {
    PacketSpec spec;
    spec.ip.check = IpMarks::Check::tos;
    spec.ip.tos = packet.tos;
    spec.ip.ttl = packet.ttl;
    spec.ip.flow_label = packet.flow_label;
    if (packet.protocol == IpProtocol::tcp) {
        const auto* tcp = shape == nullptr ? nullptr : std::get_if<TcpSpec>(&shape->body);
        spec.body = describe_tcp(*wire::TcpView::parse(packet.segment()), flow, tcp);
    } else if (packet.protocol == IpProtocol::udp) {
        spec.body = UdpSpec{static_cast<std::uint32_t>(packet.segment().size() - wire::UdpHeader::kSize)};
    } else {
        spec.body = describe_icmp(packet, flow);
    }
    return spec;
}

bool payload_is_right(const LivePacket& packet, const Flow& flow) {
    if (packet.protocol != IpProtocol::tcp) return true;
    const auto view = *wire::TcpView::parse(packet.segment());
    const auto payload = view.payload();
    // A keepalive may carry an octet of garbage (RFC 9293, section 3.8.4).
    if (payload.size() <= 1) return true;
    const std::uint32_t place = view.seq().raw() + (view.flags().syn() ? 1 : 0) - (flow.local_isn + 1);
    for (std::size_t i = 0; i < payload.size(); ++i)
        if (payload[i] != pattern(std::uint64_t{place} + i)) return false;
    return true;
}

}  // namespace hourglass::script
