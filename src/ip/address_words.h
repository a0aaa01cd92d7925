#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "hourglass/base/address.h"

namespace hourglass::ip {

/// An address as two machine words, in the order of memory: quick to compare and to mask.
using AddressWords = std::array<std::uint64_t, 2>;

[[nodiscard]] constexpr AddressWords words_of(const IpAddress& address) noexcept {
    return std::bit_cast<AddressWords>(address.octets());
}

}  // namespace hourglass::ip
