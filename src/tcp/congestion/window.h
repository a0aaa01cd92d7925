#pragma once

#include <cstdint>

namespace hourglass::tcp {

/// The two variables of RFC 5681, in octets.
struct CongestionWindow {
    std::uint32_t cwnd = 0;
    std::uint32_t ssthresh = UINT32_MAX;

    static void exchange(auto& self, auto& image) { image(self.cwnd, self.ssthresh); }
};

/// What told of congestion.
enum class CongestionSignal : std::uint8_t {
    loss,     ///< Found by acknowledgements.
    timeout,  ///< The retransmission timer ran out.
    ecn,      ///< The peer echoes a mark (RFC 3168).
};

/// Once for each window of data: what was in flight when congestion was found, and how it showed.
struct CongestionEvent {
    CongestionSignal signal = CongestionSignal::loss;
    std::uint32_t in_flight = 0;  ///< FlightSize of RFC 5681, in octets.
    std::uint32_t mss = 0;
    bool abe = false;  ///< A mark counts less than a loss (RFC 8511).
};

}  // namespace hourglass::tcp
