#pragma once

#include <optional>

#include "tcp/steps.h"

namespace hourglass::tcp {

/// Answers a SYN for which no half-open entry is kept: `c` is what was learned from it. The SYN-ACK carries a cookie,
/// is sent once, and costs no memory (RFC 4987, section 3.6).
[[nodiscard]] Disposition answer_with_cookie(Engine& e, Connection& c, const Segment& syn);
/// The connection of `listener` in SYN-RECEIVED that the acknowledgement in `seg` stands for, when what it acknowledges
/// is a cookie of ours that is not too old; nothing when it isn't.
[[nodiscard]] std::optional<Connection> connection_from_cookie(Engine& e, std::uint32_t listener, const Segment& seg);

}  // namespace hourglass::tcp
