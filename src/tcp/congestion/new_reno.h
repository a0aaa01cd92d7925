#pragma once

#include <cstdint>

#include "tcp/congestion/record.h"
#include "tcp/congestion/window.h"

namespace hourglass::tcp {

/// RFC 5681: congestion avoidance with byte counting (RFC 3465), half of the flight on loss. It remembers nothing
/// between flights.
class NewReno {
  public:
    /// Congestion avoidance: `acked` octets beyond what slow start took.
    void on_ack(CongestionWindow& w, std::uint32_t acked, std::uint32_t mss);
    void on_congestion(CongestionWindow& w, const CongestionEvent& event);

    static void exchange(auto& self, auto& image) { image(self.acked_); }

  private:
    std::uint32_t acked_ = 0;  ///< Octets acknowledged since cwnd last grew in congestion avoidance.
};

}  // namespace hourglass::tcp
