#include <vector>

#include "hourglass/trace/pcapng.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"

namespace hourglass::trace {

namespace {

struct Transport {
    wire::IpProtocol protocol{};
    std::size_t offset = 0;  // from the start of the datagram
    std::size_t end = 0;
};

std::optional<Transport> transport_of(std::span<const std::byte> datagram) {
    if (const auto v4 = wire::Ipv4View::parse(datagram))
        return Transport{v4->protocol(), v4->header_size(), v4->total_length()};
    const auto v6 = wire::Ipv6View::parse(datagram);
    if (!v6) return std::nullopt;
    const auto chain = wire::walk_extensions(*v6);
    if (!chain) return std::nullopt;
    return Transport{chain->protocol, chain->offset, v6->packet().size()};
}

/// Does what the device would do: the checksum field holds the pseudo-header's sum, and so belongs to the message.
void complete_checksum(std::span<std::byte> datagram) {
    const auto transport = transport_of(datagram);
    if (!transport) return;
    const bool udp = transport->protocol == wire::IpProtocol::udp;
    if (!udp && transport->protocol != wire::IpProtocol::tcp) return;
    const std::size_t field = udp ? wire::UdpHeader::kChecksumOffset : wire::TcpHeader::kChecksumOffset;
    const auto message = datagram.subspan(transport->offset, transport->end - transport->offset);
    if (message.size() < field + 2) return;
    const std::uint16_t sum = wire::checksum(wire::partial_sum(message));
    wire::store_be16(message.data() + field, udp && sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace

link::CaptureSink capture_to(PcapngWriter& writer, std::uint32_t interface) {
    const std::size_t header = writer.link_type(interface) == LinkType::ethernet ? wire::EthernetHeader::kSize : 0;
    return [&writer, interface, header, copy = std::vector<std::byte>()](const link::CapturedPacket& packet) mutable {
        auto bytes = packet.bytes;
        if (packet.offload.checksum == Offload::Checksum::partial && bytes.size() > header) {
            copy.assign(bytes.begin(), bytes.end());
            complete_checksum(std::span(copy).subspan(header));
            bytes = copy;
        }
        writer.write(interface, packet.time, bytes, {},
                     packet.outbound ? CaptureDirection::outbound : CaptureDirection::inbound);
    };
}

}  // namespace hourglass::trace
