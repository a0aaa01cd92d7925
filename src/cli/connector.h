#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cli/network.h"
#include "hourglass/dns/resolution.h"
#include "hourglass/dns/stub_resolver.h"
#include "hourglass/http/transport.h"
#include "hourglass/runtime/os_loop.h"
#include "hourglass/runtime/os_stream.h"

namespace hourglass::cli {

/// How a fetch gets from a name to a connection: over our own stack, or over the operating system's. One connection at
/// a time.
class Connector {
  public:
    using Resolved = std::function<void(const dns::ResolveResult&)>;

    Connector() = default;
    Connector(const Connector&) = delete;
    Connector& operator=(const Connector&) = delete;
    virtual ~Connector() = default;

    virtual void resolve(std::string_view name, dns::Families families, Resolved resolved) = 0;
    /// Begins to connect; `handler` is told of what becomes of it, of a failure perhaps at once.
    virtual void connect(const SocketAddress& remote, runtime::OsStreamHandler& handler) = 0;
    /// The connection; null when there is none.
    [[nodiscard]] virtual http::Transport* transport() = 0;
    [[nodiscard]] virtual SocketAddress local() const = 0;
    /// What the transport has measured, in a line for people.
    [[nodiscard]] virtual std::string measured() const = 0;
    /// Sees to what was called from outside of the handler.
    virtual void wake() = 0;
    /// The connection is told to nobody any more.
    virtual void forget() = 0;
};

/// Over the host of `live`, which must outlive it.
[[nodiscard]] std::unique_ptr<Connector> connect_over(const LiveHost& live, dns::ResolverSettings resolver,
                                                      dns::HostsFile hosts);
/// Over the operating system. `loop` must outlive it.
[[nodiscard]] std::unique_ptr<Connector> connect_over(runtime::OsLoop& loop, dns::ResolverSettings resolver,
                                                      dns::HostsFile hosts);

}  // namespace hourglass::cli
