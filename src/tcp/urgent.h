#pragma once

#include "tcp/connection.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// Sixth: the URG bit (RFC 9293, section 3.10.7.4): RCV.UP moves forward, and the application is told when it does.
void take_urgent_pointer(Engine& e, Connection& c, const Segment& seg);

/// How many octets one read may take: it ends in front of the last urgent octet, and, where that is not kept in line,
/// drops it when it comes to it.
[[nodiscard]] std::size_t begin_read(const Engine& e, Connection& c, std::size_t wanted);
/// Octets that can be read, where the last urgent octet is out of line: those in front of it, or behind it.
[[nodiscard]] std::size_t readable_out_of_line(const Connection& c);
/// After a read: urgent mode ends when the reader has passed the pointer (RFC 9293, section 3.8.5).
void end_read(Connection& c);

}  // namespace hourglass::tcp
