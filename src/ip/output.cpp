// What is sent: the way to a destination, headers, fragments (RFC 1122, section 3.3.1; RFC 8200, section 4.5).

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include "ip/implementation.h"

namespace hourglass::ip {

using wire::IpProtocol;

namespace {

constexpr std::uint32_t kLoopbackMtu = 65535;
/// A super-segment's payload, so that its datagram's length fits sixteen bits with the largest headers.
constexpr std::uint32_t kMaxSuperSegment = 65535 - 60 - 60;

std::size_t header_size(const IpAddress& destination) {
    return destination.is_v4() ? wire::Ipv4Header::kSize : wire::Ipv6Header::kSize;
}

unsigned common_prefix(const IpAddress& a, const IpAddress& b) {
    const AddressWords x = words_of(a), y = words_of(b);
    const unsigned i = x[0] == y[0] ? 1 : 0;
    // The octets in their order, the first one most significant.
    const std::uint64_t difference =
        std::endian::native == std::endian::little ? std::byteswap(x[i] ^ y[i]) : x[i] ^ y[i];
    return i * 64 + static_cast<unsigned>(std::countl_zero(difference));
}

}  // namespace

bool Host::Implementation::is_own_address(const IpAddress& address) const {
    return addresses_.is_unicast(address) || (address.is_v4() && address.is_loopback());
}

bool Host::Implementation::is_broadcast(const IpAddress& address) const {
    const LocalAddress* own = addresses_.find(address);
    return own != nullptr && own->kind == AddressKind::broadcast;
}

std::optional<NextHop> Host::Implementation::next_hop(const IpAddress& destination) const {
    if (destination.is_multicast()) {
        // A group has no gateway: the route only says on which link it is.
        if (const auto hop = routes.find(destination)) return NextHop{hop->interface, destination};
        for (const LocalAddress& own : addresses_.entries())
            if (own.kind == AddressKind::unicast && own.address.is_v4() == destination.is_v4())
                return NextHop{own.interface, destination};
        return std::nullopt;
    }
    const LocalAddress* own = addresses_.find(destination);
    if (own != nullptr && own->kind == AddressKind::broadcast) return NextHop{own->interface, destination};
    return routes.find(destination);
}

/// The rules of RFC 6724, section 5 that matter to a host without mobility: 5 (the outgoing interface), 2 (the scope),
/// 3 (preferred before deprecated), 8 (the longest matching prefix). IPv4 is treated alike (RFC 1122, section 3.3.4.3).
std::optional<IpAddress> Host::Implementation::select_source(InterfaceId id, const IpAddress& destination) const {
    // RFC 4291, section 2.7: the scope of a group is in its second octet; 1 is the interface, 2 the link.
    const bool link_scope = destination.is_link_local() || (destination.is_v6() && destination.is_multicast() &&
                                                            (destination.octets()[1] & 0x0f) <= 2);
    const LocalAddress* best = nullptr;
    unsigned best_score = 0;
    for (const LocalAddress& own : addresses_.entries()) {
        if (own.kind != AddressKind::unicast || own.address.is_v4() != destination.is_v4()) continue;
        const bool same_scope = own.address.is_link_local() == link_scope;
        const unsigned score = 1 + common_prefix(own.address, destination) + (own.deprecated ? 0 : 256) +
                               (same_scope ? 512 : 0) + (own.interface == id ? 1024 : 0);
        if (score > best_score) best = &own, best_score = score;
    }
    return best == nullptr ? std::nullopt : std::optional(best->address);
}

std::optional<IpAddress> Host::Implementation::source_for(const IpAddress& destination) const {
    if (is_own_address(destination)) return destination;
    const auto hop = next_hop(destination);
    return hop ? select_source(hop->interface, destination) : std::nullopt;
}

std::optional<tcp::Path> Host::Implementation::path_to(const IpAddress& destination, const IpAddress& source) {
    const bool given = !source.is_unspecified();
    if (destination.is_unspecified() || (given && destination.is_v4() != source.is_v4())) return std::nullopt;
    if (given && !is_own_address(source)) return std::nullopt;
    if (destination != last_destination_ && is_own_address(destination))
        return tcp::Path{given ? source : destination, kLoopbackMtu, 0, /*checksum_offload=*/true, {}};

    // RFC 9293, MUST-46: TCP has one peer.
    if (destination.is_multicast() || (last_destination_ != destination && is_broadcast(destination)))
        return std::nullopt;
    const NextHop* hop = segment_hop(destination);
    if (!hop) return std::nullopt;
    if (!given && last_source_.is_unspecified()) {
        const auto chosen = select_source(hop->interface, destination);
        if (!chosen) return std::nullopt;
        last_source_ = *chosen;
    }
    const InterfaceSettings& link = at(hop->interface).settings;
    return tcp::Path{given ? source : last_source_, at(hop->interface).mtu(destination.is_v4()),
                     std::min(link.max_gso, kMaxSuperSegment), link.checksum_offload,
                     path_mtu_.learned(destination, now_)};
}

/// The next hop of a destination that is not this host, with the last answer kept.
const NextHop* Host::Implementation::segment_hop(const IpAddress& destination) {
    if (destination == last_destination_) [[likely]]
        return &last_hop_;
    const auto hop = next_hop(destination);
    if (!hop) return nullptr;
    last_destination_ = destination;
    last_source_ = {};
    last_hop_ = *hop;
    return &last_hop_;
}

/// Whether a connection may still send from its address, which may have been given up meanwhile.
bool Host::Implementation::is_current_source(const IpAddress& source) {
    if (source == sending_source_) [[likely]]
        return true;
    if (!is_own_address(source)) return false;
    sending_source_ = source;
    return true;
}

void Host::Implementation::send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) {
    const Envelope envelope{IpProtocol::tcp, source, destination};
    if (destination != last_destination_ && is_own_address(destination)) {
        prepend_header(segment, envelope, true);
        return loop_back(std::move(segment));
    }
    const NextHop* hop = is_current_source(source) ? segment_hop(destination) : nullptr;
    if (!hop) {
        ++counters.dropped_no_route;
        return;
    }
    const std::uint32_t mtu = at(hop->interface).mtu(destination.is_v4());
    if (segment.offload.gso_size == 0 && segment.size() + header_size(destination) > mtu) {
        ++counters.dropped_too_big;
        return;
    }
    prepend_header(segment, envelope, true);
    transmit(*hop, std::move(segment));
}

