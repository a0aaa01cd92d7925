#pragma once

#include <cstdint>
#include <vector>

#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/sim/link.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::bench {

/// A path in virtual time: a bottleneck with a drop-tail queue of one bandwidth-delay product, a delay, and what the
/// network does to data on its way; acknowledgements come back unharmed.
struct BulkPath {
    std::uint64_t rate = 100'000'000;  ///< Bits a second, IP headers included.
    Duration round_trip = std::chrono::milliseconds(20);
    double loss = 0;
    double reorder = 0;        ///< Share of the packets that are held back ...
    Duration reorder_delay{};  ///< ... by a time that is uniform from zero to this.
    double queue_in_bdp = 1;
    Duration stall{};  ///< Once a second nothing comes back for so long, and then all of it: a host that was held up.
    /// Each sending host takes up to this long to let a packet go, uniformly and in order. Without it flows through one
    /// queue run in lockstep, and which of them a full queue hits is their phase's doing and not their share's; one
    /// packet's time on the wire is enough (Floyd and Jacobson, "On Traffic Phase Effects in Packet-Switched
    /// Gateways").
    Duration host_jitter{};
};

/// One flow from a host of its own that always has something to send.
struct BulkFlow {
    tcp::Settings settings;
    Duration start{};
};

struct BulkResult {
    double goodput = 0;  ///< Payload delivered, as a share of the bottleneck's rate.
    Duration mean_rtt{};
    std::uint64_t retransmitted = 0;
    std::uint64_t timeouts = 0;
};

/// The link that a path means: the bottleneck from A to B.
[[nodiscard]] sim::LinkSettings link_of(const BulkPath& path);

/// What holds some of the packets from A to B back, each by a time of its own; empty when the path keeps them in order.
[[nodiscard]] sim::Script late_packets(const BulkPath& path, Random random);

/// What holds up acknowledgements, as `BulkPath::stall` says.
[[nodiscard]] sim::Script stalls(const BulkPath& path);

/// Settings with buffers that do not hold a bulk flow back.
[[nodiscard]] tcp::Settings bulk_settings(tcp::Congestion congestion);

/// Runs the flows side by side: after the last handshake and `settling`, `duration` of virtual time is measured. One
/// result for each.
[[nodiscard]] std::vector<BulkResult> run_bulk(const BulkPath& path, const std::vector<BulkFlow>& flows,
                                               Duration duration, std::uint64_t seed, Duration settling = {});

}  // namespace hourglass::bench
