#include "tcp/congestion/new_reno.h"

#include <algorithm>

namespace hourglass::tcp {

std::uint32_t slow_start(CongestionWindow& w, std::uint32_t acked) {
    const std::uint32_t growth = std::min(acked, w.ssthresh - w.cwnd);
    w.cwnd += growth;
    return acked - growth;
}

void NewReno::on_ack(CongestionWindow& w, const AckRecord& ack) {
    if (!ack.cwnd_limited) return;
    std::uint32_t acked = ack.acked;
    if (w.cwnd < w.ssthresh) acked = slow_start(w, acked);
    // RFC 5681, section 3.1: one segment for each cwnd of octets acknowledged.
    acked_ += acked;
    if (acked_ >= w.cwnd) {
        acked_ -= w.cwnd;
        w.cwnd += ack.mss;
    }
}

void NewReno::on_congestion(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss) {
    // Equation (4) of RFC 5681.
    w.ssthresh = std::max(in_flight / 2, 2 * mss);
    w.cwnd = w.ssthresh;
    acked_ = 0;
}

void NewReno::on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss) {
    on_congestion(w, in_flight, mss);
}

}  // namespace hourglass::tcp
