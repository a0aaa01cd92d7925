#pragma once

#include <expected>
#include <functional>

#include "hourglass/base/address.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/server.h"
#include "hourglass/runtime/setup_error.h"

namespace hourglass::runtime {

/// How `serve` does it.
struct ServeSettings {
    http::ServerSettings http{};  ///< Its clock is filled in.
    http::TcpServerSettings tcp{};
    Duration patience = std::chrono::seconds(10);  ///< For answers under way at the end.
    /// Called once it listens, with the address; the port is known then, also when zero was asked for.
    std::function<void(const SocketAddress&)> on_listening{};
};

/// Serves an application over the operating system's TCP until SIGINT or SIGTERM, and then until the answers under way
/// have been given. The error is that of listening. For more than one server in a program, or anything beside it, there
/// is `OsServer`.
[[nodiscard]] std::expected<void, SetupError> serve(const http::Application& application, const SocketAddress& at,
                                                    ServeSettings settings = {});

}  // namespace hourglass::runtime
