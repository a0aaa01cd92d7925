#include "tcp/congestion/cubic.h"

#include <algorithm>
#include <cmath>

#include "tcp/congestion/new_reno.h"

namespace hourglass::tcp {

namespace {

constexpr double kC = 0.4;                                // RFC 9438, section 5: segments per second cubed
constexpr double kBeta = 0.7;                             // section 4.6
constexpr double kAlpha = 3 * (1 - kBeta) / (1 + kBeta);  // section 4.3

}  // namespace

void Cubic::begin_epoch(double cwnd, std::uint32_t now_ms) {
    epoch_start_ms_ = now_ms;
    in_epoch_ = true;
    w_est_ = static_cast<float>(cwnd);
    if (w_max_ < cwnd) w_max_ = static_cast<float>(cwnd);
    k_ = static_cast<float>(std::cbrt((w_max_ - cwnd) / kC));
}

void Cubic::on_ack(CongestionWindow& w, const AckRecord& ack) {
    if (!ack.cwnd_limited) {
        // Section 4.2: time in which the application held the sender must not count.
        in_epoch_ = false;
        return;
    }
    std::uint32_t acked = ack.acked;
    if (w.cwnd < w.ssthresh) acked = slow_start(w, acked);
    if (acked == 0) return;

    const double mss = ack.mss;
    const double cwnd = w.cwnd / mss;
    const double segments_acked = acked / mss;
    const auto now_ms = static_cast<std::uint32_t>(to_ms(ack.now.time_since_epoch()));
    if (!in_epoch_) begin_epoch(cwnd, now_ms);

    // Section 4.3: the Reno-friendly region.
    const double alpha = w_est_ >= cwnd_prior_ ? 1.0 : kAlpha;
    w_est_ += static_cast<float>(alpha * segments_acked / cwnd);

    const double t = (now_ms - epoch_start_ms_) / 1000.0;
    const auto cubic = [&](double at) { return kC * std::pow(at - k_, 3) + w_max_; };
    double grown = cwnd;
    if (cubic(t) < w_est_) {
        grown = std::max(cwnd, static_cast<double>(w_est_));
    } else {
        // Sections 4.4 and 4.5: towards the window one round trip ahead, at most half as much again.
        const double target = std::clamp(cubic(t + to_seconds(ack.srtt)), cwnd, 1.5 * cwnd);
        grown = cwnd + (target - cwnd) / cwnd * segments_acked;
    }
    const double octets = (grown - cwnd) * mss + cwnd_rest_;
    const double whole = std::min(std::floor(octets), 1e9);
    cwnd_rest_ = static_cast<float>(octets - whole);
    w.cwnd = static_cast<std::uint32_t>(std::min(w.cwnd + whole, 2e9));
}

void Cubic::on_congestion(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss) {
    const auto cwnd = static_cast<float>(w.cwnd) / static_cast<float>(mss);
    // Section 4.7: fast convergence.
    w_max_ = cwnd < w_max_ ? cwnd * static_cast<float>((1 + kBeta) / 2) : cwnd;
    cwnd_prior_ = cwnd;
    // Section 4.6.
    w.ssthresh = std::max(static_cast<std::uint32_t>(in_flight * kBeta), 2 * mss);
    w.cwnd = w.ssthresh;
    in_epoch_ = false;
    cwnd_rest_ = 0;
}

void Cubic::on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss) {
    on_congestion(w, in_flight, mss);
    // Section 4.8: the first epoch after a timeout takes the window where slow start ends as its W_max.
    w_max_ = 0;
}

}  // namespace hourglass::tcp
