#include "hourglass/runtime/serve.h"

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <chrono>
#include <csignal>

#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/os_http.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::runtime {

std::expected<void, SetupError> serve(const http::Application& application, const SocketAddress& at,
                                      ServeSettings settings) {
    constexpr auto step = std::chrono::milliseconds(10);
    if (!settings.http.wall_clock)
        settings.http.wall_clock = [] {
            return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        };
    asio::io_context context(1);
    OsLoop loop(context);
    OsServer server(loop, application, settings.http, settings.tcp);
    const auto bound = server.listen(at);
    if (!bound) return std::unexpected(bound.error());
    if (settings.on_listening) settings.on_listening(*bound);

    asio::signal_set signals(context, SIGINT, SIGTERM);
    bool told_again = false;
    signals.async_wait([&](std::error_code, int) { context.stop(); });
    context.run();
    context.restart();
    signals.async_wait([&](std::error_code error, int) { told_again = !error; });
    server.close();
    for (const Instant end = now() + settings.patience; server.connections() > 0 && !told_again && now() < end;)
        context.run_for(step);
    return {};
}

}  // namespace hourglass::runtime
