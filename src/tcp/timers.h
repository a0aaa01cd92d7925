#pragma once

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// Runs every timer of the connection that is due.
void expire(Engine& e, Connection& c);
/// When what has just been sent is given up or sent again: after the timeout, or when the application's patience ends
/// (Tuning::user_timeout). The outbox's `unanswered_since` has been set.
[[nodiscard]] Instant next_attempt(const Engine& e, const Connection& c);
/// Begins the idle time anew: keepalive's (RFC 9293, section 3.8.4), or in FIN-WAIT-2 that of a connection whose
/// application has left; none when neither applies.
void set_idle_timer(Engine& e, Connection& c);

}  // namespace hourglass::tcp
