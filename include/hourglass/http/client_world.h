#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/dns/hosts.h"
#include "hourglass/dns/resolution.h"
#include "hourglass/dns/stub_resolver.h"
#include "hourglass/http/connector.h"

namespace hourglass::http {

/// What has deadlines, and is run when they come.
class Timed {
  public:
    /// Runs what is due; may be called at any other time too.
    virtual void poll(Instant now) = 0;
    /// When `poll` is to be called next; `kNever` when nothing waits.
    [[nodiscard]] virtual Instant next_deadline() const = 0;

  protected:
    Timed() = default;
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    ~Timed() = default;
};

/// The world as a client sees it: connections, addresses of names, and time.
class ClientWorld : public Connector {
  public:
    using Resolved = std::function<void(const dns::ResolveResult&)>;

    /// Begins to resolve a name; `resolved` is called once, never from inside this call.
    virtual void resolve(std::string_view name, dns::Families families, Resolved resolved) = 0;
    [[nodiscard]] virtual Instant now() const = 0;
    /// Polls `timed` when its deadline has come, until `remove`.
    virtual void add(Timed& timed) = 0;
    virtual void remove(Timed& timed) = 0;
    /// To be called when a deadline has come nearer, and after calls on transports from outside of their handlers.
    virtual void wake() = 0;
};

/// The world of a host of ours, in virtual time or in real. `host` must outlive it. `wake` makes the host run soon,
/// where nobody asks it for its deadline all the time (`runtime::HostLoop::wake`).
[[nodiscard]] std::unique_ptr<ClientWorld> client_world(ip::Host& host, dns::ResolverSettings resolver,
                                                        dns::HostsFile hosts = {}, std::function<void()> wake = {});

}  // namespace hourglass::http
