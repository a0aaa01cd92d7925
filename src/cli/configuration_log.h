#pragma once

#include <functional>
#include <string>

#include "cli/network.h"
#include "hourglass/dhcp/lease.h"

namespace hourglass::cli {

/// `leased 10.0.0.7/24 from 10.0.0.1 for 12 h, router 10.0.0.1, names by 10.0.0.1`
[[nodiscard]] std::string describe(const dhcp::Lease& lease);

/// Prints a line to standard error for each address that `live` gets from its link or gives up, and calls `ready` for
/// each that it gets, link-local ones apart. Both only with `--dhcp`.
void follow_configuration(const LiveHost& live, bool quiet, std::function<void(const IpAddress&)> ready);

}  // namespace hourglass::cli
