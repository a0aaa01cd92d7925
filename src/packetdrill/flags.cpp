#include "packetdrill/flags.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "hourglass/socket/sysctl.h"
#include "script/profile.h"

namespace hourglass::packetdrill {

namespace {

// packetdrill's defaults: it draws a host at random from the IPv4 network, and one from the IPv6 network.
constexpr std::string_view kLocalV4 = "192.168.0.1/16";
constexpr std::string_view kLocalV6 = "fd3d:fa7b:d17d::1/48";

std::expected<void, std::string> apply(Options& options, std::string_view name, std::string_view value) {
    const auto wrong = [&](std::string_view why) {
        return std::unexpected(fmt::format("flag {}={}: {}", name, value, why));
    };
    if (name == "profile") return {};  // it came first
    if (name == "local") {
        const auto prefix = Prefix::parse(value);
        if (!prefix) return wrong(prefix.error());
        options.addresses.push_back(*prefix);
        return {};
    }
    if (name == "mtu") {
        const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), options.mtu);
        if (error != std::errc{} || end != value.data() + value.size() || options.mtu < 68 || options.mtu > 65535)
            return wrong("not an MTU from 68 to 65535");
        return {};
    }
    std::string numbers(value);
    std::ranges::replace(numbers, ':', ' ');
    const auto set = socket::set_sysctl(options.host, name, numbers);
    if (set) return {};
    if (set.error() == socket::SysctlError::bad_value) return wrong("not a value of that sysctl");
    if (!name.starts_with("net.")) return wrong("no such flag");
    options.unknown.emplace_back(name);
    return {};
}

std::vector<std::pair<std::string_view, std::string_view>> split(std::string_view flags) {
    std::vector<std::pair<std::string_view, std::string_view>> words;
    constexpr std::string_view kBetween = ", \t\n";
    for (std::size_t at = flags.find_first_not_of(kBetween); at != flags.npos;
         at = flags.find_first_not_of(kBetween, at)) {
        const std::size_t end = std::min(flags.find_first_of(kBetween, at), flags.size());
        const std::string_view word = flags.substr(at, end - at);
        const std::size_t equals = std::min(word.find('='), word.size());
        words.emplace_back(word.substr(0, equals), word.substr(std::min(equals + 1, word.size())));
        at = end;
    }
    return words;
}

}  // namespace

std::expected<Options, std::string> parse_flags(std::string_view flags) {
    Options options;
    const auto words = split(flags);
    for (const auto& [name, value] : words) {
        if (name != "profile") continue;
        if (value == "linux")
            options.host = script::host_settings(script::Profile::linux_like);
        else if (value != "rfc")
            return std::unexpected(fmt::format("flag profile={}: not `linux` or `rfc`", value));
    }
    for (const auto& [name, value] : words)
        if (const auto applied = apply(options, name, value); !applied) return std::unexpected(applied.error());
    for (const std::string_view text : {kLocalV4, kLocalV6}) {
        const Prefix prefix = *Prefix::parse(text);
        const auto same_family = [&](const Prefix& p) { return p.address.is_v4() == prefix.address.is_v4(); };
        if (std::ranges::none_of(options.addresses, same_family)) options.addresses.push_back(prefix);
    }
    return options;
}

}  // namespace hourglass::packetdrill
