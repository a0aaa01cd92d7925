#include "ip/segmentation.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"

namespace hourglass::ip {

namespace {

/// Where the parts of a datagram are.
struct Layout {
    IpAddress source;
    IpAddress destination;
    wire::IpProtocol protocol{};
    std::size_t transport = 0;
};

std::optional<Layout> layout_of(std::span<const std::byte> datagram) {
    if (const auto v4 = wire::Ipv4View::parse(datagram))
        return Layout{v4->source(), v4->destination(), v4->protocol(), v4->header_size()};
    if (const auto v6 = wire::Ipv6View::parse(datagram))
        return Layout{v6->source(), v6->destination(), v6->next_header(), wire::Ipv6Header::kSize};
    return std::nullopt;
}

/// Writes the length of a datagram whose header was copied from a longer one, and its IPv4 header checksum. Each piece
/// counts IPv4's identification on (RFC 6864 asks it of datagrams that may be fragmented).
void fix_ip_header(std::span<std::byte> datagram, std::size_t header_size, std::uint16_t index) {
    std::byte* p = datagram.data();
    if (wire::load_8(p) >> 4 == 6) {
        wire::store_be16(p + 4, static_cast<std::uint16_t>(datagram.size() - wire::Ipv6Header::kSize));
        return;
    }
    wire::store_be16(p + 2, static_cast<std::uint16_t>(datagram.size()));
    wire::store_be16(p + 4, static_cast<std::uint16_t>(wire::load_be16(p + 4) + index));
    wire::store_be16(p + 10, 0);
    wire::store_be16(p + 10, wire::checksum(wire::partial_sum(datagram.first(header_size))));
}

}  // namespace

std::vector<Packet> cut_super_segment(BufferPool& pool, const Packet& super_segment) {
    using wire::TcpFlags;
    const std::span<const std::byte> bytes = super_segment.bytes();
    const std::size_t step = super_segment.offload.gso_size;
    const auto layout = layout_of(bytes);
    if (!layout || layout->protocol != wire::IpProtocol::tcp || step == 0) return {};
    const auto tcp = wire::TcpView::parse(bytes.subspan(layout->transport));
    if (!tcp) return {};
    const std::size_t headers = layout->transport + tcp->header_size();
    const std::span<const std::byte> payload = tcp->payload();

    std::vector<Packet> pieces;
    pieces.reserve(payload.size() / step + 1);
    for (std::size_t offset = 0; offset == 0 || offset < payload.size(); offset += step) {
        const auto part = payload.subspan(offset, std::min(step, payload.size() - offset));
        Packet piece = pool.packet(headers + part.size());
        std::memcpy(piece.append(headers).data(), bytes.data(), headers);
        if (!part.empty()) std::memcpy(piece.append(part.size()).data(), part.data(), part.size());
        fix_ip_header(piece.bytes(), layout->transport, static_cast<std::uint16_t>(pieces.size()));
        const std::span<std::byte> segment = piece.bytes().subspan(layout->transport);
        wire::store_be32(segment.data() + 4, (tcp->seq() + static_cast<std::uint32_t>(offset)).raw());
        // FIN and PSH belong to the last octet, CWR to one segment only (RFC 3168, section 6.1.2).
        std::uint8_t flags = wire::load_8(segment.data() + 13);
        if (offset + part.size() < payload.size())
            flags = static_cast<std::uint8_t>(flags & ~(TcpFlags::kFin | TcpFlags::kPsh));
        if (offset != 0) flags = static_cast<std::uint8_t>(flags & ~TcpFlags::kCwr);
        wire::store_8(segment.data() + 13, flags);
        piece.offload.checksum = Offload::Checksum::partial;
        complete_checksum(piece);
        pieces.push_back(std::move(piece));
    }
    return pieces;
}

bool complete_checksum(Packet& packet) {
    const auto layout = layout_of(std::as_const(packet).bytes());
    if (!layout) return false;
    const std::span<std::byte> message = packet.bytes().subspan(layout->transport);
    const bool tcp = layout->protocol == wire::IpProtocol::tcp && message.size() >= wire::TcpHeader::kMinSize;
    const bool udp = layout->protocol == wire::IpProtocol::udp && message.size() >= wire::UdpHeader::kSize;
    if (!tcp && !udp) return false;
    std::byte* field = message.data() + (tcp ? wire::TcpHeader::kChecksumOffset : wire::UdpHeader::kChecksumOffset);
    wire::store_be16(field, 0);
    const std::uint16_t sum =
        tcp ? wire::transport_checksum(layout->source, layout->destination, layout->protocol, message)
            : wire::udp_checksum(layout->source, layout->destination, message);
    wire::store_be16(field, sum);
    packet.offload.checksum = Offload::Checksum::complete;
    return true;
}

}  // namespace hourglass::ip
