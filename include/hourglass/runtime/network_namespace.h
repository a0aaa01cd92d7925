#pragma once

#include <expected>

#include "hourglass/runtime/setup_error.h"

namespace hourglass::runtime {

/// Moves the process into a network of its own, with a loopback interface and nothing else, where it may make devices
/// without being root outside: new user and network namespaces (user_namespaces(7)), in which this user is root. Files
/// and processes stay those of the outer system. To be called before the process has threads; there is no way back.
std::expected<void, SetupError> enter_private_network();

}  // namespace hourglass::runtime
