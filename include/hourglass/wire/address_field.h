#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "hourglass/base/address.h"

namespace hourglass::wire {

/// The address in the four octets at `p`.
[[nodiscard]] inline IpAddress load_v4(const std::byte* p) noexcept {
    std::array<std::uint8_t, 16> octets{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};
    std::memcpy(octets.data() + 12, p, 4);
    return IpAddress::v6(octets);
}

/// The address in the sixteen octets at `p`; an IPv4-mapped one reads as IPv4.
[[nodiscard]] inline IpAddress load_v6(const std::byte* p) noexcept {
    std::array<std::uint8_t, 16> octets;
    std::memcpy(octets.data(), p, 16);
    return IpAddress::v6(octets);
}

/// Writes the four octets of an IPv4 address. Precondition: `address.is_v4()`.
inline void store_v4(std::byte* p, const IpAddress& address) noexcept {
    std::memcpy(p, address.octets().data() + 12, 4);
}

/// Writes sixteen octets.
inline void store_v6(std::byte* p, const IpAddress& address) noexcept { std::memcpy(p, address.octets().data(), 16); }

/// The MAC address in the six octets at `p`.
[[nodiscard]] inline MacAddress load_mac(const std::byte* p) noexcept {
    MacAddress mac;
    std::memcpy(mac.octets.data(), p, 6);
    return mac;
}

/// Writes six octets.
inline void store_mac(std::byte* p, const MacAddress& mac) noexcept { std::memcpy(p, mac.octets.data(), 6); }

}  // namespace hourglass::wire
