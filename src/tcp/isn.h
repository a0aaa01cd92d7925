#pragma once

#include <cstdint>

#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// ISN = M + F(local address, local port, remote address, remote port, secret), where M ticks every 4 microseconds
/// (RFC 6528, section 3; RFC 9293, section 3.4.1).
[[nodiscard]] Seq initial_sequence_number(const SipKey& secret, const FlowKey& flow, Instant now);

/// The offset of a connection's timestamp clock (RFC 7323, section 5.4: random, and the same for the same ends).
[[nodiscard]] std::uint32_t timestamp_offset(const SipKey& secret, const FlowKey& flow);

/// Where the search for an ephemeral port begins: RFC 6056, section 3.3.3 (algorithm 3). The flow's local port is left
/// out of the hash.
[[nodiscard]] std::uint32_t port_offset(const SipKey& secret, const FlowKey& flow);

}  // namespace hourglass::tcp
