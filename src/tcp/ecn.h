#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

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
    bool congestion = false;                ///< Marks that we have not heard of yet, or ECE.
    std::uint32_t ce_segments = 0;          ///< Accurate feedback only.
    std::optional<std::uint32_t> octets{};  ///< Newly marked octets, where the option tells of them (RFC 9768, 3.2.3).
};

/// The bits of our SYN, or of our SYN-ACK (RFC 3168, section 6.1.1; RFC 9768, section 3.1.1).
[[nodiscard]] wire::TcpFlags ecn_flags_of_syn(const Connection& c);
/// Before the first SYN: what the settings ask for. After one that got no answer: less (RFC 3168, section 6.1.1.1;
/// RFC 9768, section 3.1.4.1).
void ask_for_ecn(const Engine& e, Connection& c, std::uint8_t syns_without_answer);
/// The peer's SYN or SYN-ACK says what is agreed.
void learn_ecn_from_syn(const Engine& e, Connection& c, const Segment& syn);
/// The third segment of the handshake, at the passive end (RFC 9768, section 3.2.2.1).
void learn_ecn_from_third_segment(Engine& e, Connection& c, const Segment& seg);

/// The SYN-ACK, at the active end, has established the connection (RFC 9768, section 3.2.2.1).
void learn_ecn_from_syn_ack(Engine& e, Connection& c, const Segment& seg);
/// The connection goes.
void forget_octet_counters(Engine& e, const Connection& c);

/// The bits of a segment that is no SYN; `new_data`: it carries some for the first time.
[[nodiscard]] wire::TcpFlags ecn_flags(Connection& c, bool new_data);
/// The ECN field of the datagram that carries it.
[[nodiscard]] wire::Ecn ecn_field(const Connection& c, bool new_data);

/// A segment has been accepted: its mark, and the peer's CWR, change what we tell.
void take_mark(Engine& e, Connection& c, const Segment& seg);
/// What this segment tells of marks. `progress`: it acknowledges something new; others may be older than what was read
/// before, and accurate feedback is not read from them.
[[nodiscard]] EcnEcho read_echo(Engine& e, Connection& c, const Segment& seg, bool progress);
/// The same, once it is known how many octets the acknowledgement delivers: the count may have gone round.
void guard_against_wrap(Engine& e, const Connection& c, EcnEcho& echo, std::uint32_t delivered);

/// Octets of the accurate ECN option in the next segment, behind `used` octets of others; zero: none is due.
[[nodiscard]] std::size_t ecn_option_size(const Connection& c, std::size_t used);
/// Writes that many octets; the peer has been told then.
void emit_ecn_option(const Engine& e, Connection& c, std::span<std::byte> out);
/// A segment with an acknowledgement has left.
void on_marks_told(Engine& e, const Connection& c);

}  // namespace hourglass::tcp
