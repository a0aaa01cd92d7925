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

namespace {

struct Transport {
    IpProtocol protocol{};
    std::size_t begin = 0;
    std::size_t end = 0;
};

std::optional<Transport> transport_of(std::span<const std::byte> datagram) {
    if (const auto v4 = Ipv4View::parse(datagram))
        return Transport{v4->protocol(), v4->header_size(), v4->total_length()};
    const auto v6 = Ipv6View::parse(datagram);
    if (!v6) return std::nullopt;
    const auto chain = walk_extensions(*v6);
    if (!chain) return std::nullopt;
    return Transport{chain->protocol, chain->offset, v6->packet().size()};
}

}  // namespace

void complete_checksum(std::span<std::byte> datagram) {
    const std::optional<Transport> transport = transport_of(datagram);
    if (!transport) return;
    const bool is_udp = transport->protocol == IpProtocol::udp;
    if (!is_udp && transport->protocol != IpProtocol::tcp) return;
    const auto message = datagram.subspan(transport->begin, transport->end - transport->begin);
    const std::size_t field = is_udp ? UdpHeader::kChecksumOffset : TcpHeader::kChecksumOffset;
    if (message.size() < field + sizeof(std::uint16_t)) return;
    const std::uint16_t sum = checksum(partial_sum(message));
    store_be16(message.data() + field, is_udp && sum == 0 ? std::uint16_t{0xffff} : sum);
}

}  // namespace hourglass::wire
