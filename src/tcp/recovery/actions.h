#pragma once

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// The rules of loss recovery that hold for this connection.
[[nodiscard]] RecoveryRules rules_of(const Engine& e, const Connection& c);
[[nodiscard]] PathTimes path_of(const Engine& e, const Connection& c);

/// Tells delivery rates and congestion control of each range that is delivered or lost.
class FlightWatcher final : public Scoreboard::Visitor {
  public:
    FlightWatcher(Connection& c, Instant now) : c_(c), now_(now) {}
    void delivered(const SentRange& piece) override;
    void lost(const SentRange& piece) override;

  private:
    Connection& c_;
    Instant now_;
};

/// What an acknowledgement, or the reordering timer, has shown takes effect: congestion control hears of it in one
/// record, a reduction sets cwnd, counters count. `prior_pipe` is what was in the network before, `echo` what the
/// acknowledgement tells of congestion marks.
void act_upon(Engine& e, Connection& c, const RecoveryOutcome& out, std::uint32_t prior_pipe, const EcnEcho& echo = {});

/// The reordering timer ran out (RFC 8985, section 6.2, step 5).
void on_reordering_timer(Engine& e, Connection& c);
/// The retransmission timer ran out on data (RFC 6298, section 5).
void on_data_timeout(Engine& e, Connection& c);
/// Sets the timer of tail loss probes to what the flight now needs; `progress` when something new was sent or
/// acknowledged (RFC 8985, section 7.2).
void schedule_loss_probe(Engine& e, Connection& c, bool progress);

}  // namespace hourglass::tcp
