#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>

#include "hourglass/tcp/settings.h"

namespace hourglass::bench {

/// Sends by our stack, from a TUN of its own in this process's network, until the receiver resets the connection.
/// Reports what `send_by_kernel` does. `capture`: a pcapng file of what the stack sends and gets; empty: none.
[[nodiscard]] nlohmann::json send_by_ours(tcp::Congestion congestion, const std::filesystem::path& capture);

}  // namespace hourglass::bench
