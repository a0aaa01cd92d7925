#include "ip/routes.h"

#include <algorithm>
#include <array>
#include <bit>

namespace hourglass::ip {

namespace {

/// A mask with the first `length` bits of sixteen octets set, as it lies in memory.
AddressWords mask_of(unsigned length) noexcept {
    std::array<std::uint8_t, 16> octets{};
    for (unsigned i = 0; i < octets.size(); ++i) {
        const int bits = std::clamp(static_cast<int>(length) - static_cast<int>(i * 8), 0, 8);
        octets[i] = static_cast<std::uint8_t>(0xff00u >> bits);
    }
    return std::bit_cast<AddressWords>(octets);
}

}  // namespace

void RouteTable::add(const Route& route) {
    const Prefix& prefix = route.destination;
    const bool v4 = prefix.address.is_v4();
    const AddressWords mask = mask_of(v4 ? prefix.length + 96u : prefix.length);
    const AddressWords words = words_of(prefix.address);
    auto& entries = v4 ? v4_ : v6_;
    const auto longer = [&](const Entry& e) { return e.route.destination.length >= prefix.length; };
    entries.insert(std::ranges::find_if_not(entries, longer),
                   Entry{{words[0] & mask[0], words[1] & mask[1]}, mask, route});
}

void RouteTable::remove(const Route& route) {
    auto& entries = route.destination.address.is_v4() ? v4_ : v6_;
    const auto found = std::ranges::find(entries, route, &Entry::route);
    if (found != entries.end()) entries.erase(found);
}

std::optional<NextHop> RouteTable::find(const IpAddress& destination) const noexcept {
    const AddressWords words = words_of(destination);
    for (const Entry& entry : of_family(destination)) {
        if ((words[0] & entry.mask[0]) != entry.network[0] || (words[1] & entry.mask[1]) != entry.network[1]) continue;
        return NextHop{entry.route.interface, entry.route.gateway.value_or(destination)};
    }
    return std::nullopt;
}

}  // namespace hourglass::ip