void Host::Implementation::doubt_path(const IpAddress& destination) {
    if (const auto hop = next_hop(destination)) neighbours_.doubt(hop->interface, hop->neighbour);
}

void Host::Implementation::learn_path_mtu(const IpAddress& destination, const tcp::PathMtu& found) {
    path_mtu_.learn(destination, found, now_);
}

void Host::Implementation::send_datagram(Packet datagram, const IpAddress& source, const IpAddress& destination) {
    if (send(std::move(datagram), {IpProtocol::udp, source, destination})) ++counters.udp_out;
}

/// Sends what may be fragmented. False when there is no way to the destination.
bool Host::Implementation::send(Packet&& payload, const Envelope& envelope) {
    const IpAddress& destination = envelope.destination;
    if (is_own_address(destination)) {
        prepend_header(payload, envelope, false);
        loop_back(std::move(payload));
        return true;
    }
    const auto hop = next_hop(destination);
    if (!hop) {
        ++counters.dropped_no_route;
        return false;
    }
    std::uint32_t mtu = at(hop->interface).mtu(destination.is_v4());
    if (destination.is_v6()) mtu = std::min(mtu, path_mtu_.find(destination, now_).value_or(mtu));
    if (payload.size() + header_size(destination) > mtu) {
        send_fragments(*hop, mtu, payload, envelope);
        return true;
    }
    prepend_header(payload, envelope, false);
    transmit(*hop, std::move(payload));
    return true;
}

void Host::Implementation::loop_back(Packet&& packet) {
    if (looped_.size() >= settings.max_output_packets) {
        ++counters.dropped_output_full;
        return;
    }
    ++counters.looped_back;
    looped_.push_back(std::move(packet));
}

void Host::Implementation::prepend_header(Packet& packet, const Envelope& envelope, bool dont_fragment) {
    const auto length = static_cast<std::uint16_t>(packet.size());
    const auto dscp = static_cast<std::uint8_t>(packet.traffic_class >> 2);
    const auto ecn = static_cast<wire::Ecn>((packet.ecn | packet.traffic_class) & 3);
    const bool v4 = envelope.destination.is_v4();
    const std::uint8_t usual = v4 ? settings.ttl : hop_limit_v6_;
    const std::uint8_t hop_limit = packet.hop_limit == 0 ? usual : packet.hop_limit;
    if (v4) {
        need_headroom(packet, wire::Ipv4Header::kSize);
        // RFC 6864, section 4: the number of an atomic datagram means nothing.
        const auto id = dont_fragment ? 0 : identification_.next(envelope.source, envelope.destination);
        const wire::Ipv4Header header{.dscp = dscp,
                                      .ecn = ecn,
                                      .identification = static_cast<std::uint16_t>(id),
                                      .dont_fragment = dont_fragment,
                                      .ttl = hop_limit,
                                      .protocol = envelope.protocol,
                                      .payload_length = length,
                                      .source = envelope.source,
                                      .destination = envelope.destination};
        header.emit(packet.prepend(wire::Ipv4Header::kSize));
        return;
    }
    need_headroom(packet, wire::Ipv6Header::kSize);
    const wire::Ipv6Header header{.dscp = dscp,
                                  .ecn = ecn,
                                  .payload_length = length,
                                  .next_header = envelope.protocol,
                                  .hop_limit = hop_limit,
                                  .source = envelope.source,
                                  .destination = envelope.destination};
    header.emit(packet.prepend(wire::Ipv6Header::kSize));
}

