#pragma once

#include <cstdint>

#include "tcp/connection.h"
#include "tcp/segment.h"

namespace hourglass::tcp {

class Engine;

/// Rcv.Wind.Shift to offer: enough for what the receive buffer may become (a clamp of the window is not one of the
/// buffer).
[[nodiscard]] std::uint8_t window_shift(const Settings& s, std::uint32_t receive_buffer);
/// The receive buffer that is used: what is set for the connection, as far as window scaling can express it (RFC 7323,
/// section 2.3: 2^30).
[[nodiscard]] std::uint32_t receive_limit(const Engine& e, const Connection& c);
/// Octets of the IP and TCP headers without options.
[[nodiscard]] inline std::uint32_t header_space(const Connection& c) { return c.flow.remote.is_v4() ? 40 : 60; }
/// What timestamps take of each segment (RFC 7323, appendix A).
inline constexpr std::uint32_t kTimestampSpace = 12;
/// The MSS to announce: what the interface's MTU leaves without options, for the path to us is not the path from us
/// (RFC 9293, section 3.7.1; RFC 1191, section 3.1).
[[nodiscard]] std::uint32_t local_mss(const Engine& e, const Connection& c);
/// TSval for this connection now: a clock of milliseconds with an offset of its own (RFC 7323, section 5.4).
[[nodiscard]] std::uint32_t timestamp_now(const Engine& e, const Connection& c);

/// Fills in what the path and the settings decide before the first segment: windows, MSS, options.
void prepare(const Engine& e, Connection& c, const Path& path);
/// Gives a new connection its own numbers: the offset of its timestamps, and in `iss` F of RFC 6528 until the SYN
/// leaves and its clock is added.
void choose_numbers(const Engine& e, Connection& c);
/// The options of our SYN, or of our SYN-ACK: then only what the peer's SYN offered.
void add_syn_options(const Engine& e, const Connection& c, wire::TcpOptions& options);
/// Reads a SYN's or SYN-ACK's sequence number, window and options.
void learn_from_syn(Engine& e, Connection& c, const Segment& syn);
/// The path or the options have changed: the size of a full segment follows.
void update_segment_size(const Engine& e, Connection& c);
/// Sends the SYN, or in SYN-RECEIVED the SYN-ACK, and runs its timer.
void send_syn(Engine& e, Connection& c);
/// The congestion control that the connection is to have, from a window of `window` octets on.
void begin_congestion_control(Engine& e, Connection& c, std::uint32_t window);
/// What the handshake has measured goes to the connection's timeout, and the SYN's timer ends.
void settle_handshake_timer(Engine& e, Connection& c);
/// RFC 5681, section 3.1, and RFC 6298, (5.7): after a SYN or SYN-ACK that was lost.
void note_handshake_loss(Connection& c);
/// ESTABLISHED, or FIN-WAIT-1 when the application has closed in the handshake; it is told.
void enter_established(Engine& e, Connection& c, Literal trigger);
/// The handshake is complete: ESTABLISHED, with the windows and the timer of the data phase.
void establish(Engine& e, Connection& c, const Segment& seg, Literal trigger);

}  // namespace hourglass::tcp
