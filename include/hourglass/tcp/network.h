#pragma once

#include <cstdint>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"

namespace hourglass::tcp {

/// What TCP needs to know of the way to a destination.
struct Path {
    IpAddress source;               ///< The local address to use.
    std::uint32_t mtu = 1500;       ///< Largest IP datagram, in octets.
    std::uint32_t max_gso = 0;      ///< Payload of the largest super-segment that the device cuts; 0: it cuts none.
    bool checksum_offload = false;  ///< The device completes transport checksums.
};

/// The layer below, as TCP sees it (RFC 9293, section 3.9.2).
class Network {
  public:
    virtual ~Network() = default;

    /// The way to `destination`, from `source` when it is specified; nothing when there is no route.
    virtual std::optional<Path> path_to(const IpAddress& destination, const IpAddress& source) = 0;
    /// Sends a segment that begins with its TCP header, checksum in place or, with `Offload::Checksum::partial`, left
    /// to the device. What can't be sent is counted below and lost, as the network may lose it.
    virtual void send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) = 0;
    /// Segments to `destination` stay unanswered again and again: negative advice, which may start the search for a
    /// dead gateway (RFC 9293, MUST-20; RFC 1122, section 3.3.1.4).
    virtual void doubt_path(const IpAddress& destination) { static_cast<void>(destination); }
};

}  // namespace hourglass::tcp
