#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::wire {

/// The operation of an ARP packet (RFC 826). Other values may occur.
enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

/// An ARP packet for IPv4 over Ethernet (RFC 826). Small enough that it is read whole, without a view.
struct ArpPacket {
    static constexpr std::size_t kSize = 28;

    ArpOperation operation{};
    MacAddress sender_mac{};
    IpAddress sender_ip = IpAddress::v4(0);  ///< Unspecified in a probe (RFC 5227, section 2.1.1).
    MacAddress target_mac{};                 ///< Without meaning in a request.
    IpAddress target_ip = IpAddress::v4(0);

    /// Errors: `truncated`; `bad_type` for other hardware or protocols; `bad_length` for other address lengths.
    [[nodiscard]] static std::expected<ArpPacket, ParseError> parse(std::span<const std::byte> bytes) noexcept;

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets. Precondition: `out.size() >= size()`; both addresses are IPv4.
    void emit(std::span<std::byte> out) const noexcept;
    bool operator==(const ArpPacket&) const = default;
};

}  // namespace hourglass::wire
