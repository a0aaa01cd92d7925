#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/ip/host.h"

namespace hourglass::socket {

/// Why a sysctl was not set.
enum class SysctlError : std::uint8_t {
    unknown,    ///< Linux may have it; it has no meaning here.
    bad_value,  ///< Not a number, too few numbers, or out of range.
};

/// Sets what the Linux sysctl `name` means for a host: `net.ipv4.tcp_sack` (slashes for dots are taken, and a leading
/// `/proc/sys/`), `value` as it is written to the file. It holds for hosts that are made with these settings.
std::expected<void, SysctlError> set_sysctl(ip::HostSettings& settings, std::string_view name, std::string_view value);

/// The names that have a meaning here, in order.
[[nodiscard]] std::vector<std::string_view> sysctl_names();

}  // namespace hourglass::socket
