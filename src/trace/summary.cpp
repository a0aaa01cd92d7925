#include "hourglass/trace/summary.h"

#include <algorithm>
#include <fmt/format.h>
#include <string_view>

#include "hourglass/dns/message.h"
#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/icmp.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/neighbor_discovery.h"
#include "hourglass/wire/udp.h"

namespace hourglass::trace {

namespace {

using Bytes = std::span<const std::byte>;

constexpr std::size_t kMaxStartLine = 200;

std::string unreadable(wire::ParseError error) { return fmt::format("unreadable: {}", wire::to_string(error)); }

// The start line of a request or response (RFC 9112, sections 3 and 4), so that a reader sees what the segment is for.
std::string start_line_of(Bytes payload) {
    const auto text = std::string_view(reinterpret_cast<const char*>(payload.data()), payload.size());
    const std::string_view line = text.substr(0, std::min(text.find("\r\n"), text.size()));
    const bool printable = std::ranges::all_of(line, [](char c) { return c >= 0x20 && c < 0x7f; });
    const bool response = line.starts_with("HTTP/1.");
    const bool request = line.ends_with(" HTTP/1.1") || line.ends_with(" HTTP/1.0");
    if (!printable || line.size() > kMaxStartLine || !(response || request)) return {};
    return std::string(line);
}

void read_tcp(PacketSummary& out, Bytes bytes) {
    out.protocol = "TCP";
    const auto view = wire::TcpView::parse(bytes);
    if (!view) {
        out.text = unreadable(view.error());
        return;
    }
    out.source.port = view->source_port();
    out.destination.port = view->destination_port();
    out.tcp = {.flags = view->flags(),
               .seq = view->seq(),
               .ack = view->ack(),
               .window = view->window(),
               .length = static_cast<std::uint32_t>(view->payload().size()),
               .options = view->options()};
    out.text = fmt::format("{} seq={} ack={} win={} len={}", flag_text(view->flags()), view->seq().raw(),
                           view->ack().raw(), view->window(), view->payload().size());
    out.start_line = start_line_of(view->payload());
}

void read_udp(PacketSummary& out, Bytes bytes) {
    out.protocol = "UDP";
    const auto view = wire::UdpView::parse(bytes);
    if (!view) {
        out.text = unreadable(view.error());
        return;
    }
    out.source.port = view->source_port();
    out.destination.port = view->destination_port();
    out.text = fmt::format("{} octets of data", view->payload().size());
    if (view->source_port() != dns::kPort && view->destination_port() != dns::kPort) return;
    if (const auto message = dns::Message::parse(view->payload())) {
        out.protocol = "DNS";
        out.text = message->summary();
    }
}

std::string icmp_text(const wire::IcmpView& m) {
    using enum wire::IcmpType;
    switch (m.type()) {
        case echo_request:
            return fmt::format("echo request {}", m.sequence());
        case echo_reply:
            return fmt::format("echo reply {}", m.sequence());
        case destination_unreachable:
            if (m.code() == static_cast<std::uint8_t>(wire::IcmpUnreachable::fragmentation_needed))
                return fmt::format("fragmentation needed, MTU {}", m.next_hop_mtu());
            if (m.code() == static_cast<std::uint8_t>(wire::IcmpUnreachable::port)) return "port unreachable";
            return fmt::format("destination unreachable, code {}", m.code());
        case time_exceeded:
            return "time exceeded";
        case parameter_problem:
            return fmt::format("parameter problem at octet {}", m.pointer());
        default:
            return fmt::format("type {}, code {}", static_cast<int>(m.type()), m.code());
    }
}

std::string icmpv6_text(const wire::Icmpv6View& m) {
    using enum wire::Icmpv6Type;
    switch (m.type()) {
        case echo_request:
            return fmt::format("echo request {}", m.sequence());
        case echo_reply:
            return fmt::format("echo reply {}", m.sequence());
        case destination_unreachable:
            if (m.code() == static_cast<std::uint8_t>(wire::Icmpv6Unreachable::port)) return "port unreachable";
            return fmt::format("destination unreachable, code {}", m.code());
        case packet_too_big:
            return fmt::format("packet too big, MTU {}", m.mtu());
        case time_exceeded:
            return "time exceeded";
        case parameter_problem:
            return fmt::format("parameter problem at octet {}", m.pointer());
        case router_solicitation:
            return "is there a router?";
        case router_advertisement:
            return "router advertisement";
        case neighbor_solicitation: {
            const auto n = wire::NeighborSolicitation::parse(m);
            return n ? fmt::format("who has {}?", n->target.to_string()) : unreadable(n.error());
        }
        case neighbor_advertisement: {
            const auto n = wire::NeighborAdvertisement::parse(m);
            return n ? fmt::format("{} is here", n->target.to_string()) : unreadable(n.error());
        }
        default:
            return fmt::format("type {}, code {}", static_cast<int>(m.type()), m.code());
    }
}

void read_transport(PacketSummary& out, wire::IpProtocol protocol, Bytes bytes) {
    if (protocol == wire::IpProtocol::tcp) return read_tcp(out, bytes);
    if (protocol == wire::IpProtocol::udp) return read_udp(out, bytes);
    out.protocol = wire::to_string(protocol);
    if (protocol == wire::IpProtocol::icmp) {
        const auto view = wire::IcmpView::parse(bytes);
        out.text = view ? icmp_text(*view) : unreadable(view.error());
    } else if (protocol == wire::IpProtocol::icmpv6) {
        const auto view = wire::Icmpv6View::parse(bytes);
        out.text = view ? icmpv6_text(*view) : unreadable(view.error());
    } else {
        out.text = fmt::format("{} octets", bytes.size());
    }
}

void read_ipv4(PacketSummary& out, Bytes bytes) {
    const auto view = wire::Ipv4View::parse(bytes);
    if (!view) {
        out.protocol = "IPv4";
        out.text = unreadable(view.error());
        return;
    }
    out.source.address = view->source();
    out.destination.address = view->destination();
    if (view->fragment_offset() == 0) read_transport(out, view->protocol(), view->payload());
    if (!view->is_fragment()) return;
    if (out.protocol.empty()) out.protocol = wire::to_string(view->protocol());
    out.text = fmt::format("fragment {} at {}, {} octets", view->identification(), view->fragment_offset(),
                           view->payload().size());
}

void read_ipv6(PacketSummary& out, Bytes bytes) {
    const auto view = wire::Ipv6View::parse(bytes);
    if (!view) {
        out.protocol = "IPv6";
        out.text = unreadable(view.error());
        return;
    }
    out.source.address = view->source();
    out.destination.address = view->destination();
    const auto chain = wire::walk_extensions(*view);
    if (!chain) {
        out.protocol = "IPv6";
        out.text = unreadable(chain.error().reason);
    } else if (chain->fragment) {
        out.protocol = wire::to_string(chain->protocol);
        out.text = fmt::format("fragment {} at {}", chain->fragment->identification, chain->fragment->offset);
    } else {
        read_transport(out, chain->protocol, view->packet().subspan(chain->offset));
    }
}

void read_arp(PacketSummary& out, Bytes bytes) {
    out.protocol = "ARP";
    const auto arp = wire::ArpPacket::parse(bytes);
    if (!arp) {
        out.text = unreadable(arp.error());
        return;
    }
    out.source.address = arp->sender_ip;
    out.destination.address = arp->target_ip;
    if (arp->operation == wire::ArpOperation::request)
        out.text = fmt::format("who has {}? tell {}", arp->target_ip.to_string(), arp->sender_ip.to_string());
    else
        out.text = fmt::format("{} is at {}", arp->sender_ip.to_string(), arp->sender_mac.to_string());
}

void read_datagram(PacketSummary& out, Bytes bytes) {
    const int version = bytes.empty() ? 0 : std::to_integer<int>(bytes[0] >> 4);
    if (version == 4) return read_ipv4(out, bytes);
    if (version == 6) return read_ipv6(out, bytes);
    out.protocol = "IP";
    out.text = bytes.empty() ? "empty" : fmt::format("unreadable: version {}", version);
}

void read_frame(PacketSummary& out, Bytes bytes) {
    const auto frame = wire::EthernetView::parse(bytes);
    if (!frame) {
        out.protocol = "Ethernet";
        out.text = unreadable(frame.error());
        return;
    }
    if (frame->type() == wire::EtherType::arp) return read_arp(out, frame->payload());
    if (frame->type() == wire::EtherType::ipv4 || frame->type() == wire::EtherType::ipv6)
        return read_datagram(out, frame->payload());
    out.protocol = "Ethernet";
    out.text = fmt::format("type 0x{:04x}", static_cast<unsigned>(frame->type()));
}

}  // namespace

PacketSummary summarize(Bytes packet, ip::Medium medium) {
    PacketSummary out;
    out.size = packet.size();
    if (medium == ip::Medium::ethernet)
        read_frame(out, packet);
    else
        read_datagram(out, packet);
    return out;
}

std::vector<std::string> option_texts(const wire::TcpOptions& options, tcp::Seq sack_base) {
    std::vector<std::string> texts;
    if (options.mss) texts.push_back(fmt::format("mss {}", *options.mss));
    if (options.window_scale) texts.push_back(fmt::format("ws {}", *options.window_scale));
    for (const wire::SackBlock& block : options.sack_blocks())
        texts.push_back(
            fmt::format("sack {}-{}", (block.left - sack_base.raw()).raw(), (block.right - sack_base.raw()).raw()));
    if (options.sack_permitted) texts.emplace_back("sack ok");
    if (options.fast_open_present) texts.emplace_back("fast open");
    if (options.timestamps)
        texts.push_back(fmt::format("ts {} ecr {}", options.timestamps->value, options.timestamps->echo_reply));
    if (options.unknown_count > 0) texts.push_back(fmt::format("{} unknown", options.unknown_count));
    if (options.malformed) texts.emplace_back("malformed");
    return texts;
}

std::string flag_text(wire::TcpFlags flags) {
    using F = wire::TcpFlags;
    if (flags == F(F::kSyn | F::kAck)) return "SYN-ACK";
    struct Name {
        int bit;
        std::string_view name;
    };
    static constexpr Name kNames[] = {{F::kSyn, "SYN"}, {F::kFin, "FIN"}, {F::kRst, "RST"},
                                      {F::kPsh, "PSH"}, {F::kUrg, "URG"}, {F::kEce, "ECE"},
                                      {F::kCwr, "CWR"}, {F::kAe, "AE"},   {F::kAck, "ACK"}};
    std::string text;
    for (const Name& name : kNames) {
        if ((flags.value & name.bit) == 0) continue;
        if (!text.empty()) text += ' ';
        text += name.name;
    }
    return text.empty() ? "no flags" : text;
}

}  // namespace hourglass::trace
