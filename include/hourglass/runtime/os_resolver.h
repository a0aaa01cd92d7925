#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "hourglass/dns/resolution.h"
#include "hourglass/dns/stub_resolver.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::runtime {

/// Our stub resolver over the operating system's sockets, as `dns::HostResolver` is over our own: UDP, and TCP when an
/// answer is truncated.
class OsResolver {
  public:
    /// Told of the result, once, from the loop. It may call `resolve`, and must not destroy the resolver.
    using Handler = std::function<void(const dns::ResolveResult&)>;

    /// `loop` must outlive the resolver.
    OsResolver(OsLoop& loop, dns::ResolverSettings settings, dns::HostsFile hosts = {});
    ~OsResolver();
    OsResolver(const OsResolver&) = delete;
    OsResolver& operator=(const OsResolver&) = delete;

    /// Begins to resolve `name`, as `StubResolver::resolve`.
    void resolve(std::string_view name, dns::Families families, Handler handler);

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::runtime
