#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>

#include "hourglass/runtime/clock.h"

namespace hourglass::cli {

/// A connection takes a descriptor, and most systems give a process few of them until it asks.
void raise_descriptor_limit();

/// Lets clients have what they asked for, and the close of their connections, for a while or until a signal comes.
/// `connections` says how many there are.
template <typename Connections>
void await_connections(asio::io_context& context, Connections connections) {
    constexpr auto patience = std::chrono::seconds(10);
    constexpr auto step = std::chrono::milliseconds(10);
    bool told_again = false;
    asio::signal_set signals(context, SIGINT, SIGTERM, SIGHUP);
    signals.async_wait([&](std::error_code error, int) { told_again = !error; });
    context.restart();
    for (const Instant end = runtime::now() + patience; connections() > 0 && !told_again && runtime::now() < end;)
        context.run_for(step);
}

}  // namespace hourglass::cli
