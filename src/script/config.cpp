#include "hourglass/script/config.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace hourglass::script {

namespace {

using Result = std::expected<void, std::string>;

template <typename Number>
Result read(Number& out, std::string_view value, Number least, Number most) {
    Number number{};
    const auto [end, fault] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (fault != std::errc{} || end != value.data() + value.size() || number < least || number > most)
        return std::unexpected(fmt::format("'{}' is not a number from {} to {}", value, least, most));
    out = number;
    return {};
}

Result read_port(Port& port, std::string_view value) {
    std::uint16_t number = 0;
    const Result result = read<std::uint16_t>(number, value, 1, 65535);
    if (result) port = Port(number);
    return result;
}

constexpr std::uint32_t kMaxMicroseconds = 2'000'000'000;

Result read_microseconds(Duration& duration, std::string_view value) {
    std::uint32_t microseconds = 0;
    const Result result = read<std::uint32_t>(microseconds, value, 0, kMaxMicroseconds);
    if (result) duration = std::chrono::microseconds(microseconds);
    return result;
}

/// An address; a prefix length behind it tells nothing that a host on a bare IP interface needs.
Result read_address(IpAddress& address, std::string_view value) {
    const auto parsed = IpAddress::parse(value.substr(0, value.find('/')));
    if (!parsed) return std::unexpected(fmt::format("'{}' is not an IP address", value));
    address = *parsed;
    return {};
}

Result read_ip_version(IpVersion& version, std::string_view value) {
    if (value == "ipv4")
        version = IpVersion::v4;
    else if (value == "ipv4-mapped-ipv6")
        version = IpVersion::v4_mapped_v6;
    else if (value == "ipv6")
        version = IpVersion::v6;
    else
        return std::unexpected(fmt::format("'{}' is none of ipv4, ipv4-mapped-ipv6 and ipv6", value));
    return {};
}

Result read_files(std::vector<std::string>& files, std::string_view value) {
    while (!value.empty()) {
        const std::size_t comma = std::min(value.find(','), value.size());
        if (comma > 0) files.emplace_back(value.substr(0, comma));
        value.remove_prefix(std::min(comma + 1, value.size()));
    }
    return {};
}

}  // namespace

Config default_config(Profile profile) {
    Config config;
    if (profile == Profile::linux_like) config.tolerance_percent = 12.5;
    return config;
}

Result set_option(Config& config, std::string_view name, std::string_view value) {
    if (name == "ip_version") return read_ip_version(config.ip_version, value);
    if (name == "local_ip") return read_address(config.local_ip, value);
    if (name == "remote_ip") return read_address(config.remote_ip, value);
    if (name == "bind_port") return read_port(config.bind_port, value);
    if (name == "connect_port") return read_port(config.connect_port, value);
    if (name == "mtu") return read<std::uint32_t>(config.mtu, value, 68, 65535);
    if (name == "tolerance_usecs") return read_microseconds(config.tolerance, value);
    if (name == "tolerance_percent") return read<double>(config.tolerance_percent, value, 0, 100);
    if (name == "tcp_ts_tick_usecs") return read<std::uint32_t>(config.ts_tick_usecs, value, 0, kMaxMicroseconds);
    if (name == "init_scripts") return read_files(config.init_scripts, value);
    if (name == "strict_segments") return void(config.strict_segments = true), Result{};
    if (name == "strict_options") return void(config.strict_options = true), Result{};
    if (name == "strict_timestamps") return void(config.strict_timestamps = true), Result{};
    return std::unexpected(fmt::format("there is no option --{}", name));
}

bool is_ignored_option(std::string_view name) {
    // What concerns another interpreter, devices, root or the kernel's own checks.
    static constexpr std::string_view kIgnored[] = {
        "code_command",      "code_format", "code_sockopt", "gateway_ip",     "netmask_ip", "speed",   "mss",
        "tcp_ts_ecr_scaled", "dry_run",     "is_anyip",     "send_omit_free", "debug",      "verbose", "define"};
    return std::ranges::find(kIgnored, name) != std::end(kIgnored);
}

void set_default_addresses(Config& config) {
    const IpAddress unset{};
    const auto set = [&](IpAddress& address, std::string_view text) {
        if (address == unset || address.is_v6() != config.is_v6()) address = *IpAddress::parse(text);
    };
    set(config.local_ip, config.is_v6() ? "fd3d:a0b:17d6::1" : "192.168.0.1");
    set(config.remote_ip, config.is_v6() ? "fd3d:fa7b:d17d::1" : "192.0.2.1");
}

}  // namespace hourglass::script
