#pragma once

#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// How far a connection is in its search for the path's MTU (RFC 4821, section 7.1), while something is queued or in
/// flight. search_low is the connection's `path_mtu`; what is to be remembered longer is told to the network layer.
struct MtuSearch {
    Instant review_at = Instant::min();   ///< When what is known of the path is out of date, or was never looked up.
    Instant probe_from = Instant::min();  ///< No probe before.
    std::uint16_t high = 0;               ///< search_high: nothing larger passes.
    std::uint16_t probe = 0;              ///< The datagram that the probe in flight makes; 0: there is none.
    std::uint8_t inconclusive = 0;        ///< Probes in a row that have told nothing.
    bool untried = false;                 ///< search_high may pass: it comes from an interface or a router.
    bool suspected = false;               ///< Segments were made smaller, and nothing has been acknowledged since.
    bool used = false;                    ///< There is something to forget.

    static void exchange(auto& self, auto& image) {
        image(self.review_at, self.probe_from, self.high, self.probe, self.inconclusive, self.untried, self.suspected,
              self.used);
    }
};

}  // namespace hourglass::tcp
