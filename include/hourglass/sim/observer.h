#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/sim/impairments.h"

namespace hourglass::sim {

class Link;

/// Where on the network something happens to a packet: a direction of a link, from one node to another.
struct Hop {
    const Link& link;
    Direction direction;
    std::string_view from;  ///< Name of the host or switch that sends.
    std::string_view to;
    bool to_host;  ///< False when a switch receives: the packet goes on.
};

/// Watches every packet on the network. The bytes are valid during the call. It must not change the world.
class NetworkObserver {
  public:
    virtual ~NetworkObserver() = default;
    /// A node gives a packet to a link. Returns the packet's label from here on: `id` itself, or a new one where that
    /// is zero.
    virtual std::uint64_t packet_sent(Instant, const Hop&, std::uint64_t id, std::span<const std::byte>) { return id; }
    /// The packet reaches the other node. With duplication it does so twice.
    virtual void packet_arrived(Instant, const Hop&, std::uint64_t, std::span<const std::byte>) {}
    /// The packet will not arrive; told when it is sent.
    virtual void packet_lost(Instant, const Hop&, std::uint64_t, LossReason) {}
    /// The packet will arrive twice; told when it is sent.
    virtual void packet_duplicated(Instant, const Hop&, std::uint64_t) {}
    /// The packet will arrive with flipped bits; told when it is sent.
    virtual void packet_corrupted(Instant, const Hop&, std::uint64_t) {}
};

}  // namespace hourglass::sim
