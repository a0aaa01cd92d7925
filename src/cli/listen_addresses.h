#pragma once

#include <string>
#include <vector>

#include "hourglass/base/address.h"

namespace hourglass::cli {

/// Where a server listens, and the addresses that its host needs for it.
struct ListenAddresses {
    std::vector<SocketAddress> endpoints;
    std::vector<Prefix> own;
};

/// The IPv6 address that a server has beside its IPv4 one.
[[nodiscard]] IpAddress default_v6_address();

/// Reads `--listen` options. When none is of IPv6 and `add_v6` says so, the server also listens on
/// `default_v6_address`, at the port of the first.
[[nodiscard]] ListenAddresses parse_listen_addresses(const std::vector<std::string>& options, bool add_v6);

/// The same for a host whose addresses come from its link: each option names a port, `:80` or `[::]:80`. When none is
/// of IPv6, the port of the first is served there too.
[[nodiscard]] ListenAddresses parse_listen_ports(const std::vector<std::string>& options);

/// The same for the operating system's TCP, whose addresses are there already. `:80` stands for all of them, of IPv6 as
/// well if `add_v6` says so. With no option it is loopback, at port 8080.
[[nodiscard]] std::vector<SocketAddress> parse_os_listen_addresses(const std::vector<std::string>& options,
                                                                   bool add_v6);

}  // namespace hourglass::cli
