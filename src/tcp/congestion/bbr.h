#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "tcp/congestion/max_filter.h"
#include "tcp/congestion/record.h"
#include "tcp/congestion/round_counter.h"
#include "tcp/congestion/window.h"

namespace hourglass::tcp {

/// Octets that were marked lost, as they were sent: what the draft's HandleLostPacket looks at.
struct LostRange {
    std::uint32_t size = 0;
    std::uint32_t in_flight_when_sent = 0;  ///< P.tx_in_flight
    std::uint64_t lost_since_sent = 0;      ///< C.lost - P.lost, this range included.
    bool app_limited = false;
};

/// BBR, version 3 (draft-ietf-ccwg-bbr-06): a model of the path, its bandwidth and its least round trip, sets how fast
/// is sent and how much may be in flight. Names and section numbers are the draft's; its functions are in
/// bbr_model.cpp (section 5.5), bbr_states.cpp (5.3), bbr_control.cpp (5.6) and bbr.cpp (5.2). What it does
/// in other ways than the draft, and why, is told in docs/tcp.md.
class Bbr {
  public:
    enum class State : std::uint8_t { startup, drain, probe_down, probe_cruise, probe_refill, probe_up, probe_rtt };

    /// `seed` decides the random waits between probes. `srtt` is the handshake's round trip, zero when unknown.
    Bbr(std::uint64_t seed, std::uint32_t initial_window, Duration srtt, Instant now);

    void on_ack(CongestionWindow& w, const AckRecord& ack);
    /// Before the record that tells of the same acknowledgement.
    void on_lost(CongestionWindow& w, const LostRange& lost, Instant now);
    void on_enter_recovery(const CongestionWindow& w);
    void on_timeout(CongestionWindow& w, std::uint32_t in_flight, std::uint32_t mss);
    void on_recovered(CongestionWindow& w);
    /// The recovery that is under way, or just over, was for nothing.
    void on_spurious_loss(CongestionWindow& w, Instant now);
    /// Something is to be sent, nothing is in flight, and the application was the reason.
    void on_restart(CongestionWindow& w, Instant now);

    /// Octets a second.
    [[nodiscard]] double pacing_rate() const { return pacing_rate_; }
    /// Octets that may leave at once.
    [[nodiscard]] std::uint32_t send_quantum(std::uint32_t mss) const;
    /// True while the rate samples are to be marked application-limited (section 5.3.4.3).
    [[nodiscard]] bool ignores_rate() const { return state_ == State::probe_rtt; }

    [[nodiscard]] State state() const { return state_; }
    [[nodiscard]] double max_bw() const { return max_bw_.max(); }
    [[nodiscard]] Duration min_rtt() const { return min_rtt_; }
    [[nodiscard]] std::uint64_t inflight_longterm() const { return inflight_longterm_; }
    [[nodiscard]] std::uint64_t inflight_shortterm() const { return inflight_shortterm_; }
    [[nodiscard]] double bw() const { return bw_; }

