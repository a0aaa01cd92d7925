// BBR's organisation: draft-ietf-ccwg-bbr-06, section 5.2.

#include "tcp/congestion/bbr.h"

#include <algorithm>

#include "tcp/congestion/bbr_constants.h"

namespace hourglass::tcp {

using namespace bbr;

/// Section 5.2.1, OnInit; section 5.6.2, InitPacingRate.
Bbr::Bbr(std::uint64_t seed, std::uint32_t initial_window, Duration srtt, Instant now)
    : random_(seed),
      bw_shortterm_(kInfiniteBw),
      pacing_rate_(kStartupPacingGain * initial_window /
                   to_seconds(srtt > Duration::zero() ? srtt : Duration(std::chrono::milliseconds(1)))),
      inflight_longterm_(kInfinite),
      inflight_shortterm_(kInfinite),
      min_rtt_(srtt > Duration::zero() ? srtt : Duration::max()),
      probe_rtt_min_delay_(min_rtt_),
      round_rtt_(Duration::max()),
      last_round_rtt_(Duration::max()),
      min_rtt_stamp_(now),
      probe_rtt_min_stamp_(now),
      cycle_stamp_(now),
      extra_acked_interval_start_(now),
      probe_up_acked_per_inc_(kInfinite),
      initial_window_(initial_window) {}

/// Section 5.2.3, UpdateOnACK.
void Bbr::on_ack(CongestionWindow& w, const AckRecord& ack) {
    const Step s{w, ack};
    mss_ = ack.mss;
    update_latest_delivery_signals(s);
    update_congestion_signals(s);
    note_marks(s);
    update_ack_aggregation(s);
    check_full_bw_reached(ack);
    check_startup_done();
    check_drain_done(s);
    update_probe_bw_cycle_phase(s);
    update_min_rtt(s);
    check_probe_rtt(s);
    advance_latest_delivery_signals(s);
    bw_ = std::min(max_bw(), bw_shortterm_);  // BoundBWForModel

    set_pacing_rate(pacing_gain());
    set_cwnd(s);
    round_start_ = false;
}

/// Section 5.5.10.2, HandleLostPacket with InflightAtLoss.
void Bbr::on_lost(CongestionWindow& w, const LostRange& lost, Instant now) {
    note_loss(w);
    lost_in_round_ += lost.size;
    if (loss_events_in_round_ < UINT16_MAX) ++loss_events_in_round_;
    if (!is_bw_probe_sample_) return;
    const auto in_flight = static_cast<double>(lost.in_flight_when_sent);
    const auto total_lost = static_cast<double>(lost.lost_since_sent);
    if (!is_too_much_loss(total_lost, in_flight)) return;
    // The range may be a burst of many segments: which part of it still fitted?
    const double in_flight_before = std::max(0.0, in_flight - lost.size);
    const double lost_before = std::max(0.0, total_lost - lost.size);
    const double lost_prefix = std::max(0.0, (kLossThresh * in_flight_before - lost_before) / (1 - kLossThresh));
    handle_inflight_too_high(w, in_flight_before + lost_prefix, lost.app_limited, now);
}

/// Section 5.6.4.4, OnEnterFastRecovery.
void Bbr::on_enter_recovery(const CongestionWindow& w) {
    save_cwnd(w);
    in_recovery_ = true;
    recovery_start_round_ = round_count_;
}

/// Section 5.6.4.4, OnEnterRTO.
void Bbr::on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss) {
    save_cwnd(w);
    if (!in_recovery_) save_state_upon_loss(w);
    in_recovery_ = true;
    recovery_start_round_ = round_count_;
    w.cwnd = in_flight + mss;
}

void Bbr::on_recovered(CongestionWindow& w) {
    if (!in_recovery_) return;
    in_recovery_ = false;
    restore_cwnd(w);
    bound_cwnd_for_model(w);
}

/// Section 5.5.11.2, HandleSpuriousLossDetection.
void Bbr::on_spurious_loss(CongestionWindow& w, Instant now) {
    in_recovery_ = false;
    restore_cwnd(w);
    is_loss_in_round_ = false;
    reset_full_bw();
    bw_shortterm_ = std::max(bw_shortterm_, undo_bw_shortterm_);
    inflight_shortterm_ = std::max(inflight_shortterm_, undo_inflight_shortterm_);
    inflight_longterm_ = std::max(inflight_longterm_, undo_inflight_longterm_);
    if (undo_state_ == UndoState::startup && state_ != State::startup) {
        full_bw_reached_ = false;
        if (state_ != State::probe_rtt) enter_startup();
    } else if (undo_state_ == UndoState::probe_up && state_ != State::probe_up && state_ != State::probe_rtt) {
        cycle_stamp_ = now;
        start_probe_refill();
    }
    undo_state_ = UndoState::none;
}

/// Section 5.4.1, HandleRestartFromIdle.
void Bbr::on_restart(CongestionWindow& w, Instant now) {
    idle_restart_ = true;
    extra_acked_interval_start_ = now;
    if (is_in_probe_bw())
        set_pacing_rate(1);
    else if (state_ == State::probe_rtt)
        check_probe_rtt_done(w, now);
}

}  // namespace hourglass::tcp
