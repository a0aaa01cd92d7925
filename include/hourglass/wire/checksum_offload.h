#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "hourglass/wire/protocol.h"

namespace hourglass::wire {

/// Where the TCP segment or UDP datagram of an IP datagram is.
struct TransportPlace {
    bool is_v6 = false;
    IpProtocol protocol{};        ///< TCP or UDP.
    std::size_t begin = 0;        ///< Of its header.
    std::size_t end = 0;          ///< Of its payload.
    std::size_t checksum_at = 0;  ///< Its checksum field, from `begin`.
};

/// Nothing for what is malformed or carries another protocol.
[[nodiscard]] std::optional<TransportPlace> locate_transport(std::span<const std::byte> datagram);

/// Does what a device with checksum offload would do to an IP datagram whose TCP or UDP checksum field holds the sum of
/// the pseudo-header: sums the message with the field in it. Anything else is left as it is.
void complete_checksum(std::span<std::byte> datagram);

}  // namespace hourglass::wire
