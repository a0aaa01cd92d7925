#pragma once

#include <cstdint>

#include "tcp/connection.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// SEG.WND for the header: moves the promised right edge as far as the buffer and silly-window avoidance allow
/// (RFC 9293, section 3.8.6.2.2), never to the left. Unscaled in a SYN (RFC 7323, section 2.2).
[[nodiscard]] std::uint16_t offered_window(const Engine& e, Connection& c, bool in_syn);
/// True when the window has grown by two full segments or more since it was last told, and the peer may be waiting for
/// it (RFC 9293, section 3.8.6.2.2).
[[nodiscard]] bool window_update_due(const Engine& e, const Connection& c);

/// Seventh: takes the segment's text, in order or above a gap, and decides how it is to be acknowledged
/// (RFC 9293, section 3.10.7.4; RFC 5681, section 4.2). The segment has been trimmed to the window.
void take_text(Engine& e, Connection& c, const Segment& seg);
/// Eighth: true when the peer's FIN, in this segment or an earlier one above a gap, has now come in order: rcv_nxt is
/// beyond it.
[[nodiscard]] bool take_fin(Engine& e, Connection& c, const Segment& seg);

/// [begin, end) has arrived before: the next ACK says so (D-SACK, RFC 2883).
[[gnu::cold]] void report_duplicate(Engine& e, Connection& c, Seq begin, Seq end);

/// An ACK is due at the end of this round, for this reason; the first reason stays.
void ack_now(Engine& e, Connection& c, SendReason reason);

}  // namespace hourglass::tcp
