#pragma once

#include <cstdint>
#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/base/siphash.h"

namespace hourglass::ip {

/// What an interface identifier is made from besides the prefix (RFC 7217, section 5).
struct IdentifierInputs {
    std::string_view interface {};  ///< Net_Iface: the interface's name.
    std::string_view network{};     ///< Network_ID.
    std::uint8_t counter = 0;       ///< DAD_Counter: how often the address turned out to be a duplicate.
};

/// The address of `network`, a /64, with a stable and opaque interface identifier (RFC 7217): SipHash as the
/// pseudo-random function, keyed by the secret. Reserved identifiers are passed over (RFC 5453).
[[nodiscard]] IpAddress form_address(const Prefix& network, const IdentifierInputs& inputs, const SipKey& secret);

/// Subnet-router anycast (RFC 4291, section 2.6.1), reserved anycast (RFC 2526) and IANA's own block (RFC 5453).
[[nodiscard]] bool is_reserved_identifier(std::uint64_t identifier) noexcept;

}  // namespace hourglass::ip
