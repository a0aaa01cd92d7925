// What BBR controls: draft-ietf-ccwg-bbr-06, section 5.6.

#include <algorithm>

#include "tcp/congestion/bbr.h"
#include "tcp/congestion/bbr_constants.h"

namespace hourglass::tcp {

using namespace bbr;

/// Section 5.6.1, the table.
double Bbr::pacing_gain() const {
    switch (state_) {
        case State::startup:
            return kStartupPacingGain;
        case State::drain:
            return kDrainPacingGain;
        case State::probe_down:
            return kProbeDownPacingGain;
        case State::probe_up:
            return kProbeUpPacingGain;
        case State::probe_cruise:
            // More of a queue than an empty pipe's: the bandwidth was overestimated, or others fill it.
            return queue_is_seen() ? kProbeDownPacingGain : 1;
        case State::probe_refill:
        case State::probe_rtt:
            break;
    }
    return 1;
}

double Bbr::cwnd_gain() const {
    if (state_ == State::probe_up) return kProbeUpCwndGain;
    return state_ == State::probe_rtt ? kProbeRttCwndGain : kDefaultCwndGain;
}

/// Section 5.6.2, SetPacingRateWithGain. What is to arrive at `bw` has to leave faster by what the link loses; while
/// there is a queue it does anyway.
void Bbr::set_pacing_rate(double gain) {
    const double loss = queue_rtt_gain() <= kEmptyQueueRttGain ? noise_loss_ : 0;
    const double rate = gain * bw_ * kPacingMargin / (1 - loss);
    if (rate > 0 && (full_bw_reached_ || rate > pacing_rate_)) pacing_rate_ = rate;
}

/// Section 5.6.3.
std::uint32_t Bbr::send_quantum(std::uint32_t mss) const {
    const double quantum = std::min(pacing_rate_ * 0.001, 65536.0);
    return std::max(static_cast<std::uint32_t>(quantum), 2 * mss);
}

/// Section 5.6.4.2, BDPMultiple.
double Bbr::bdp(double gain, double bw) const {
    if (min_rtt_ == Duration::max() || bw <= 0) return initial_window_;
    return gain * bw * to_seconds(min_rtt_);
}

/// Section 5.6.4.2, QuantizationBudget with the offload budget of section 5.5.8.1.
double Bbr::quantized(double inflight) const {
    double cap = std::max({inflight, 3.0 * send_quantum(mss_), static_cast<double>(min_pipe_cwnd())});
    if (state_ == State::probe_up) cap += 2 * mss_;
    return cap;
}

/// Section 5.3.3.8.3, TargetInflight.
double Bbr::target_inflight(const CongestionWindow& w) const {
    return std::min(bdp(1, bw_), static_cast<double>(w.cwnd));
}

/// Section 5.3.3.9.
std::uint64_t Bbr::inflight_with_headroom() const {
    if (inflight_longterm_ == kInfinite) return kInfinite;
    const auto headroom =
        std::max<std::uint64_t>(mss_, static_cast<std::uint64_t>(kHeadroom * static_cast<double>(inflight_longterm_)));
    return std::max<std::uint64_t>(inflight_longterm_ - std::min(headroom, inflight_longterm_), min_pipe_cwnd());
}

/// Section 5.6.4.5.
std::uint32_t Bbr::probe_rtt_cwnd() const {
    return std::max(static_cast<std::uint32_t>(std::min(bdp(kProbeRttCwndGain, bw_), 2e9)), min_pipe_cwnd());
}

/// Section 5.6.4.6.
void Bbr::set_cwnd(const Step& s) {
    const std::size_t window = full_bw_reached_ ? kExtraAckedFilterLen : 1;
    const double extra = static_cast<double>(extra_acked_max_.max(window));
    const double max_inflight = std::min(quantized(bdp(cwnd_gain(), bw_) + extra), 2e9);
    const double grown = std::min(static_cast<double>(s.w.cwnd) + s.ack.newly_delivered, 2e9);
    double cwnd = s.w.cwnd;
    if (full_bw_reached_)
        cwnd = std::min(grown, max_inflight);
    else if (cwnd < max_inflight || rounds_.delivered() < initial_window_)
        cwnd = grown;
    s.w.cwnd = std::max(static_cast<std::uint32_t>(cwnd), min_pipe_cwnd());
    if (state_ == State::probe_rtt) s.w.cwnd = std::min(s.w.cwnd, probe_rtt_cwnd());
    bound_cwnd_for_model(s.w);
}

/// Section 5.6.4.7.
void Bbr::bound_cwnd_for_model(CongestionWindow& w) const {
    std::uint64_t cap = kInfinite;
    if (state_ == State::probe_cruise || state_ == State::probe_rtt)
        cap = inflight_with_headroom();
    else if (is_in_probe_bw() || state_ == State::drain)
        cap = inflight_longterm_;
    cap = std::max<std::uint64_t>(std::min(cap, inflight_shortterm_), min_pipe_cwnd());
    w.cwnd = static_cast<std::uint32_t>(std::min<std::uint64_t>(w.cwnd, cap));
}

/// Section 5.6.4.4.
void Bbr::save_cwnd(const CongestionWindow& w) {
    prior_cwnd_ = !in_recovery_ && state_ != State::probe_rtt ? w.cwnd : std::max(prior_cwnd_, w.cwnd);
}

void Bbr::restore_cwnd(CongestionWindow& w) const { w.cwnd = std::max(w.cwnd, prior_cwnd_); }

}  // namespace hourglass::tcp
