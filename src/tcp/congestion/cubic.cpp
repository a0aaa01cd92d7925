#include "tcp/congestion/cubic.h"

#include <algorithm>
#include <cmath>

namespace hourglass::tcp {

namespace {

constexpr double kC = 0.4;          // RFC 9438, section 5: segments per second cubed
constexpr double kBetaCubic = 0.7;  // section 4.6
constexpr double kBetaEcn = 0.85;   // RFC 8511, section 3.1
constexpr double kAlphaCubic = 3 * (1 - kBetaCubic) / (1 + kBetaCubic);  // section 4.3

}  // namespace

void Cubic::begin_epoch(CubicMemory& m, double cwnd, Instant now) {
    epoch_start_ = now;
    paused_since_ = kNever;
    w_est_ = static_cast<float>(cwnd);
    m.w_max = std::max(m.w_max, static_cast<float>(cwnd));
    k_ = static_cast<float>(std::cbrt((m.w_max - cwnd) / kC));
}

/// Section 4.2, figure 1: W_cubic(t).
double Cubic::target(const CubicMemory& m, double t) const { return kC * std::pow(t - k_, 3) + m.w_max; }

void Cubic::on_application_limited(Instant now) {
    if (epoch_start_ != kNever && paused_since_ == kNever) paused_since_ = now;
}

void Cubic::on_ack(CongestionWindow& w, CubicMemory& m, std::uint32_t acked, const AckRecord& ack) {
    const double mss = ack.mss;
    const double cwnd = w.cwnd / mss;
    const double segments_acked = acked / mss;
    if (epoch_start_ == kNever) begin_epoch(m, cwnd, ack.now);
    if (paused_since_ != kNever) {
        epoch_start_ += ack.now - paused_since_;
        paused_since_ = kNever;
    }

    // Section 4.3: the Reno-friendly region.
    const double alpha = w_est_ >= m.cwnd_prior ? 1.0 : kAlphaCubic;
    w_est_ += static_cast<float>(alpha * segments_acked / cwnd);

    const double t = to_seconds(ack.now - epoch_start_);
    double grown = cwnd;
    if (target(m, t) < w_est_) {
        grown = std::max(cwnd, static_cast<double>(w_est_));
    } else {
        // Sections 4.4 and 4.5: towards the window one round trip ahead, at most half as much again.
        const double ahead = std::clamp(target(m, t + to_seconds(ack.srtt)), cwnd, 1.5 * cwnd);
        grown = cwnd + (ahead - cwnd) / cwnd * segments_acked;
    }
    const double octets = (grown - cwnd) * mss + rest_;
    const double whole = std::min(std::floor(octets), 1e9);
    rest_ = static_cast<float>(octets - whole);
    w.cwnd = static_cast<std::uint32_t>(std::min(w.cwnd + whole, 2e9));
}

void Cubic::on_congestion(CongestionWindow& w, CubicMemory& m, const CongestionEvent& event) {
    const auto cwnd = static_cast<float>(w.cwnd) / static_cast<float>(event.mss);
    // Section 4.7: fast convergence.
    m.w_max = cwnd < m.w_max ? cwnd * static_cast<float>((1 + kBetaCubic) / 2) : cwnd;
    m.cwnd_prior = cwnd;
    // Section 4.6; FlightSize counts no octets that only loss recovery keeps in flight beyond cwnd.
    const double beta = event.signal == CongestionSignal::ecn && event.abe ? kBetaEcn : kBetaCubic;
    const std::uint32_t flight = std::min(event.in_flight, w.cwnd);
    w.ssthresh = std::max(static_cast<std::uint32_t>(flight * beta), 2 * event.mss);
    w.cwnd = w.ssthresh;
    *this = {};
    // Section 4.8: the first epoch after a timeout takes the window where slow start ends as its W_max.
    if (event.signal == CongestionSignal::timeout) m.w_max = 0;
}

}  // namespace hourglass::tcp
