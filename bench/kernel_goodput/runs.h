#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "bulk_flows.h"
#include "emulated_link.h"
#include "ground.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::bench {

enum class Sender : std::uint8_t { ours, kernel };

/// One connection through the link.
struct Flow {
    BulkPath path{};
    tcp::Congestion congestion{};
    Sender sender{};
    Duration duration{};
    std::uint64_t seed = 1;
    std::filesystem::path capture{};  ///< Of ours; empty: none.
};

struct FlowResult {
    double goodput = 0;  ///< Payload that arrived, as a share of the link's rate.
    double rtt = 0;      ///< The sender's mean smoothed round trip, in seconds.
    std::uint64_t retransmitted = 0;
    std::uint64_t lost_in_queue = 0, lost_by_chance = 0;
    Lateness lateness;
};

/// "cubic", "bbr": as the kernel names it.
[[nodiscard]] std::string name_of(tcp::Congestion congestion);

/// Runs a flow in real time, with processes for the sender and the receiver. The receiver is the kernel's TCP whoever
/// sends. Throws std::runtime_error when one of them fails.
[[nodiscard]] FlowResult run_flow(Ground& ground, const Flow& flow);

/// What the emulation itself carries when datagrams come a tenth faster than the link's rate.
struct Ceiling {
    double share = 0;  ///< Of the link's rate: 1 when the emulation keeps up.
    Lateness lateness;
};
[[nodiscard]] Ceiling measure_ceiling(Ground& ground, const BulkPath& path, Duration duration);

}  // namespace hourglass::bench
