#include "cli/configuration_log.h"

#include <cstdio>
#include <fmt/core.h>
#include <memory>

namespace hourglass::cli {

namespace {

std::string period(Duration d) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(d).count();
    if (seconds >= 7200) return fmt::format("{} h", (seconds + 1800) / 3600);
    if (seconds >= 120) return fmt::format("{} min", (seconds + 30) / 60);
    return fmt::format("{} s", seconds);
}

std::string describe(const Prefix& address, ip::AddressChange change, const std::vector<IpAddress>& routers) {
    switch (change) {
        case ip::AddressChange::added:
            return fmt::format("configured {}{}", address.to_string(),
                               routers.empty() ? "" : ", router " + routers.front().to_string());
        case ip::AddressChange::deprecated:
            return fmt::format("deprecated {}: no router renews it", address.to_string());
        case ip::AddressChange::preferred:
            return fmt::format("renewed {}", address.to_string());
        case ip::AddressChange::removed:
            return fmt::format("gave up {}", address.to_string());
        case ip::AddressChange::duplicate:
            return fmt::format("another host has {}: it is not used", address.address.to_string());
    }
    return {};
}

}  // namespace

std::string describe(const dhcp::Lease& lease) {
    std::string text = fmt::format("leased {} from {} {}", lease.address.to_string(), lease.server.to_string(),
                                   lease.ends_at == kNever ? "for ever" : "for " + period(lease.ends_at - lease.since));
    if (lease.router) text += fmt::format(", router {}", lease.router->to_string());
    for (std::size_t i = 0; i < lease.name_servers.size(); ++i)
        text += fmt::format("{}{}", i == 0 ? ", names by " : " and ", lease.name_servers[i].to_string());
    return text;
}

void follow_configuration(const LiveHost& live, bool quiet, std::function<void(const IpAddress&)> ready) {
    dhcp::HostClient* client = live.tun_host->dhcp();
    if (client == nullptr) return;
    const auto say = [quiet](const std::string& text) {
        if (!quiet) fmt::print(stderr, "{}\n", text);
    };
    const auto told = std::make_shared<std::optional<Prefix>>();  // Renewals of it are no news.
    client->on_change([say, ready, told](const std::optional<dhcp::Lease>& lease) {
        if (!lease) say("the lease has ended");
        if (lease && *told != lease->address) say(describe(*lease));
        *told = lease ? std::optional(lease->address) : std::nullopt;
        if (lease && ready) ready(lease->address.address);
    });
    live.host().on_address_change(
        [say, ready, &host = live.host()](ip::InterfaceId id, const Prefix& address, ip::AddressChange change) {
            const bool leased = address.address.is_v4() && change != ip::AddressChange::duplicate;
            if (leased || address.address.is_link_local()) return;
            say(describe(address, change, host.default_routers(id)));
            if (change == ip::AddressChange::added && ready) ready(address.address);
        });
}

}  // namespace hourglass::cli
