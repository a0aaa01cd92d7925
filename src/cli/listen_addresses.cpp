#include "cli/listen_addresses.h"

#include <algorithm>
#include <fmt/core.h>

#include "cli/command.h"

namespace hourglass::cli {

namespace {

constexpr std::uint8_t kV4PrefixLength = 24;
constexpr std::uint8_t kV6PrefixLength = 64;

Prefix on_link(const IpAddress& address) { return {address, address.is_v4() ? kV4PrefixLength : kV6PrefixLength}; }

SocketAddress parse_endpoint(const std::string& text) {
    const auto endpoint = SocketAddress::parse(text);
    if (!endpoint)
        throw Failure{kBadInput, fmt::format("--listen {}: {}; write it like 10.0.0.2:80", text, endpoint.error())};
    const IpAddress& address = endpoint->address;
    const bool usable = !address.is_unspecified() && !address.is_multicast() && !address.is_loopback() &&
                        !address.is_limited_broadcast() && endpoint->port != Port{};
    if (!usable)
        throw Failure{kBadInput, fmt::format("--listen {}: not an address that a host of its own can have; take one of "
                                             "a private network, with a port, like 10.0.0.2:80",
                                             text)};
    return *endpoint;
}

}  // namespace

IpAddress default_v6_address() {
    return IpAddress::v6({0xfd, 0x00, 0x68, 0x67, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});  // fd00:6867::2 (RFC 4193)
}

ListenAddresses parse_listen_addresses(const std::vector<std::string>& options, bool add_v6) {
    ListenAddresses result;
    for (const std::string& text : options) result.endpoints.push_back(parse_endpoint(text));
    const auto is_v6 = [](const SocketAddress& endpoint) { return endpoint.address.is_v6(); };
    if (add_v6 && std::ranges::none_of(result.endpoints, is_v6))
        result.endpoints.push_back({default_v6_address(), result.endpoints.front().port});
    for (const SocketAddress& endpoint : result.endpoints)
        if (const Prefix prefix = on_link(endpoint.address); std::ranges::find(result.own, prefix) == result.own.end())
            result.own.push_back(prefix);
    return result;
}

ListenAddresses parse_listen_ports(const std::vector<std::string>& options) {
    ListenAddresses result;
    for (const std::string& text : options) {
        const auto endpoint = SocketAddress::parse(text);
        if (!endpoint || !endpoint->address.is_unspecified() || endpoint->port == Port{})
            throw Failure{kBadInput, fmt::format("--listen {}: with --dhcp the link gives the address; name the port "
                                                 "only, like :80",
                                                 text)};
        result.endpoints.push_back(*endpoint);
    }
    const auto is_v6 = [](const SocketAddress& endpoint) { return endpoint.address.is_v6(); };
    if (std::ranges::none_of(result.endpoints, is_v6))
        result.endpoints.push_back({IpAddress{}, result.endpoints.front().port});
    return result;
}

std::vector<SocketAddress> parse_os_listen_addresses(const std::vector<std::string>& options, bool add_v6) {
    constexpr Port usual{8080};
    std::vector<SocketAddress> result;
    if (options.empty()) {
        result.push_back({IpAddress::v4(127, 0, 0, 1), usual});
        if (add_v6) result.push_back({*IpAddress::parse("::1"), usual});
        return result;
    }
    for (const std::string& text : options) {
        const auto endpoint = SocketAddress::parse(text);
        if (!endpoint)
            throw Failure{kBadInput, fmt::format("--listen {}: {}; write it like :8080 or 127.0.0.1:8080", text,
                                                 endpoint.error())};
        if (endpoint->address.is_multicast() || endpoint->address.is_limited_broadcast())
            throw Failure{kBadInput, fmt::format("--listen {}: not an address that a machine can have", text)};
        result.push_back(*endpoint);
        const SocketAddress everywhere_v6{IpAddress{}, endpoint->port};
        const bool named = std::ranges::any_of(
            options, [&](const std::string& other) { return SocketAddress::parse(other) == everywhere_v6; });
        if (add_v6 && !named && endpoint->address.is_v4() && endpoint->address.is_unspecified())
            result.push_back(everywhere_v6);
    }
    return result;
}

}  // namespace hourglass::cli
