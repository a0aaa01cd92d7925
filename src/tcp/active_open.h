#pragma once

#include <expected>

#include "hourglass/tcp/stack.h"

namespace hourglass::tcp {

/// OPEN call, active (RFC 9293, section 3.10.1): a connection in SYN-SENT whose SYN leaves in this round's output pass.
[[nodiscard]] std::expected<Stream, Error> open_active(Engine& e, SocketAddress remote, const ConnectOptions& options);

}  // namespace hourglass::tcp
