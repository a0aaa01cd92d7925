#pragma once

#include <functional>
#include <string>
#include <vector>

#include "hourglass/proxy/configuration.h"
#include "hourglass/runtime/os_loop.h"
#include "hourglass/runtime/os_resolver.h"

namespace hourglass::cli {

/// A resolver as the system is configured: its servers and its hosts file.
[[nodiscard]] runtime::OsResolver system_resolver(runtime::OsLoop& loop);

/// Finds the addresses of the servers that a configuration gives by name, and then calls `done`, perhaps at once: with
/// the configuration, and a line for each name that has none.
void resolve_servers(runtime::OsResolver& resolver, proxy::Configuration configuration,
                     std::function<void(proxy::Configuration, std::vector<std::string>)> done);

}  // namespace hourglass::cli
