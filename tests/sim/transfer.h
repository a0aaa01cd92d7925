#pragma once

#include <cstdint>
#include <string>

#include "hourglass/ip/host.h"
#include "hourglass/sim/link.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::sim {

/// A transfer in both directions over a bad network: all of it decided by one seed.
struct Scenario {
    std::uint64_t seed = 0;
    bool v6 = false;
    LinkSettings link;
    tcp::Settings tcp[2];
    std::uint32_t octets[2] = {0, 0};  ///< To send: client, server.
    bool slow_reader[2] = {false, false};
    /// The client's SYN has data, which the server takes without a cookie (RFC 7413).
    bool fast_open = false;
    std::uint32_t abort_after = 0;  ///< Octets received by the client after which it aborts; 0: it does not.

    [[nodiscard]] static Scenario from_seed(std::uint64_t seed);
    [[nodiscard]] std::string to_string() const;
};

/// Runs the scenario to the end of the last timer and says what did not hold; empty when all did. With `show` it prints
/// the ladder of what happened.
[[nodiscard]] std::string run(const Scenario& scenario, bool show);

}  // namespace hourglass::sim
