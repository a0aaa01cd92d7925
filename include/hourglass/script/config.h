#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"

namespace hourglass::script {

/// Whose initial values the stack has.
enum class Profile : std::uint8_t {
    rfc,         ///< Ours: the RFCs' (`tcp::Settings`).
    linux_like,  ///< Linux's, as the scripts of its own tests assume them.
};

/// Addresses on the wire and in the program's calls.
enum class IpVersion : std::uint8_t {
    v4,
    v4_mapped_v6,  ///< IPv4 packets, AF_INET6 sockets.
    v6,
};

/// What packetdrill's options set: the names are those of the options. Addresses that nobody sets are packetdrill's
/// for the version of IP.
struct Config {
    IpVersion ip_version = IpVersion::v4;
    IpAddress local_ip{};
    IpAddress remote_ip{};
    Port bind_port{8080};     ///< What `bind(3, ..., ...)` binds.
    Port connect_port{8080};  ///< What `connect(3, ..., ...)` connects to.
    std::uint32_t mtu = 1500;
    Duration tolerance = std::chrono::microseconds(4000);  ///< `tolerance_usecs`
    double tolerance_percent = 0;    ///< Of the time since the event before; packetdrill has 12.5 for its timers' sake.
    bool strict_segments = false;    ///< A packet of the script is one segment; otherwise several may add up to it.
    bool strict_options = false;     ///< TCP options in exactly this order, with this padding.
    bool strict_timestamps = false;  ///< TS ecr must be right, and TS val within the tolerance.
    std::uint32_t ts_tick_usecs = 0;        ///< `tcp_ts_tick_usecs`: one tick of TS val; 0: TS val is not checked.
    std::vector<std::string> init_scripts;  ///< Files of sysctl lines, performed first.

    [[nodiscard]] bool is_v6() const { return ip_version == IpVersion::v6; }
};

/// The values that a profile begins with.
[[nodiscard]] Config default_config(Profile profile);

/// Sets what `--name=value` means. The error says what is wrong with it.
std::expected<void, std::string> set_option(Config& config, std::string_view name, std::string_view value);
/// Is there such an option, though it means nothing here (`--code_command`, `--speed`)?
[[nodiscard]] bool is_ignored_option(std::string_view name);
/// Fills in the addresses that nobody has set.
void set_default_addresses(Config& config);

}  // namespace hourglass::script
