#include "cli/name_servers.h"

#include <fmt/core.h>
#include <fstream>
#include <iterator>

#include "cli/command.h"

namespace hourglass::cli {

namespace {

constexpr Port kDomain{53};

std::string read_text(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

dns::ResolverSettings resolver_settings(const std::string& given, bool over_os) {
    dns::ResolverSettings settings;
    if (!given.empty()) {
        const auto address = IpAddress::parse(given);
        const auto endpoint =
            address ? SocketAddress{*address, kDomain} : SocketAddress::parse(given).value_or(SocketAddress{});
        if (endpoint.port == Port{})
            throw Failure{kBadInput, fmt::format("--resolver {}: not an address; write it like 10.0.0.1", given)};
        settings.servers.push_back(endpoint);
        return settings;
    }
    const auto system = dns::ResolvConf::parse(read_text("/etc/resolv.conf"));
    for (const IpAddress& server : system.servers)
        if (over_os || !server.is_loopback()) settings.servers.push_back({server, kDomain});
    if (system.timeout) settings.timeout = *system.timeout;
    if (system.attempts) settings.attempts = *system.attempts;
    return settings;
}

dns::HostsFile system_hosts() { return dns::HostsFile::parse(read_text("/etc/hosts")); }

}  // namespace hourglass::cli
