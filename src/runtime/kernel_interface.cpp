#include "hourglass/runtime/kernel_interface.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <fmt/core.h>
#include <fmt/format.h>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime/netlink.h"

namespace hourglass::runtime {

namespace {

SetupError failure(int error, std::string message) {
    return {std::error_code(error, std::generic_category()), std::move(message)};
}

std::optional<IpAddress> address_from(const sockaddr* address) {
    if (address == nullptr) return std::nullopt;
    if (address->sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, address, sizeof v4);
        return IpAddress::v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, address, sizeof v6);
        return IpAddress::v6(std::to_array(v6.sin6_addr.s6_addr));
    }
    return std::nullopt;
}

std::uint8_t length_of(const IpAddress& mask) {
    int bits = 0;
    for (const std::uint8_t octet : mask.wire_octets()) bits += std::popcount(octet);
    return static_cast<std::uint8_t>(bits);
}

std::uint8_t prefix_length(const sockaddr* mask, const IpAddress& address) {
    const std::optional<IpAddress> bits = address_from(mask);
    if (!bits) return address.is_v4() ? 32 : 128;
    return length_of(*bits);
}

std::vector<Prefix> addresses_of(const std::string& name) {
    ifaddrs* first = nullptr;
    if (::getifaddrs(&first) < 0) return {};
    const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
    std::vector<Prefix> result;
    for (const ifaddrs* entry = first; entry != nullptr; entry = entry->ifa_next) {
        if (name != entry->ifa_name) continue;
        if (const auto address = address_from(entry->ifa_addr))
            result.push_back({*address, prefix_length(entry->ifa_netmask, *address)});
    }
    return result;
}

/// What to type as root to have the same done.
std::string by_hand(const std::string& name, const KernelInterfaceChange& change) {
    std::string text;
    for (const Prefix& address : change.addresses)
        text += fmt::format("ip addr add {} dev {}; ", address.to_string(), name);
    return fmt::format("{}ip link set {} up{}", text, name, change.mtu != 0 ? fmt::format(" mtu {}", change.mtu) : "");
}

SetupError why_not_configured(const std::string& name, const KernelInterfaceChange& change, int error) {
    if (error == EPERM || error == EACCES)
        return failure(error, fmt::format("the interface '{}' is not set up and this user may not do it: run as root, "
                                          "or have root say '{}'",
                                          name, by_hand(name, change)));
    return failure(
        error, fmt::format("the interface '{}' cannot be set up: {}", name, std::generic_category().message(error)));
}

/// Without the privilege the queue stays as it is: shorter than wished, but it works.
void set_queue_length(unsigned index, std::uint32_t packets) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(index);
    NetlinkRequest request(RTM_NEWLINK, 0, body);
    request.add(IFLA_TXQLEN, packets);
    static_cast<void>(request.perform());
}

int bring_up(unsigned index, std::uint32_t mtu) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(index);
    body.ifi_flags = IFF_UP;
    body.ifi_change = IFF_UP;
    NetlinkRequest request(RTM_NEWLINK, 0, body);
    if (mtu != 0) request.add(IFLA_MTU, mtu);
    return request.perform();
}

/// No address of the kernel's own making. Systems without IPv6 refuse this, and need it as little.
void forbid_link_local(unsigned index) {
    ifinfomsg body{};
    body.ifi_index = static_cast<int>(index);
    NetlinkRequest request(RTM_NEWLINK, 0, body);
    const std::size_t families = request.begin_nested(IFLA_AF_SPEC);
    const std::size_t family = request.begin_nested(AF_INET6);
    request.add(IFLA_INET6_ADDR_GEN_MODE, static_cast<std::uint8_t>(IN6_ADDR_GEN_MODE_NONE));
    request.end_nested(family);
    request.end_nested(families);
    static_cast<void>(request.perform());
}

int add_address(unsigned index, const Prefix& prefix) {
    ifaddrmsg body{};
    body.ifa_family = prefix.address.is_v4() ? AF_INET : AF_INET6;
    body.ifa_prefixlen = prefix.length;
    body.ifa_flags = IFA_F_NODAD;
    body.ifa_index = index;
    NetlinkRequest request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body);
    const auto octets = std::as_bytes(prefix.address.wire_octets());
    request.add(IFA_LOCAL, octets);
    request.add(IFA_ADDRESS, octets);
    return request.perform();
}

}  // namespace

std::expected<KernelInterface, SetupError> inspect_interface(const std::string& name) {
    const int descriptor = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    name.copy(request.ifr_name, IFNAMSIZ - 1);
    KernelInterface result;
    const auto ask = [&](unsigned long what) { return ::ioctl(descriptor, what, &request) == 0; };
    bool known = ask(SIOCGIFFLAGS);
    result.up = (request.ifr_flags & IFF_UP) != 0;
    known = known && ask(SIOCGIFMTU);
    result.mtu = static_cast<std::uint32_t>(request.ifr_mtu);
    known = known && ask(SIOCGIFTXQLEN);
    result.queue_length = static_cast<std::uint32_t>(request.ifr_qlen);
    const int error = errno;
    ::close(descriptor);
    if (!known)
        return std::unexpected(failure(
            error, fmt::format("the interface '{}' cannot be read: {}", name, std::generic_category().message(error))));
    result.addresses = addresses_of(name);
    return result;
}

std::expected<void, SetupError> configure_interface(const std::string& name, const KernelInterfaceChange& change) {
    const auto current = inspect_interface(name);
    if (!current) return std::unexpected(current.error());
    const unsigned index = ::if_nametoindex(name.c_str());

    std::vector<Prefix> missing;
    for (const Prefix& wanted : change.addresses)
        if (std::ranges::find(current->addresses, wanted) == current->addresses.end()) missing.push_back(wanted);
    const auto differs = [](std::uint32_t wanted, std::uint32_t is) { return wanted != 0 && wanted != is; };

    if (differs(change.queue_length, current->queue_length)) set_queue_length(index, change.queue_length);
    if (!current->up && name != "lo") forbid_link_local(index);
    int error = !current->up || differs(change.mtu, current->mtu) ? bring_up(index, change.mtu) : 0;
    for (const Prefix& address : missing)
        if (error == 0) error = add_address(index, address);
    if (error != 0) return std::unexpected(why_not_configured(name, change, error));
    return {};
}

}  // namespace hourglass::runtime
