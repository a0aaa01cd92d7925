#include "link/virtio_header.h"

#include "hourglass/wire/checksum_offload.h"

namespace hourglass::link {

std::optional<Offload> offload_of(const VirtioHeader& header) {
    Offload offload;
    if ((header.flags & VirtioHeader::kNeedsChecksum) != 0)
        offload.checksum = Offload::Checksum::partial;
    else if ((header.flags & VirtioHeader::kDataValid) != 0)
        offload.checksum = Offload::Checksum::verified;
    switch (header.gso_type & ~VirtioHeader::kGsoEcn) {
        case VirtioHeader::kGsoNone:
            return offload;
        case VirtioHeader::kGsoTcpV4:
        case VirtioHeader::kGsoTcpV6:
            offload.gso_size = header.gso_size;
            return offload;
        default:
            return std::nullopt;
    }
}

std::optional<VirtioHeader> header_for(const Packet& packet, std::size_t link_header) {
    VirtioHeader header;
    if (packet.offload.checksum == Offload::Checksum::verified) header.flags = VirtioHeader::kDataValid;
    if (packet.offload.checksum != Offload::Checksum::partial) return header;

    if (packet.size() < link_header) return std::nullopt;
    const auto place = wire::locate_transport(packet.bytes().subspan(link_header));
    if (!place) return std::nullopt;
    const std::size_t transport = link_header + place->begin;
    header.flags = VirtioHeader::kNeedsChecksum;
    header.checksum_start = static_cast<std::uint16_t>(transport);
    header.checksum_offset = static_cast<std::uint16_t>(place->checksum_at);
    if (packet.offload.gso_size == 0) return header;

    constexpr std::size_t tcp_data_offset = 12;
    if (place->protocol != wire::IpProtocol::tcp || packet.size() <= transport + tcp_data_offset) return std::nullopt;
    const auto data_offset = static_cast<std::size_t>(packet.bytes()[transport + tcp_data_offset] >> 4) * 4;
    const std::size_t headers = transport + data_offset;
    if (packet.size() <= headers + packet.offload.gso_size) return header;
    header.gso_type = place->is_v6 ? VirtioHeader::kGsoTcpV6 : VirtioHeader::kGsoTcpV4;
    header.gso_size = packet.offload.gso_size;
    header.headers_length = static_cast<std::uint16_t>(headers);
    return header;
}

}  // namespace hourglass::link
