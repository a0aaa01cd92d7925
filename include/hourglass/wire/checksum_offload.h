#pragma once

#include <cstddef>
#include <span>

namespace hourglass::wire {

/// Does what a device with checksum offload would do to an IP datagram whose TCP or UDP checksum field holds the sum of
/// the pseudo-header: sums the message with the field in it. Anything else is left as it is.
void complete_checksum(std::span<std::byte> datagram);

}  // namespace hourglass::wire
