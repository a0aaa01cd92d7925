#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/wire/protocol.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::tcp {

class Engine;
struct Connection;
struct Segment;

/// How the two ends tell each other of congestion marks.
enum class EcnMode : std::uint8_t {
    none,
    classic,   ///< ECE until CWR (RFC 3168, section 6.1).
    accurate,  ///< A count of the marked segments (RFC 9768).
};

/// What an acknowledgement tells of marks on what we sent.
struct EcnEcho {
    bool congestion = false;        ///< Marks that we have not heard of yet, or ECE.
    std::uint32_t ce_segments = 0;  ///< Accurate feedback only.
};

/// The bits of our SYN, or of our SYN-ACK (RFC 3168, section 6.1.1; RFC 9768, section 3.1.1).
[[nodiscard]] wire::TcpFlags ecn_flags_of_syn(const Connection& c);
/// Before the first SYN: what the settings ask for. After one that got no answer: less (RFC 3168, section 6.1.1.1;
/// RFC 9768, section 3.1.4.1).
void ask_for_ecn(const Engine& e, Connection& c, std::uint8_t syns_without_answer);
/// The peer's SYN or SYN-ACK says what is agreed.
void learn_ecn_from_syn(const Engine& e, Connection& c, const Segment& syn);
/// The third segment of the handshake, at the passive end (RFC 9768, section 3.2.2.1).
void learn_ecn_from_third_segment(Connection& c, const Segment& seg);

/// The bits of a segment that is no SYN; `new_data`: it carries some for the first time.
[[nodiscard]] wire::TcpFlags ecn_flags(Connection& c, bool new_data);
/// The ECN field of the datagram that carries it.
[[nodiscard]] wire::Ecn ecn_field(const Connection& c, bool new_data);

/// A segment has been accepted: its mark, and the peer's CWR, change what we tell.
void take_mark(Engine& e, Connection& c, const Segment& seg);
/// What this segment tells of marks.
[[nodiscard]] EcnEcho read_echo(Connection& c, const Segment& seg);

}  // namespace hourglass::tcp
