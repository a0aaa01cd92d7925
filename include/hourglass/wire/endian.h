#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace hourglass::wire {

/// `value` with its octets in network order, and back (RFC 1700: the most significant octet first).
[[nodiscard]] constexpr std::uint16_t big_endian(std::uint16_t value) noexcept {
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}
/// See above.
[[nodiscard]] constexpr std::uint32_t big_endian(std::uint32_t value) noexcept {
    return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

/// The octet at `p`.
[[nodiscard]] inline std::uint8_t load_8(const std::byte* p) noexcept { return std::to_integer<std::uint8_t>(*p); }

/// The 16-bit number at `p` in network order; `p` needs no alignment.
[[nodiscard]] inline std::uint16_t load_be16(const std::byte* p) noexcept {
    std::uint16_t value;
    std::memcpy(&value, p, sizeof value);
    return big_endian(value);
}

/// The 32-bit number at `p` in network order; `p` needs no alignment.
[[nodiscard]] inline std::uint32_t load_be32(const std::byte* p) noexcept {
    std::uint32_t value;
    std::memcpy(&value, p, sizeof value);
    return big_endian(value);
}

/// Writes one octet.
inline void store_8(std::byte* p, std::uint8_t value) noexcept { *p = std::byte{value}; }

/// Writes 16 bits in network order; `p` needs no alignment.
inline void store_be16(std::byte* p, std::uint16_t value) noexcept {
    value = big_endian(value);
    std::memcpy(p, &value, sizeof value);
}

/// Writes 32 bits in network order; `p` needs no alignment.
inline void store_be32(std::byte* p, std::uint32_t value) noexcept {
    value = big_endian(value);
    std::memcpy(p, &value, sizeof value);
}

}  // namespace hourglass::wire
