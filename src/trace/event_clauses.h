#pragma once

#include <string_view>

#include "hourglass/trace/event_log.h"

namespace hourglass::trace {

// The clause that asks for what TCP itself does not name one for.

/// Of a timer, by its name: "retransmission" has "RFC 6298 5". Empty for one that no RFC asks for.
[[nodiscard]] std::string_view clause_of_timer(std::string_view timer);
[[nodiscard]] std::string_view clause_of(const ConnectionStarted&);
[[nodiscard]] std::string_view clause_of(const StateUpdated& change);
[[nodiscard]] std::string_view clause_of(const QueueUpdated& change);
[[nodiscard]] std::string_view clause_of(const RecoveryUpdated& change);
[[nodiscard]] std::string_view clause_of(const SocketCalled& called);

}  // namespace hourglass::trace
