// BBR's model of the path: draft-ietf-ccwg-bbr-06, section 5.5.

#include <algorithm>
#include <cmath>

#include "tcp/congestion/bbr.h"
#include "tcp/congestion/bbr_constants.h"

namespace hourglass::tcp {

using namespace bbr;

/// Section 5.5.10.3.
void Bbr::update_latest_delivery_signals(const Step& s) {
    loss_round_start_ = false;
    if (s.ack.rate.valid()) bw_latest_ = std::max(bw_latest_, static_cast<double>(s.ack.rate.rate()));
    if (s.ack.rate.has_data) inflight_latest_ = std::max(inflight_latest_, s.ack.rate.delivered);
    // The round counter has not seen this acknowledgement yet: what it delivers is ahead of it.
    const std::uint64_t delivered = rounds_.delivered() + s.ack.newly_delivered;
    if (!s.ack.rate.has_data || delivered < loss_round_delivered_ + s.ack.rate.delivered) return;
    loss_round_delivered_ = delivered;
    loss_round_start_ = true;
}

/// Section 5.5.10.3.
void Bbr::advance_latest_delivery_signals(const Step& s) {
    if (!loss_round_start_) return;
    bw_latest_ = s.ack.rate.valid() ? static_cast<double>(s.ack.rate.rate()) : 0;
    inflight_latest_ = s.ack.rate.delivered;
}

/// Section 5.5.10.3.
void Bbr::update_congestion_signals(const Step& s) {
    update_max_bw(s);
    if (!loss_round_start_) return;
    check_startup_high_loss(s);
    note_noise();
    if (!is_probing_bw() && (is_loss_in_round_ || marks_in_round_)) adapt_lower_bounds(s.w);
    is_loss_in_round_ = false;
    marks_in_round_ = false;
    lost_in_round_ = 0;
    loss_events_in_round_ = 0;
    delivered_at_round_ = rounds_.delivered();
}

/// Section 5.5.10.3, InitLowerBounds and LossLowerBounds; losses of a path without a queue are let pass. A host that
/// was held up shows as one round of late acknowledgements; a queue that stays stood in the round before as well.
void Bbr::adapt_lower_bounds(const CongestionWindow& w) {
    const auto lost = static_cast<double>(lost_in_round_);
    const auto delivered = static_cast<double>(rounds_.delivered() - delivered_at_round_);
    const bool queue_stays =
        round_rtt_ != Duration::max() && std::min(round_rtt_, last_round_rtt_) > min_rtt_ * kQueueRttGain;
    if (!marks_in_round_ && !queue_stays && lost <= kNoiseLossThresh * (lost + delivered)) return;
    if (bw_shortterm_ == kInfiniteBw) bw_shortterm_ = max_bw();
    if (inflight_shortterm_ == kInfinite) inflight_shortterm_ = w.cwnd;
    // What is delivered while the sender holds itself back (DOWN, Drain) says no more of the path than what it sent.
    const double deliverable = bw_latest_ / std::min(1.0, pacing_gain());
    bw_shortterm_ = std::max(deliverable, kBeta * bw_shortterm_);
    inflight_shortterm_ =
        std::max(inflight_latest_, static_cast<std::uint64_t>(kBeta * static_cast<double>(inflight_shortterm_)));
}

/// Sections 5.5.1 and 5.5.5: UpdateRound and UpdateMaxBw.
void Bbr::update_max_bw(const Step& s) {
    round_start_ = rounds_.on_ack(s.ack.newly_delivered, s.ack.rate);
    if (round_start_) {
        ++round_count_;
        ++rounds_since_probe_up_;
    }
    note_queue(s);
    if (!s.ack.rate.valid()) return;
    const auto rate = static_cast<double>(s.ack.rate.rate());
    if (rate >= max_bw() || !s.ack.rate.app_limited) max_bw_.update(rate);
}

/// Section 5.5.9.
void Bbr::update_ack_aggregation(const Step& s) {
    double expected = bw_ * to_seconds(s.ack.now - extra_acked_interval_start_);
    if (static_cast<double>(extra_acked_delivered_) <= expected) {
        extra_acked_delivered_ = 0;
        extra_acked_interval_start_ = s.ack.now;
        expected = 0;
    }
    extra_acked_delivered_ += s.ack.newly_delivered;
    const double extra =
        std::clamp(static_cast<double>(extra_acked_delivered_) - expected, 0.0, static_cast<double>(s.w.cwnd));
    if (round_start_) extra_acked_max_.advance();
    extra_acked_max_.update(static_cast<std::uint64_t>(extra));
}

/// Section 5.3.4.3, UpdateMinRTT. A sample as low as the least one renews it: the queue was empty.
void Bbr::update_min_rtt(const Step& s) {
    const Instant now = s.ack.now;
    const Duration rtt = s.ack.rtt;
    probe_rtt_expired_ = now > probe_rtt_min_stamp_ + kProbeRttInterval;
    if (rtt > Duration::zero()) {
        const bool as_low = probe_rtt_min_delay_ == Duration::max() ||
                            rtt <= probe_rtt_min_delay_ + probe_rtt_min_delay_ / kMinRttTolerance;
        if (probe_rtt_expired_)
            probe_rtt_min_delay_ = rtt;
        else
            probe_rtt_min_delay_ = std::min(probe_rtt_min_delay_, rtt);
        if (as_low || probe_rtt_expired_) probe_rtt_min_stamp_ = now;
    }
    const bool min_rtt_expired = now > min_rtt_stamp_ + kMinRttFilterLen;
    if (probe_rtt_min_delay_ <= min_rtt_ || min_rtt_expired) {
        min_rtt_ = probe_rtt_min_delay_;
        min_rtt_stamp_ = probe_rtt_min_stamp_;
    }
}

/// The least round trip of each round, by which a queue shows.
void Bbr::note_queue(const Step& s) {
    if (round_start_) {
        last_round_rtt_ = round_rtt_;
        round_rtt_ = Duration::max();
    }
    if (s.ack.rtt > Duration::zero()) round_rtt_ = std::min(round_rtt_, s.ack.rtt);
}

/// What the link itself loses, from rounds of losses without a queue.
void Bbr::note_noise() {
    if (queue_rtt_gain() > kEmptyQueueRttGain) return;
    const auto lost = static_cast<double>(lost_in_round_);
    const auto delivered = static_cast<double>(rounds_.delivered() - delivered_at_round_);
    if (lost + delivered > 0) noise_loss_ += (lost / (lost + delivered) - noise_loss_) / 8;
    noise_loss_ = std::min(noise_loss_, kNoiseLossThresh);
}

/// The round trips of now, as a multiple of the least one.
double Bbr::queue_rtt_gain() const {
    const Duration rtt = round_rtt_ != Duration::max() ? round_rtt_ : last_round_rtt_;
    if (rtt == Duration::max() || min_rtt_ == Duration::max()) return 1;
    return to_seconds(rtt) / to_seconds(min_rtt_);
}

bool Bbr::queue_is_seen() const { return queue_rtt_gain() > kQueueRttGain; }

/// Section 5.5.10.2, IsInflightTooHigh.
bool Bbr::is_too_much_loss(double lost, double of) const {
    return lost > of * (queue_is_seen() ? kLossThresh : kNoiseLossThresh);
}

/// Section 5.5.10.2, NoteLoss.
void Bbr::note_loss(const CongestionWindow& w) {
    if (!is_loss_in_round_) {
        loss_round_delivered_ = rounds_.delivered();
        save_state_upon_loss(w);
    }
    is_loss_in_round_ = true;
}

/// Section 3.7: a mark is congestion, whatever the round trip says. Once a round outside of probing, once a probe in
/// it.
void Bbr::note_marks(const Step& s) {
    if (!s.ack.ece && s.ack.ce_octets == 0) return;
    if (!marks_in_round_ && !is_loss_in_round_) {
        loss_round_delivered_ = rounds_.delivered();
        save_state_upon_loss(s.w);
    }
    marks_in_round_ = true;
    if (state_ == State::startup) full_bw_reached_ = true;
    if (is_bw_probe_sample_)
        handle_inflight_too_high(s.w, s.ack.rate.in_flight_when_sent, s.ack.rate.app_limited, s.ack.now);
}

/// Section 5.5.10.2.
void Bbr::handle_inflight_too_high(const CongestionWindow& w, double in_flight, bool app_limited, Instant now) {
    prev_probe_too_high_ = true;
    is_bw_probe_sample_ = false;
    if (!app_limited) inflight_longterm_ = static_cast<std::uint64_t>(std::max(in_flight, target_inflight(w) * kBeta));
    if (state_ == State::probe_up) {
        undo_state_ = UndoState::probe_up;
        start_probe_down(now);
    }
}

/// Section 5.5.11.1.
void Bbr::save_state_upon_loss(const CongestionWindow& w) {
    save_cwnd(w);
    undo_state_ = UndoState::none;
    undo_bw_shortterm_ = bw_shortterm_;
    undo_inflight_shortterm_ = inflight_shortterm_;
    undo_inflight_longterm_ = inflight_longterm_;
}

/// Section 5.5.10.3.
void Bbr::reset_congestion_signals() {
    is_loss_in_round_ = false;
    marks_in_round_ = false;
    bw_latest_ = 0;
    inflight_latest_ = 0;
}

void Bbr::reset_short_term_model() {
    bw_shortterm_ = kInfiniteBw;
    inflight_shortterm_ = kInfinite;
}

bool Bbr::is_probing_bw() const {
    return state_ == State::startup || state_ == State::probe_refill || state_ == State::probe_up;
}

}  // namespace hourglass::tcp