    static void exchange(auto& self, auto& image) {
        image(self.random_, self.rounds_, self.max_bw_, self.extra_acked_max_, self.bw_, self.bw_shortterm_,
              self.bw_latest_, self.full_bw_, self.pacing_rate_, self.noise_loss_);
        image(self.inflight_longterm_, self.inflight_shortterm_, self.inflight_latest_, self.loss_round_delivered_,
              self.lost_in_round_, self.delivered_at_round_, self.undo_bw_shortterm_, self.undo_inflight_shortterm_,
              self.undo_inflight_longterm_);
        image(self.min_rtt_, self.probe_rtt_min_delay_, self.round_rtt_, self.last_round_rtt_,
              self.probe_rtt_done_stamp_, self.bw_probe_wait_);
        image.known(self.min_rtt_stamp_, self.probe_rtt_min_stamp_, self.cycle_stamp_,
                    self.extra_acked_interval_start_);
        image(self.extra_acked_delivered_, self.bw_probe_up_acked_, self.probe_up_acked_per_inc_);
        image(self.mss_, self.initial_window_, self.prior_cwnd_, self.round_count_, self.rounds_since_probe_up_,
              self.drain_start_round_, self.recovery_start_round_, self.loss_events_in_round_, self.bw_probe_up_rounds_,
              self.full_bw_count_);
        image.up_to(self.state_, State::probe_rtt);
        image.up_to(self.ack_phase_, AckPhase::probe_stopping);
        image.up_to(self.undo_state_, UndoState::probe_up);
        image(self.in_recovery_, self.round_start_, self.loss_round_start_, self.is_loss_in_round_,
              self.marks_in_round_, self.full_bw_reached_, self.full_bw_now_, self.is_bw_probe_sample_,
              self.prev_probe_too_high_, self.prev_probe_precautionary_, self.idle_restart_, self.probe_rtt_expired_,
              self.probe_rtt_round_done_);
        image.require(self.mss_ > 0 && self.mss_ < 65536);
    }

  private:
    enum class AckPhase : std::uint8_t { init, refilling, probe_starting, probe_feedback, probe_stopping };
    enum class UndoState : std::uint8_t { none, startup, probe_up };
    /// An acknowledgement on its way through the steps, with the window that it moves.
    struct Step {
        CongestionWindow& w;
        const AckRecord& ack;
    };

    // bbr_model.cpp
    void update_latest_delivery_signals(const Step& s);
    void advance_latest_delivery_signals(const Step& s);
    void update_congestion_signals(const Step& s);
    void adapt_lower_bounds(const CongestionWindow& w);
    void update_max_bw(const Step& s);
    void update_ack_aggregation(const Step& s);
    void update_min_rtt(const Step& s);
    void note_loss(const CongestionWindow& w);
    void note_queue(const Step& s);
    void note_marks(const Step& s);
    void note_noise();
    [[nodiscard]] double queue_rtt_gain() const;
    [[nodiscard]] bool queue_is_seen() const;
    [[nodiscard]] bool is_too_much_loss(double lost, double of) const;
    void handle_inflight_too_high(const CongestionWindow& w, double in_flight, bool app_limited, Instant now);
    void save_state_upon_loss(const CongestionWindow& w);
    void reset_congestion_signals();
    void reset_short_term_model();
    [[nodiscard]] bool is_probing_bw() const;

    // bbr_states.cpp
    void check_full_bw_reached(const AckRecord& ack);
    void check_startup_high_loss(const Step& s);
    void check_startup_done();
    void check_drain_done(const Step& s);
    void update_probe_bw_cycle_phase(const Step& s);
    bool adapt_long_term_model(const Step& s);
    void check_probe_rtt(const Step& s);
    void handle_probe_rtt(const Step& s);
    void check_probe_rtt_done(CongestionWindow& w, Instant now);
    void enter_startup();
    void enter_drain();
    void start_probe_down(Instant now);
    void start_probe_cruise() { state_ = State::probe_cruise; }
    void start_probe_refill();
    void start_probe_up(const Step& s);
    void pick_probe_wait();
    void skip_part_of_probe_wait(const CongestionWindow& w);
    [[nodiscard]] double reno_rounds(const CongestionWindow& w) const;
    bool is_time_to_probe_bw(const Step& s);
    [[nodiscard]] bool is_time_to_cruise(const Step& s) const;
    bool is_time_to_go_down(const Step& s);
    void raise_inflight_longterm_slope(const Step& s);
    void probe_inflight_longterm_upward(const Step& s);
    void reset_full_bw();
    [[nodiscard]] bool is_in_probe_bw() const;

