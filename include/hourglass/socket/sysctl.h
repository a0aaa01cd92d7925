#pragma once

#include <cstdint>
#include <expected>
#include <optional>
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

/// Linux's name of a congestion control: `reno`, `cubic`.
[[nodiscard]] std::optional<tcp::Congestion> congestion_named(std::string_view name);
[[nodiscard]] std::string_view name_of(tcp::Congestion congestion);

/// The names that have a meaning here, in order.
[[nodiscard]] std::vector<std::string_view> sysctl_names();

}  // namespace hourglass::socket
