#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "hourglass/base/buffer.h"

namespace hourglass::link {

/// The header in front of every packet, in the machine's byte order (OASIS virtio 1.2, section 5.1.6, without
/// num_buffers). Linux's own linux/virtio_net.h is not C++.
struct VirtioHeader {
    static constexpr std::uint8_t kNeedsChecksum = 1, kDataValid = 2;
    static constexpr std::uint8_t kGsoNone = 0, kGsoTcpV4 = 1, kGsoTcpV6 = 4, kGsoEcn = 0x80;

    std::uint8_t flags = 0;
    std::uint8_t gso_type = kGsoNone;
    std::uint16_t headers_length = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t checksum_start = 0;
    std::uint16_t checksum_offset = 0;
};
static_assert(sizeof(VirtioHeader) == 10);

/// What the header says about a packet that the kernel sends; nothing when it is a super-segment of an unknown kind.
[[nodiscard]] std::optional<Offload> offload_of(const VirtioHeader& header);

/// What to tell the kernel about a packet whose datagram begins behind `link_header` octets; nothing when it is not
/// what its `Offload` says.
[[nodiscard]] std::optional<VirtioHeader> header_for(const Packet& packet, std::size_t link_header);

}  // namespace hourglass::link
