#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace hourglass {

/// A 128-bit secret for SipHash, given by the world.
struct SipKey {
    std::uint64_t k0 = 0;
    std::uint64_t k1 = 0;
    bool operator==(const SipKey&) const = default;
};

/// SipHash-2-4 of `bytes` (Aumasson and Bernstein, 2012): a keyed hash that an attacker without the key cannot predict.
/// Used for initial sequence numbers (RFC 6528, section 3), cookies and hash tables fed from the wire.
[[nodiscard]] std::uint64_t siphash(const SipKey& key, std::span<const std::byte> bytes) noexcept;

}  // namespace hourglass
