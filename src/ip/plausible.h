#pragma once

#include <cstdint>

#include "hourglass/base/address.h"

namespace hourglass::ip {

/// What an address from the wire can be, before it is looked up.
enum class Plausibility : std::uint8_t {
    unicast,
    unspecified,
    group,     ///< Multicast, or the limited broadcast.
    loopback,  ///< Must not be on a link (RFC 1122, section 3.2.1.3 (g); RFC 4291, section 2.5.3).
    never,     ///< Class E, and hosts of network zero (RFC 1122, section 3.2.1.3 (b)).
};

/// Of an address that was read from an IPv4 packet.
[[nodiscard]] inline Plausibility plausibility_v4(const IpAddress& address) noexcept {
    const std::uint32_t value = address.v4_value();
    if (value == 0) return Plausibility::unspecified;
    if (value >> 24 == 127) return Plausibility::loopback;
    if (value >> 28 == 0xe || value == 0xffffffff) return Plausibility::group;
    return value >> 28 == 0xf || value >> 24 == 0 ? Plausibility::never : Plausibility::unicast;
}

/// Of an address that was read from an IPv6 packet, which is never IPv4-mapped: the view refuses that.
[[nodiscard]] inline Plausibility plausibility_v6(const IpAddress& address) noexcept {
    const std::uint8_t first = address.octets()[0];
    if (first == 0xff) return Plausibility::group;
    if (first != 0) return Plausibility::unicast;
    if (address.is_unspecified()) return Plausibility::unspecified;
    return address.is_loopback() ? Plausibility::loopback : Plausibility::unicast;
}

/// The same, of an address of a datagram of the given family.
[[nodiscard]] inline Plausibility plausibility(const IpAddress& address, bool v4) noexcept {
    return v4 ? plausibility_v4(address) : plausibility_v6(address);
}

}  // namespace hourglass::ip
