#pragma once

#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// What one acknowledgement told the sender: the only input of every congestion control.
struct AckRecord {
    Instant now;
    std::uint32_t acked = 0;      ///< Octets newly acknowledged.
    std::uint32_t in_flight = 0;  ///< Octets outstanding before this acknowledgement.
    std::uint32_t mss = 0;
    Duration srtt{};            ///< Smoothed round-trip time; zero before the first sample.
    bool cwnd_limited = false;  ///< cwnd was what held the sender; else the window is not to grow (RFC 7661's reason).
};

/// The two variables of RFC 5681, in octets.
struct CongestionWindow {
    std::uint32_t cwnd = 0;
    std::uint32_t ssthresh = UINT32_MAX;
};

}  // namespace hourglass::tcp
