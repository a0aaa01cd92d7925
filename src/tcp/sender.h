#pragma once

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// A connection's output pass, once a round: what is lost goes again, new data follows as far as the windows and
/// Nagle's algorithm allow, and an acknowledgement that is due and has found no data to ride on goes alone. Afterwards
/// the retransmission or persist timer runs if, and only if, there is something for it to watch.
void transmit(Engine& e, Connection& c);

}  // namespace hourglass::tcp
