#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/ip/host.h"

namespace hourglass::packetdrill {

/// What the flags of packetdrill_interface_init say.
struct Options {
    ip::HostSettings host;
    std::uint32_t mtu = 1500;
    std::vector<Prefix> addresses;     ///< Ours, before packets and bind() say which there are.
    std::vector<std::string> unknown;  ///< Sysctls without a meaning here.
};

/// Reads `profile=linux local=192.168.0.1/16,net.ipv4.tcp_sack=0`: words with commas or spaces between. The error says
/// what is wrong. A value of several numbers has colons between them: `net.ipv4.tcp_rmem=4096:131072:6291456`.
[[nodiscard]] std::expected<Options, std::string> parse_flags(std::string_view flags);

}  // namespace hourglass::packetdrill
