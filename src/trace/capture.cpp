#include <vector>

#include "hourglass/trace/pcapng.h"
#include "hourglass/wire/checksum_offload.h"
#include "hourglass/wire/ethernet.h"

namespace hourglass::trace {

link::CaptureSink capture_to(PcapngWriter& writer, std::uint32_t interface) {
    const std::size_t header = writer.link_type(interface) == LinkType::ethernet ? wire::EthernetHeader::kSize : 0;
    return [&writer, interface, header, copy = std::vector<std::byte>()](const link::CapturedPacket& packet) mutable {
        auto bytes = packet.bytes;
        if (packet.offload.checksum == Offload::Checksum::partial && bytes.size() > header) {
            copy.assign(bytes.begin(), bytes.end());
            wire::complete_checksum(std::span(copy).subspan(header));
            bytes = copy;
        }
        writer.write(interface, packet.time, bytes, {},
                     packet.outbound ? CaptureDirection::outbound : CaptureDirection::inbound);
    };
}

}  // namespace hourglass::trace
