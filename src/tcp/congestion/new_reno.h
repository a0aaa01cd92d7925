#pragma once

#include <cstdint>

#include "tcp/congestion/record.h"

namespace hourglass::tcp {

/// RFC 5681: slow start, congestion avoidance with byte counting, half of the flight on loss.
class NewReno {
  public:
    void on_ack(CongestionWindow& w, const AckRecord& ack);
    void on_congestion(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss);
    void on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss);
    void on_idle() { acked_ = 0; }

  private:
    std::uint32_t acked_ = 0;  ///< Octets acknowledged since cwnd last grew in congestion avoidance.
};

/// Slow start: cwnd grows by what was acknowledged, up to ssthresh; returns what is left of `acked` beyond it. An
/// acknowledgement counts in full, as RFC 9406, section 4.2 allows, because receivers acknowledge once a batch.
std::uint32_t slow_start(CongestionWindow& w, std::uint32_t acked);

}  // namespace hourglass::tcp
