#pragma once

#include <cstdint>

#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// What a secret makes of the two ends of a connection: the same for the same ends, unrelated for any others.
struct FlowOffsets {
    std::uint32_t sequence_number = 0;  ///< F(local address, local port, remote address, remote port, secret).
    std::uint32_t timestamp = 0;        ///< Of the connection's timestamp clock (RFC 7323, section 5.4).
};
[[nodiscard]] FlowOffsets flow_offsets(const SipKey& secret, const FlowKey& flow);

/// M of RFC 6528, section 3 (RFC 9293, section 3.4.1), which ticks every 4 microseconds: ISN = M + F.
[[nodiscard]] std::uint32_t sequence_clock(Instant now);

/// Where the search for an ephemeral port begins: RFC 6056, section 3.3.3 (algorithm 3). The flow's local port is left
/// out of the hash.
[[nodiscard]] std::uint32_t port_offset(const SipKey& secret, const FlowKey& flow);

}  // namespace hourglass::tcp
