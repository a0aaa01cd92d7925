#pragma once

#include <memory>

#include "hourglass/http/client_world.h"
#include "hourglass/runtime/os_loop.h"

namespace hourglass::runtime {

/// The operating system's TCP, UDP and clock as a client's world. `loop` must outlive it.
[[nodiscard]] std::unique_ptr<http::ClientWorld> client_world(OsLoop& loop, dns::ResolverSettings resolver,
                                                              dns::HostsFile hosts = {});

}  // namespace hourglass::runtime
