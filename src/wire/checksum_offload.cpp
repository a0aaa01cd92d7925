#include "hourglass/wire/checksum_offload.h"

#include <cstdint>
#include <optional>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"

namespace hourglass::wire {

std::optional<TransportPlace> locate_transport(std::span<const std::byte> datagram) {
    TransportPlace place;
    if (const auto v4 = Ipv4View::parse(datagram)) {
        place = {.protocol = v4->protocol(), .begin = v4->header_size(), .end = v4->total_length()};
    } else {
        const auto v6 = Ipv6View::parse(datagram);
        if (!v6) return std::nullopt;
        const auto chain = walk_extensions(*v6);
        if (!chain) return std::nullopt;
        place = {.is_v6 = true, .protocol = chain->protocol, .begin = chain->offset, .end = v6->packet().size()};
    }
    if (place.protocol != IpProtocol::tcp && place.protocol != IpProtocol::udp) return std::nullopt;
    place.checksum_at = place.protocol == IpProtocol::udp ? UdpHeader::kChecksumOffset : TcpHeader::kChecksumOffset;
    return place;
}

void complete_checksum(std::span<std::byte> datagram) {
    const std::optional<TransportPlace> place = locate_transport(datagram);
    if (!place) return;
    const auto message = datagram.subspan(place->begin, place->end - place->begin);
    if (message.size() < place->checksum_at + sizeof(std::uint16_t)) return;
    const std::uint16_t sum = checksum(partial_sum(message));
    const bool is_udp = place->protocol == IpProtocol::udp;
    store_be16(message.data() + place->checksum_at, is_udp && sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace hourglass::wire
