#pragma once

#include "tcp/connection.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// What an acceptable SEG.ACK and SEG.WND mean for the sender (RFC 9293, section 3.10.7.4, fifth, ESTABLISHED): moves
/// SND.UNA, feeds round-trip estimation, loss recovery and congestion control, updates the send window.
void process_acknowledgement(Engine& e, Connection& c, const Segment& seg);

}  // namespace hourglass::tcp
