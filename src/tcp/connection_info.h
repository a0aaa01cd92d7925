#pragma once

#include <vector>

#include "tcp/connection.h"

namespace hourglass::tcp {

class Engine;

[[nodiscard]] ConnectionInfo info_of(const Engine& e, const Connection& c);
/// Everything that netstat would list: listeners, connections, half-open and TIME-WAIT entries.
[[nodiscard]] std::vector<ConnectionInfo> list_connections(const Engine& e);

}  // namespace hourglass::tcp
