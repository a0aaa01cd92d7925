#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

/// A connection's output pass, once a round: what is lost goes again, new data follows as far as the windows and
/// Nagle's algorithm allow, and an acknowledgement that is due and has found no data to ride on goes alone. Afterwards
/// the retransmission or persist timer runs if, and only if, there is something for it to watch.
void transmit(Engine& e, Connection& c);

/// Queues as much of `bytes` as there is room for, and returns how much.
std::size_t queue_to_send(Engine& e, Connection& c, std::span<const std::byte> bytes);
/// Octets that SEND would take now.
[[nodiscard]] std::size_t room_to_send(const Engine& e, const Connection& c);
/// The application waits for room to send and there is some: it is told in this round.
void tell_writable(Engine& e, Connection& c);
/// Tells loss recovery and delivery rates of [seq, end), which is about to leave: again, for the first time, or both.
void record_sent(Engine& e, Connection& c, Seq seq, Seq end, SendReason reason = SendReason::new_data);
/// Octets queued and never sent.
[[nodiscard]] std::uint32_t unsent(const Connection& c);
/// True when what is queued waits only because the application has corked the connection.
[[nodiscard]] bool is_corked(const Engine& e, const Connection& c);

}  // namespace hourglass::tcp
