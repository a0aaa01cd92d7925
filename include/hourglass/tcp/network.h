#pragma once

#include <cstdint>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// What has been learned of the MTU of a path beyond its first hop. Sizes are those of IP datagrams, in octets.
struct PathMtu {
    std::uint32_t mtu = 0;      ///< What passes.
    std::uint32_t ceiling = 0;  ///< Nothing larger is known to pass: search_high of RFC 4821, section 7.1.
    bool searched = false;  ///< Found by probes, for the routers of this path keep silent (RFC 4821); else told by one.
    Instant until = kNever;  ///< From then on it is out of date (RFC 1191, section 6.3).
};

/// What TCP needs to know of the way to a destination.
struct Path {
    IpAddress source;                  ///< The local address to use.
    std::uint32_t mtu = 1500;          ///< Largest IP datagram that the interface takes, in octets.
    std::uint32_t max_gso = 0;         ///< Payload of the largest super-segment that the device cuts; 0: it cuts none.
    bool checksum_offload = false;     ///< The device completes transport checksums.
    std::optional<PathMtu> learned{};  ///< What is known of the path behind the interface; nothing: no more than that.
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
    /// TCP has learned what passes on the way to `destination`, from a router or by probes: for later connections, as
    /// `Path::learned` (RFC 1191, section 6.3; RFC 4821, section 5.2). `until` is this layer's to decide. A network
    /// that keeps nothing has each connection find out for itself, and again after each silence.
    virtual void learn_path_mtu(const IpAddress& destination, const PathMtu& found) {
        static_cast<void>(destination), static_cast<void>(found);
    }
};

}  // namespace hourglass::tcp
