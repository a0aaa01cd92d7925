#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#include "hourglass/base/address.h"
#include "hourglass/base/siphash.h"

namespace hourglass::ip {

/// Identification numbers of datagrams that may be fragmented (RFC 6864; RFC 8200, section 4.5): they must not repeat
/// soon for one pair of addresses, and nobody else must guess them. RFC 7739, section 5.3: a keyed offset for each pair
/// on top of one of many counters.
class Identification {
  public:
    explicit Identification(const SipKey& secret) : secret_(secret) {}

    [[nodiscard]] std::uint32_t next(const IpAddress& source, const IpAddress& destination) noexcept {
        std::array<std::byte, 36> input{std::byte{'i'}, std::byte{'d'}};
        std::memcpy(input.data() + 4, source.octets().data(), 16);
        std::memcpy(input.data() + 20, destination.octets().data(), 16);
        const std::uint64_t hash = siphash(secret_, input);
        const auto offset = static_cast<std::uint32_t>(hash);
        return offset + counters_[static_cast<std::size_t>(hash >> 32) % counters_.size()]++;
    }

  private:
    SipKey secret_;
    std::array<std::uint32_t, 256> counters_{};
};

}  // namespace hourglass::ip
