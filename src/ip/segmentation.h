#pragma once

#include <vector>

#include "hourglass/base/buffer.h"

namespace hourglass::ip {

/// Cuts a TCP super-segment, as one device delivered it, for another that does not cut: each piece has a datagram's own
/// headers with its checksums in place. Nothing when the packet is not TCP straight behind its IP header.
[[nodiscard]] std::vector<Packet> cut_super_segment(BufferPool& pool, const Packet& super_segment);

/// Completes a transport checksum that was left to the device (`Offload::Checksum::partial`). False when the packet is
/// neither TCP nor UDP straight behind its IP header.
bool complete_checksum(Packet& packet);

}  // namespace hourglass::ip
