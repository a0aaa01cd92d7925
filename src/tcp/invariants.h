#pragma once

#include <string>

namespace hourglass::tcp {

class Engine;

/// The first invariant that does not hold, with its connection; empty when all hold.
[[nodiscard]] std::string check_all(const Engine& e);

}  // namespace hourglass::tcp
