#pragma once

#include <cstdint>

#include "tcp/half_open.h"
#include "tcp/steps.h"

namespace hourglass::tcp {

/// A SYN has come for a listener: a half-open entry, and a SYN-ACK (RFC 9293, section 3.10.7.2, third). Dropped when
/// the accept queue is full; with the listener's half-open queue or the stack's table full, answered with a cookie or
/// dropped as `Settings::syn_cookies` says.
[[nodiscard]] Disposition open_half(Engine& e, std::uint32_t listener, const Segment& syn, Seq min_iss = Seq(0),
                                    bool has_min_iss = false);
/// A connection of `listener` whose SYN-ACK has gone out, before the options that were agreed on are filled in.
[[nodiscard]] Connection in_syn_received(const Engine& e, const FlowKey& flow, std::uint32_t listener, Seq iss,
                                         Seq irs);
/// The entry as a connection in SYN-RECEIVED, for the length of one segment or one SYN-ACK.
[[nodiscard]] Connection expand(const Engine& e, const HalfOpen& entry);
/// The third segment has come without data, and the listener waits for some (Tuning::defer_accept): ends the
/// processing, and the SYN-ACK is not repeated before that time is over.
[[nodiscard]] Step defer_accept(Arrival& a);
/// The third segment has come for an expanded entry: makes it a connection in the accept queue, to which `a` then
/// points. Ends the segment's processing when there is no room: the entry stays, and the peer's next segment tries
/// again.
[[nodiscard]] Step promote(Arrival& a);
/// What was `learned` in the handshake becomes a connection at the end of its listener's accept queue, in the place of
/// `entry`.
Connection& take_over(Engine& e, Connection&& learned, std::uint32_t flow_hash, FlowEntry entry);
/// Sends the SYN-ACK once more because the SYN has come again.
void repeat_syn_ack(Engine& e, Connection& c);
/// The SYN-ACK's timer of this entry has run out: sends it again with twice the time to wait, or gives up after
/// `Settings::syn_ack_retries` (then the entry goes).
[[gnu::cold]] void on_syn_ack_timer(Engine& e, std::uint32_t index);
/// The network says that the peer can't be reached: the entry goes.
[[gnu::cold]] void refuse_half_open(Engine& e, std::uint32_t index);
void remove_half_open(Engine& e, std::uint32_t index, QueueChanged::Change why);
/// Counts each listener's handshakes anew: a listener for one address takes those over that came through one for any.
void count_half_open(Engine& e);

}  // namespace hourglass::tcp
