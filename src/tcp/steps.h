#pragma once

#include <optional>

#include "tcp/connection.h"
#include "tcp/flow_table.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// A segment that has arrived for a connection: what every rule of RFC 9293, section 3.10.7.4 is given.
struct Arrival {
    Engine& engine;
    Connection* connection;  ///< A half-open entry's expansion until the handshake completes, then the real one.
    Segment& segment;
    FlowEntry entry{};  ///< What the segment's flow leads to in the table.
};

/// A step's result: a decision when the segment's processing ends there. Each decision has its clause; what has none is
/// none.
class Step {
  public:
    Step(std::nullopt_t) {}
    Step(const Disposition& decision) : decision_(decision) {}

    explicit operator bool() const { return !decision_.clause.empty(); }
    const Disposition& operator*() const { return decision_; }

  private:
    Disposition decision_;
};

// The steps of "SEGMENT ARRIVES, Otherwise" (RFC 9293, section 3.10.7.4), as far as the states share them.

/// First: is the segment in the window? With PAWS before it (RFC 7323, section 5.3). Trims what is outside.
[[nodiscard]] Step check_sequence(Arrival& a);
/// RFC 7323, section 4.3, rule (2): the timestamp of the segment that the next ACK will cover first. Only of segments
/// whose ACK was accepted: one forged segment must not shut the peer out (PAWS).
void keep_timestamp(const Arrival& a);
/// Second: the RST bit (RFC 5961, section 3.2: exact match resets, in window is challenged).
[[nodiscard]] Step check_reset(Arrival& a);
/// Fourth: the SYN bit in a synchronized state (RFC 5961, section 4.2: challenged).
[[nodiscard]] Step check_syn(Arrival& a);
/// Fifth: the ACK field in a synchronized state (RFC 5961, section 5.2), and what it acknowledges: SND.UNA, the send
/// window, round trip, congestion window, recovery.
[[nodiscard]] Step check_ack(Arrival& a);
/// First to fifth in their order, for a synchronized state.
[[nodiscard]] Step check_synchronized(Arrival& a);

/// Answers with <SEQ=SND.NXT><ACK=RCV.NXT><CTL=ACK>, as far as this second's allowance goes (RFC 5961, section 7).
[[gnu::cold]] Disposition challenge(Arrival& a, Literal clause);

// What each state does with a segment. One file a state, headed by its clause.
namespace states {
Disposition syn_sent(Arrival& a);
Disposition syn_received(Arrival& a);
Disposition established(Arrival& a);
Disposition fin_wait_1(Arrival& a);
/// The rest of it, from the sixth step on.
Disposition fin_wait_1_after_ack(Arrival& a);
Disposition fin_wait_2(Arrival& a);
Disposition close_wait(Arrival& a);
Disposition closing(Arrival& a);
Disposition last_ack(Arrival& a);
Disposition time_wait(Arrival& a);
/// No connection and no listener.
Disposition closed(Engine& e, const Segment& seg);
/// A segment for a listening port that belongs to no connection.
Disposition listen(Engine& e, std::uint32_t listener, const Segment& seg);
}  // namespace states

}  // namespace hourglass::tcp
