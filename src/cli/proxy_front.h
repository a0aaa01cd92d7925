#pragma once

#include <asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cli/network.h"
#include "hourglass/http/connector.h"
#include "hourglass/http/server.h"
#include "hourglass/proxy/configuration.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::cli {

/// What answers clients: those who come as they are, and those who come with TLS.
struct FrontApplications {
    http::Application http;
    http::Application https;
};

/// What is wrong with the certificate that a configuration names; nothing when it can be used, or when there is none.
[[nodiscard]] std::optional<std::string> check_certificate(const proxy::Configuration& configuration);

/// Where a proxy's clients come in, over whichever TCP.
class ProxyFront {
  public:
    ProxyFront() = default;
    ProxyFront(const ProxyFront&) = delete;
    ProxyFront& operator=(const ProxyFront&) = delete;
    virtual ~ProxyFront() = default;

    /// Listens, and says so. `applications` must outlive the front. Throws `Failure`.
    virtual void serve(const FrontApplications& applications, const http::ServerSettings& settings,
                       const proxy::Configuration& configuration) = 0;
    /// Listens where another configuration says, with its certificate. An error, and no change, when that can't be.
    [[nodiscard]] virtual std::optional<std::string> reload(const proxy::Configuration& configuration) = 0;
    /// Listens no more, answers what has been asked, and closes the connections.
    virtual void close() = 0;
    [[nodiscard]] virtual std::size_t connections() const = 0;
    /// Sees to what was called from outside of its callbacks.
    virtual void wake() = 0;
};

/// Over the system's TCP, or over a host of our own, as the options say. Throws `Failure`.
[[nodiscard]] std::unique_ptr<ProxyFront> open_front(asio::io_context& context, runtime::OsLoop& loop,
                                                     const NetworkOptions& options,
                                                     const proxy::Configuration& configuration, bool quiet);

/// A connector whose handlers' work is followed by a call of `wake`: what servers say goes on to clients on a host that
/// has to be told of it.
[[nodiscard]] std::unique_ptr<http::Connector> waking(std::unique_ptr<http::Connector> connector,
                                                      std::function<void()> wake);

}  // namespace hourglass::cli