void Host::Implementation::move_to_fresh_buffer(Packet& packet) {
    Packet copy = pool_.packet(std::as_const(packet).bytes());
    static_cast<PacketMarks&>(copy) = packet;
    packet = std::move(copy);
}

void Host::Implementation::send_fragments(const NextHop& hop, std::uint32_t mtu, const Packet& payload,
                                          const Envelope& envelope) {
    if (envelope.destination.is_v4()) {
        Packet whole = pool_.packet(payload.bytes());
        whole.traffic_class = payload.traffic_class;
        whole.hop_limit = payload.hop_limit;
        prepend_header(whole, envelope, false);
        return fragment_v4(hop, mtu, whole);
    }
    const std::size_t overhead = wire::Ipv6Header::kSize + wire::Ipv6Fragment::kSize;
    if (mtu < overhead + 8) {
        ++counters.dropped_too_big;
        return;
    }
    ++counters.fragmented;
    const std::size_t step = (mtu - overhead) / 8 * 8;
    const std::uint32_t identification = identification_.next(envelope.source, envelope.destination);
    for (std::size_t offset = 0; offset < payload.size(); offset += step) {
        const auto part = payload.bytes().subspan(offset, std::min(step, payload.size() - offset));
        const wire::Ipv6Fragment fragment{.next_header = envelope.protocol,
                                          .offset = static_cast<std::uint16_t>(offset),
                                          .more = offset + part.size() < payload.size(),
                                          .identification = identification};
        Packet packet = pool_.packet(part);
        packet.traffic_class = payload.traffic_class;
        packet.hop_limit = payload.hop_limit;
        fragment.emit(packet.prepend(wire::Ipv6Fragment::kSize));
        prepend_header(packet, {IpProtocol::fragment, envelope.source, envelope.destination}, false);
        ++counters.fragments_out;
        transmit(hop, std::move(packet));
    }
}

/// RFC 791, section 3.2. A fragment may be fragmented again; options are left out, which those that a host sends do not
/// have, and none that it forwards needs.
void Host::Implementation::fragment_v4(const NextHop& hop, std::uint32_t mtu, const Packet& whole) {
    const auto view = wire::Ipv4View::parse(whole.bytes());
    if (mtu < wire::Ipv4Header::kSize + 8) {
        ++counters.dropped_too_big;
        return;
    }
    ++counters.fragmented;
    const std::span<const std::byte> payload = view->payload();
    const std::size_t step = (mtu - wire::Ipv4Header::kSize) / 8 * 8;
    wire::Ipv4Header header = view->header();
    for (std::size_t offset = 0; offset < payload.size(); offset += step) {
        const auto part = payload.subspan(offset, std::min(step, payload.size() - offset));
        header.fragment_offset = static_cast<std::uint16_t>(view->fragment_offset() + offset);
        header.more_fragments = view->more_fragments() || offset + part.size() < payload.size();
        header.payload_length = static_cast<std::uint16_t>(part.size());
        Packet packet = pool_.packet(part);
        header.emit(packet.prepend(wire::Ipv4Header::kSize));
        ++counters.fragments_out;
        transmit(hop, std::move(packet));
    }
}

void Host::Implementation::transmit(const NextHop& hop, Packet&& packet) {
    Interface& interface = at(hop.interface);
    if (interface.settings.medium == Medium::ip) return push(interface, std::move(packet));
    transmit_to_neighbour(hop, std::move(packet));
}

void Host::Implementation::transmit_to_neighbour(const NextHop& hop, Packet&& packet) {
    if (hop.neighbour.is_multicast())
        return transmit_to(hop.interface, std::move(packet), hop.neighbour, wire::multicast_mac(hop.neighbour));
    const LocalAddress* own = addresses_.find(hop.neighbour);
    if (own != nullptr && own->kind == AddressKind::broadcast)
        return transmit_to(hop.interface, std::move(packet), hop.neighbour, MacAddress::broadcast());
    neighbours_.send(hop.interface, hop.neighbour, std::move(packet), now_);
}

void Host::Implementation::push(Interface& interface, Packet&& packet) {
    if (interface.output.size() >= settings.max_output_packets) {
        ++counters.dropped_output_full;
        return;
    }
    ++counters.packets_out;
    counters.bytes_out += packet.size();
    interface.output.push_back(std::move(packet));
}

}  // namespace hourglass::ip
