#pragma once

#include <string>

#include "hourglass/dns/hosts.h"
#include "hourglass/dns/stub_resolver.h"

namespace hourglass::cli {

/// The name server `given` as an option, or those of /etc/resolv.conf; `over_os`: those on loopback too, which no host
/// of ours reaches.
[[nodiscard]] dns::ResolverSettings resolver_settings(const std::string& given, bool over_os);

/// /etc/hosts.
[[nodiscard]] dns::HostsFile system_hosts();

}  // namespace hourglass::cli