    // bbr_control.cpp
    [[nodiscard]] double pacing_gain() const;
    [[nodiscard]] double cwnd_gain() const;
    void set_pacing_rate(double gain);
    void set_cwnd(const Step& s);
    void bound_cwnd_for_model(CongestionWindow& w) const;
    [[nodiscard]] double bdp(double gain, double bw) const;
    [[nodiscard]] double quantized(double inflight) const;
    [[nodiscard]] double target_inflight(const CongestionWindow& w) const;
    [[nodiscard]] std::uint64_t inflight_with_headroom() const;
    [[nodiscard]] std::uint32_t probe_rtt_cwnd() const;
    [[nodiscard]] std::uint32_t min_pipe_cwnd() const { return 4 * mss_; }
    void save_cwnd(const CongestionWindow& w);
    void restore_cwnd(CongestionWindow& w) const;

    Random random_;
    RoundCounter rounds_;
    MaxFilter<double, 2> max_bw_;                   ///< BBR.max_bw_filter, by probing cycle.
    MaxFilter<std::uint64_t, 10> extra_acked_max_;  ///< BBR.extra_acked_filter, by round.
    double bw_ = 0;
    double bw_shortterm_;
    double bw_latest_ = 0;
    double full_bw_ = 0;
    double pacing_rate_;
    double noise_loss_ = 0;  ///< The share of octets that the link loses without a queue.
    std::uint64_t inflight_longterm_;
    std::uint64_t inflight_shortterm_;
    std::uint64_t inflight_latest_ = 0;
    std::uint64_t loss_round_delivered_ = 0;
    std::uint64_t lost_in_round_ = 0;       ///< Octets marked lost in the round of losses under way.
    std::uint64_t delivered_at_round_ = 0;  ///< Octets delivered when that round began.
    double undo_bw_shortterm_ = 0;
    std::uint64_t undo_inflight_shortterm_ = 0;
    std::uint64_t undo_inflight_longterm_ = 0;

    Duration min_rtt_;
    Duration probe_rtt_min_delay_;
    Duration round_rtt_;       ///< The least sample of this round; max: none yet.
    Duration last_round_rtt_;  ///< ... and of the one before.
    Instant min_rtt_stamp_;
    Instant probe_rtt_min_stamp_;
    Instant probe_rtt_done_stamp_ = kNever;  ///< kNever: not down to its window yet.
    Instant cycle_stamp_;
    Instant extra_acked_interval_start_;
    Duration bw_probe_wait_{};
    std::uint64_t extra_acked_delivered_ = 0;
    std::uint64_t bw_probe_up_acked_ = 0;
    std::uint64_t probe_up_acked_per_inc_;

    std::uint32_t mss_ = 1;
    std::uint32_t initial_window_;
    std::uint32_t prior_cwnd_ = 0;
    std::uint32_t round_count_ = 0;
    std::uint32_t rounds_since_probe_up_ = 0;
    std::uint32_t drain_start_round_ = 0;
    std::uint32_t recovery_start_round_ = 0;
    std::uint16_t loss_events_in_round_ = 0;
    std::uint8_t bw_probe_up_rounds_ = 0;
    std::uint8_t full_bw_count_ = 0;

    State state_ = State::startup;
    AckPhase ack_phase_ = AckPhase::init;
    UndoState undo_state_ = UndoState::none;
    bool in_recovery_ = false;
    bool round_start_ = false;
    bool loss_round_start_ = false;
    bool is_loss_in_round_ = false;
    bool marks_in_round_ = false;
    bool full_bw_reached_ = false;
    bool full_bw_now_ = false;
    bool is_bw_probe_sample_ = false;
    bool prev_probe_too_high_ = false;
    bool prev_probe_precautionary_ = false;
    bool idle_restart_ = false;
    bool probe_rtt_expired_ = false;
    bool probe_rtt_round_done_ = false;
};

/// The draft's name: "Startup", "ProbeBW_UP", ...
[[nodiscard]] std::string_view to_string(Bbr::State state);

}  // namespace hourglass::tcp
