#pragma once

#include <cstdint>

#include "tcp/connection.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// A segment to be sent on a connection.
struct Emission {
    Seq seq{};
    wire::TcpFlags flags{};       ///< ACK is added in every state but SYN-SENT.
    std::uint32_t data_size = 0;  ///< Octets from the outbox that begin at `seq`.
    SendReason reason = SendReason::none;
    bool retransmission = false;
};

/// The largest payload of the next segment: Eff.snd.MSS less what its options take beyond those of every segment
/// (RFC 6691, RFC 9293, section 3.7.1).
[[nodiscard]] std::uint32_t segment_payload(const Connection& c);
/// Builds the segment and hands it to the network. An acknowledgement in it settles what was due.
void emit(Engine& e, Connection& c, const Emission& what);
/// A segment without data that acknowledges rcv_nxt.
void emit_ack(Engine& e, Connection& c, SendReason reason);
/// <SEQ=SND.NXT><CTL=RST,ACK>: the connection ends from this side.
[[gnu::cold]] void emit_reset(Engine& e, Connection& c, SendReason reason);
/// The RST that answers a segment without a connection or with a wrong acknowledgement (RFC 9293, section 3.5.2).
[[gnu::cold]] void emit_reset_in_reply(Engine& e, const Segment& to, SendReason reason);

}  // namespace hourglass::tcp
