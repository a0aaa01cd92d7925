#include "cli/server_names.h"

#include <fmt/format.h>
#include <fstream>
#include <iterator>
#include <memory>
#include <utility>

#include "hourglass/dns/hosts.h"
#include "hourglass/http/url.h"

namespace hourglass::cli {

namespace {

constexpr Port kDomain{53};

std::string read_text(const char* path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

/// The names that are being resolved for one configuration.
struct Resolution {
    proxy::Configuration configuration;
    std::function<void(proxy::Configuration, std::vector<std::string>)> done;
    std::vector<std::string> failures;
    std::size_t left = 1;  ///< one for the loop that asks

    void finish_one() {
        if (--left == 0) done(std::move(configuration), std::move(failures));
    }
};

}  // namespace

runtime::OsResolver system_resolver(runtime::OsLoop& loop) {
    dns::ResolverSettings settings;
    const auto system = dns::ResolvConf::parse(read_text("/etc/resolv.conf"));
    for (const IpAddress& server : system.servers) settings.servers.push_back({server, kDomain});
    if (system.timeout) settings.timeout = *system.timeout;
    if (system.attempts) settings.attempts = *system.attempts;
    return {loop, settings, dns::HostsFile::parse(read_text("/etc/hosts"))};
}

void resolve_servers(runtime::OsResolver& resolver, proxy::Configuration configuration,
                     std::function<void(proxy::Configuration, std::vector<std::string>)> done) {
    const auto all = std::make_shared<Resolution>(Resolution{std::move(configuration), std::move(done), {}});
    for (std::size_t u = 0; u < all->configuration.upstreams.size(); ++u) {
        auto& servers = all->configuration.upstreams[u].servers;
        for (std::size_t s = 0; s < servers.size(); ++s) {
            const auto authority = http::Authority::parse(servers[s].name);
            if (!authority || IpAddress::parse(authority->host)) continue;
            ++all->left;
            resolver.resolve(authority->host, dns::Families::both, [all, u, s](const dns::ResolveResult& result) {
                proxy::ServerConfiguration& server = all->configuration.upstreams[u].servers[s];
                if (result)
                    server.address.address = result->addresses.front();
                else
                    all->failures.push_back(fmt::format("upstream {}: {}: {}", all->configuration.upstreams[u].name,
                                                        server.name, dns::to_string(result.error())));
                all->finish_one();
            });
        }
    }
    all->finish_one();
}

}  // namespace hourglass::cli
