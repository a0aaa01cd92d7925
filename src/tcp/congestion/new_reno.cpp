#include "tcp/congestion/new_reno.h"

#include <algorithm>

namespace hourglass::tcp {

void NewReno::on_ack(CongestionWindow& w, std::uint32_t acked, std::uint32_t mss) {
    // RFC 5681, section 3.1: one segment for each cwnd of octets acknowledged.
    acked_ += acked;
    if (acked_ < w.cwnd) return;
    acked_ -= w.cwnd;
    w.cwnd += mss;
}

void NewReno::on_congestion(CongestionWindow& w, const CongestionEvent& event) {
    // Equation (4) of RFC 5681; RFC 8511, section 3.1: 0.8 for a mark.
    const bool gentle = event.signal == CongestionSignal::ecn && event.abe;
    const std::uint32_t flight = std::min(event.in_flight, w.cwnd);
    w.ssthresh = std::max(gentle ? flight / 5 * 4 : flight / 2, 2 * event.mss);
    w.cwnd = w.ssthresh;
    acked_ = 0;
}

}  // namespace hourglass::tcp
