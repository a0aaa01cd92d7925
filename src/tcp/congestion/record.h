#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "tcp/congestion/delivery_rate.h"

namespace hourglass::tcp {

/// What one acknowledgement told the sender: the only input of every congestion control. Made for each acknowledgement
/// that delivers, acknowledges or marks something, or that shows something lost, in recovery too.
struct AckRecord {
    Instant now;
    std::uint32_t acked = 0;            ///< Octets newly acknowledged cumulatively.
    std::uint32_t newly_delivered = 0;  ///< Octets newly known to have arrived: cumulatively, or first by SACK.
    std::uint32_t newly_lost = 0;       ///< Octets newly marked lost since the last record.
    std::uint32_t prior_in_flight = 0;  ///< Octets in the network (RFC 6675's pipe) before this acknowledgement.
    std::uint32_t in_flight = 0;        ///< Octets in the network after it.
    std::uint32_t mss = 0;
    Duration rtt{};               ///< This acknowledgement's round-trip sample; zero: none.
    Duration srtt{};              ///< Smoothed round-trip time; zero before the first sample.
    RateSample rate{};            ///< Delivery rate; `rate.valid()` is false when there is no sample.
    std::uint32_t ce_octets = 0;  ///< Octets that the peer says arrived marked CE (accurate ECN), newly.
    bool ece = false;             ///< The segment had ECE set (RFC 3168), or told of CE marks (accurate ECN).
    bool cwnd_limited = false;  ///< cwnd was what held the sender; else the window is not to grow (RFC 7661's reason).
    bool in_recovery = false;   ///< Fast recovery, or recovery from a timeout, is under way after this acknowledgement.
    bool sack = false;          ///< The connection uses SACK: more than one loss can be seen in a round.
};

}  // namespace hourglass::tcp
