#include "hourglass/dhcp/lease.h"

#include <bit>

namespace hourglass::dhcp {

namespace {

constexpr std::uint32_t kEndless = 0xffffffff;  // RFC 2131, section 3.3.
constexpr std::uint32_t kLeastMtu = 68;         // RFC 2132, section 5.1.

bool can_be_a_host(const IpAddress& address) {
    const std::uint32_t value = address.v4_value();
    const std::uint32_t first = value >> 24;
    return first != 0 && first != 127 && first < 224;
}

std::optional<std::uint8_t> prefix_length(const MessageView& message, const IpAddress& address) {
    const auto mask = message.address(Option::subnet_mask);
    if (!mask) {
        const std::uint32_t first = address.v4_value() >> 24;
        return first < 128 ? std::uint8_t{8} : first < 192 ? std::uint8_t{16} : std::uint8_t{24};
    }
    const int ones = std::countl_one(mask->v4_value());
    if (std::popcount(mask->v4_value()) != ones || ones == 0) return std::nullopt;
    return static_cast<std::uint8_t>(ones);
}

void set_times(Lease& lease, const MessageView& message, std::uint32_t lease_seconds, Instant since) {
    using Seconds = std::chrono::duration<std::int64_t>;
    const std::int64_t whole = lease_seconds;
    std::int64_t renew = message.number(Option::renewal_time).value_or(0);
    std::int64_t rebind = message.number(Option::rebinding_time).value_or(0);
    if (rebind == 0 || rebind >= whole) rebind = whole - whole / 8;
    if (renew == 0 || renew >= rebind) renew = whole / 2 < rebind ? whole / 2 : rebind / 2;
    lease.renew_at = since + Seconds(renew);
    lease.rebind_at = since + Seconds(rebind);
    lease.ends_at = since + Seconds(whole);
}

}  // namespace

std::optional<Lease> read_lease(const MessageView& message, Instant since, const LeaseLimits& limits) {
    const IpAddress address = message.header().your_address;
    const auto server = message.address(Option::server_identifier);
    const auto seconds = message.number(Option::lease_time);
    const auto length = prefix_length(message, address);
    if (!can_be_a_host(address) || !server || !can_be_a_host(*server) || !seconds || !length) return std::nullopt;
    if (std::chrono::duration<std::int64_t>(*seconds) < limits.shortest) return std::nullopt;

    Lease lease{.address = {address, *length}, .server = *server, .since = since};
    const auto routers = message.addresses(Option::router, 1);
    if (!routers.empty() && can_be_a_host(routers.front())) lease.router = routers.front();
    lease.name_servers = message.addresses(Option::domain_name_server, limits.max_name_servers);
    if (const auto domain = message.option(Option::domain_name))
        lease.domain.assign(reinterpret_cast<const char*>(domain->data()), domain->size());
    while (lease.domain.ends_with('\0')) lease.domain.pop_back();  // RFC 2132, section 2.
    if (const auto mtu = message.number(Option::interface_mtu); mtu && *mtu >= kLeastMtu) lease.mtu = mtu;
    if (*seconds != kEndless) set_times(lease, message, *seconds, since);
    return lease;
}

}  // namespace hourglass::dhcp
