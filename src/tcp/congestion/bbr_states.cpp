// BBR's state machine: draft-ietf-ccwg-bbr-06, section 5.3.

#include <algorithm>

#include "tcp/congestion/bbr.h"
#include "tcp/congestion/bbr_constants.h"

namespace hourglass::tcp {

using namespace bbr;

// --- Startup and Drain

/// Section 5.3.1.1.
void Bbr::enter_startup() { state_ = State::startup; }

void Bbr::check_startup_done() {
    if (state_ == State::startup && full_bw_reached_) enter_drain();
}

/// Section 5.3.1.2.
void Bbr::check_full_bw_reached(const AckRecord& ack) {
    if (full_bw_now_ || !round_start_ || !ack.rate.valid() || ack.rate.app_limited) return;
    const auto rate = static_cast<double>(ack.rate.rate());
    if (rate >= full_bw_ * 1.25) {
        reset_full_bw();
        full_bw_ = rate;
        return;
    }
    full_bw_now_ = ++full_bw_count_ >= 3;
    if (full_bw_now_) full_bw_reached_ = true;
}

void Bbr::reset_full_bw() {
    full_bw_ = 0;
    full_bw_count_ = 0;
    full_bw_now_ = false;
}

/// Section 5.3.1.3; called at the end of each round of losses.
void Bbr::check_startup_high_loss(const Step& s) {
    if (state_ != State::startup || full_bw_reached_ || !in_recovery_ || !is_loss_in_round_) return;
    const auto lost = static_cast<double>(lost_in_round_);
    const auto sent = lost + static_cast<double>(rounds_.delivered() - delivered_at_round_);
    const bool a_round_in_recovery = round_count_ > recovery_start_round_;
    const bool many =
        a_round_in_recovery && loss_events_in_round_ >= kStartupFullLossCount && is_too_much_loss(lost, sent);
    if (s.ack.sack && !many) return;
    undo_state_ = UndoState::startup;
    full_bw_reached_ = true;
    inflight_longterm_ = std::max(static_cast<std::uint64_t>(bdp(1, max_bw())), inflight_latest_);
}

/// Section 5.3.2.
void Bbr::enter_drain() {
    state_ = State::drain;
    drain_start_round_ = round_count_;
}

void Bbr::check_drain_done(const Step& s) {
    if (state_ != State::drain) return;
    if (s.ack.in_flight > quantized(bdp(1, bw_)) && round_count_ <= drain_start_round_ + 3) return;
    start_probe_down(s.ack.now);
}

// --- ProbeBW (section 5.3.3.9)

bool Bbr::is_in_probe_bw() const {
    return state_ == State::probe_down || state_ == State::probe_cruise || state_ == State::probe_refill ||
           state_ == State::probe_up;
}

void Bbr::start_probe_down(Instant now) {
    reset_congestion_signals();
    probe_up_acked_per_inc_ = kInfinite;
    pick_probe_wait();
    cycle_stamp_ = now;
    ack_phase_ = AckPhase::probe_stopping;
    rounds_.begin();
    state_ = State::probe_down;
}

void Bbr::start_probe_refill() {
    reset_short_term_model();
    bw_probe_up_rounds_ = 0;
    bw_probe_up_acked_ = 0;
    prev_probe_precautionary_ = false;
    ack_phase_ = AckPhase::refilling;
    rounds_.begin();
    state_ = State::probe_refill;
}

void Bbr::start_probe_up(const Step& s) {
    ack_phase_ = AckPhase::probe_starting;
    rounds_.begin();
    reset_full_bw();
    full_bw_ = s.ack.rate.valid() ? static_cast<double>(s.ack.rate.rate()) : max_bw();
    state_ = State::probe_up;
    raise_inflight_longterm_slope(s);
}

void Bbr::update_probe_bw_cycle_phase(const Step& s) {
    if (!full_bw_reached_) return;
    if (adapt_long_term_model(s)) return;
    switch (state_) {
        case State::probe_down:
            if (!is_time_to_probe_bw(s) && is_time_to_cruise(s)) start_probe_cruise();
            break;
        case State::probe_cruise:
            is_time_to_probe_bw(s);
            break;
        case State::probe_refill:
            if (round_start_) {
                is_bw_probe_sample_ = true;
                start_probe_up(s);
            }
            break;
        case State::probe_up:
            if (is_time_to_go_down(s)) {
                prev_probe_too_high_ = false;
                start_probe_down(s.ack.now);
            }
            break;
        case State::startup:
        case State::drain:
        case State::probe_rtt:
            break;
    }
}

/// True when it has decided a transition.
bool Bbr::adapt_long_term_model(const Step& s) {
    if (ack_phase_ == AckPhase::probe_starting && round_start_) ack_phase_ = AckPhase::probe_feedback;
    if (ack_phase_ == AckPhase::probe_stopping && round_start_) {
        is_bw_probe_sample_ = false;
        ack_phase_ = AckPhase::init;
        if (is_in_probe_bw() && !s.ack.rate.app_limited) max_bw_.advance();
        if (is_in_probe_bw() && prev_probe_precautionary_ && !prev_probe_too_high_) {
            start_probe_refill();
            return true;
        }
    }
    if (inflight_longterm_ == kInfinite || !s.ack.rate.has_data) return false;
    const double when_sent = s.ack.rate.in_flight_when_sent;
    if (is_too_much_loss(static_cast<double>(s.ack.rate.lost), when_sent)) return false;
    inflight_longterm_ = std::max<std::uint64_t>(inflight_longterm_, s.ack.rate.in_flight_when_sent);
    if (state_ == State::probe_up) probe_inflight_longterm_upward(s);
    return false;
}

/// Section 5.3.3.8.3, PickProbeWait.
void Bbr::pick_probe_wait() {
    rounds_since_probe_up_ = static_cast<std::uint32_t>(random_.below(2));
    bw_probe_wait_ = std::chrono::seconds(2) + Duration(static_cast<std::int64_t>(random_.unit() * 1e9));
}

/// Flows that share a queue leave ProbeRTT together; were they to wait for as many rounds from there, they would also
/// probe together, each by the same factor, and their shares would never meet. So each goes on from a point of the wait
/// that is its own.
void Bbr::skip_part_of_probe_wait(const CongestionWindow& w) {
    const double part = random_.unit();
    rounds_since_probe_up_ = static_cast<std::uint32_t>(part * reno_rounds(w));
    bw_probe_wait_ -= Duration(static_cast<std::int64_t>(part * static_cast<double>(bw_probe_wait_.count())));
}

/// Section 5.3.3.8.3, IsRenoCoexistenceProbeTime: after so many rounds a Reno flow would have filled the pipe again.
double Bbr::reno_rounds(const CongestionWindow& w) const { return std::min(target_inflight(w) / mss_, 63.0); }

/// Section 5.3.3.8.3, IsTimeToProbeBW.
bool Bbr::is_time_to_probe_bw(const Step& s) {
    if (s.ack.now <= cycle_stamp_ + bw_probe_wait_ && rounds_since_probe_up_ < reno_rounds(s.w)) return false;
    start_probe_refill();
    return true;
}

bool Bbr::is_time_to_cruise(const Step& s) const {
    return s.ack.in_flight <= inflight_with_headroom() && s.ack.in_flight <= quantized(bdp(1, max_bw()));
}

bool Bbr::is_time_to_go_down(const Step& s) {
    // Section 5.3.3.6: a probe after one that went too high ends where that one did harm.
    if (prev_probe_too_high_ && s.ack.in_flight >= inflight_longterm_) {
        prev_probe_precautionary_ = true;
        return true;
    }
    if (s.ack.cwnd_limited && s.w.cwnd >= inflight_longterm_) {
        reset_full_bw();
        full_bw_ = s.ack.rate.valid() ? static_cast<double>(s.ack.rate.rate()) : max_bw();
        return false;
    }
    return full_bw_now_;
}

void Bbr::raise_inflight_longterm_slope(const Step& s) {
    const std::uint32_t growth = 1u << bw_probe_up_rounds_;
    bw_probe_up_rounds_ = static_cast<std::uint8_t>(std::min(bw_probe_up_rounds_ + 1, 30));
    probe_up_acked_per_inc_ = std::max(s.w.cwnd / growth, mss_);
}

void Bbr::probe_inflight_longterm_upward(const Step& s) {
    if (!s.ack.cwnd_limited || s.w.cwnd < inflight_longterm_) return;
    bw_probe_up_acked_ += s.ack.newly_delivered;
    if (bw_probe_up_acked_ >= probe_up_acked_per_inc_) {
        const std::uint64_t delta = bw_probe_up_acked_ / probe_up_acked_per_inc_;
        bw_probe_up_acked_ -= delta * probe_up_acked_per_inc_;
        inflight_longterm_ += delta * mss_;
    }
    if (round_start_) raise_inflight_longterm_slope(s);
}

// --- ProbeRTT (section 5.3.4.3)

void Bbr::check_probe_rtt(const Step& s) {
    if (state_ != State::probe_rtt && probe_rtt_expired_ && !idle_restart_) {
        save_cwnd(s.w);
        state_ = State::probe_rtt;
        probe_rtt_done_stamp_ = kNever;
        ack_phase_ = AckPhase::probe_stopping;
        rounds_.begin();
    }
    if (state_ == State::probe_rtt) handle_probe_rtt(s);
    if (s.ack.newly_delivered > 0) idle_restart_ = false;
}

void Bbr::handle_probe_rtt(const Step& s) {
    if (probe_rtt_done_stamp_ == kNever) {
        if (s.ack.in_flight > probe_rtt_cwnd()) return;
        probe_rtt_done_stamp_ = s.ack.now + kProbeRttDuration;
        probe_rtt_round_done_ = false;
        rounds_.begin();
        return;
    }
    if (round_start_) probe_rtt_round_done_ = true;
    if (probe_rtt_round_done_) check_probe_rtt_done(s.w, s.ack.now);
}

/// With section 5.3.4.4, ExitProbeRTT.
void Bbr::check_probe_rtt_done(CongestionWindow& w, Instant now) {
    if (probe_rtt_done_stamp_ == kNever || now <= probe_rtt_done_stamp_) return;
    probe_rtt_min_stamp_ = now;
    restore_cwnd(w);
    reset_short_term_model();
    if (full_bw_reached_) {
        start_probe_down(now);
        skip_part_of_probe_wait(w);
        start_probe_cruise();
    } else {
        enter_startup();
    }
}

std::string_view to_string(Bbr::State state) {
    switch (state) {
        case Bbr::State::startup:
            return "Startup";
        case Bbr::State::drain:
            return "Drain";
        case Bbr::State::probe_down:
            return "ProbeBW_DOWN";
        case Bbr::State::probe_cruise:
            return "ProbeBW_CRUISE";
        case Bbr::State::probe_refill:
            return "ProbeBW_REFILL";
        case Bbr::State::probe_up:
            return "ProbeBW_UP";
        case Bbr::State::probe_rtt:
            return "ProbeRTT";
    }
    return "?";
}

}  // namespace hourglass::tcp
