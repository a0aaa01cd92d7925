#pragma once

#include <cstdint>
#include <optional>

#include "tcp/steps.h"

namespace hourglass::tcp {

struct ListenEntry;

// TCP Fast Open (RFC 7413): what it changes in the handshake.

/// The option of our SYN, or of our SYN-ACK.
[[gnu::cold]] void add_fast_open_option(const Engine& e, const Connection& c, wire::TcpOptions& options);

// --- The client (section 4.2, fast_open_client.cpp)

/// Whether a SYN may ask for it: not where that has failed lately.
[[nodiscard, gnu::cold]] bool may_ask_for_fast_open(const Engine& e, const Connection& c);
/// Octets of data that the first SYN of such a connection may take along.
[[nodiscard, gnu::cold]] std::uint32_t room_in_syn(const Engine& e, const Connection& c);
/// The same for a connection that is still to be opened.
[[nodiscard]] std::uint32_t fast_open_room(const Engine& e, const SocketAddress& remote, const ConnectOptions& options);
/// The SYN-ACK has come for a SYN that asked for fast open: what it says of cookie, MSS and data is remembered.
[[gnu::cold]] void take_fast_open_answer(Engine& e, Connection& c, const Segment& syn_ack);
/// Our SYN had data, and the handshake is complete: what was not taken goes again at once.
[[gnu::cold]] void settle_syn_data(Engine& e, Connection& c);
/// No answer, or an ICMP error, came to a SYN that asked for fast open (section 4.1.3.1).
[[gnu::cold]] void on_fast_open_failure(Engine& e, const Connection& c);

// --- The server (section 4.2.2, fast_open_server.cpp)

/// A SYN has come for a listener, and `c` is what was learned from it. With a good cookie it opens a connection, whose
/// application gets the data before the handshake is complete; else the SYN is one like any other, whose SYN-ACK brings
/// a cookie when one was asked for.
[[nodiscard, gnu::cold]] std::optional<Disposition> open_fast(Engine& e, Connection& c, const Segment& syn);
/// The third segment has come for a connection that a cookie has opened: ESTABLISHED, or FIN-WAIT-1 when its
/// application has closed, and whatever else the segment acknowledges. The rest of it is the caller's.
[[gnu::cold]] void complete_fast_open(Arrival& a);
/// The connection is pending no more. One that a RST has ended counts for a while longer: its address may have been
/// forged (section 5.1).
[[gnu::cold]] void leave_fast_open(Engine& e, Connection& c, bool by_reset);
/// Counts each listener's pending connections anew, as `count_half_open` does its handshakes.
[[gnu::cold]] void count_fast_open(Engine& e);

}  // namespace hourglass::tcp
