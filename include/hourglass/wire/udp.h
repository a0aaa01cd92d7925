#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::wire {

/// The fields of a UDP header (RFC 768).
struct UdpHeader {
    static constexpr std::size_t kSize = 8;
    static constexpr std::size_t kChecksumOffset = 6;

    Port source_port{};
    Port destination_port{};
    std::uint16_t payload_length = 0;  ///< Octets of data: at most 65527.

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets with a checksum field of zero. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        store_be16(out.data(), to_number(source_port));
        store_be16(out.data() + 2, to_number(destination_port));
        store_be16(out.data() + 4, static_cast<std::uint16_t>(kSize + payload_length));
        store_be16(out.data() + kChecksumOffset, 0);
    }
    bool operator==(const UdpHeader&) const = default;
};

/// Reads a UDP datagram.
class UdpView {
  public:
    /// Errors: `truncated`; `bad_length` when the length field is below 8. Octets behind the datagram are left out.
    [[nodiscard]] static std::expected<UdpView, ParseError> parse(std::span<const std::byte> bytes) noexcept {
        if (bytes.size() < UdpHeader::kSize) return std::unexpected(ParseError::truncated);
        const std::size_t length = load_be16(bytes.data() + 4);
        if (length < UdpHeader::kSize) return std::unexpected(ParseError::bad_length);
        if (length > bytes.size()) return std::unexpected(ParseError::truncated);
        return UdpView(bytes.first(length));
    }

    [[nodiscard]] Port source_port() const noexcept { return Port(load_be16(datagram_.data())); }
    [[nodiscard]] Port destination_port() const noexcept { return Port(load_be16(datagram_.data() + 2)); }
    /// Header and data, in octets.
    [[nodiscard]] std::uint16_t length() const noexcept { return load_be16(datagram_.data() + 4); }
    /// Zero: the sender computed none (allowed over IPv4 only).
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be16(datagram_.data() + 6); }
    /// True when the checksum is right, or absent over IPv4 (RFC 768; RFC 8200, section 8.1).
    [[nodiscard]] bool checksum_is_valid(const IpAddress& source, const IpAddress& destination) const noexcept {
        if (checksum() == 0) return source.is_v4();
        return verify_transport(source, destination, IpProtocol::udp, datagram_);
    }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return datagram_.subspan(UdpHeader::kSize); }
    [[nodiscard]] UdpHeader header() const noexcept {
        return {source_port(), destination_port(), static_cast<std::uint16_t>(length() - UdpHeader::kSize)};
    }

  private:
    explicit UdpView(std::span<const std::byte> datagram) noexcept : datagram_(datagram) {}
    std::span<const std::byte> datagram_;
};

/// The checksum of a UDP datagram whose checksum field is zero, in host order: 0xffff stands for a sum of zero (RFC
/// 768).
[[nodiscard]] inline std::uint16_t udp_checksum(const IpAddress& source, const IpAddress& destination,
                                                std::span<const std::byte> datagram) noexcept {
    const std::uint16_t sum = transport_checksum(source, destination, IpProtocol::udp, datagram);
    return sum == 0 ? std::uint16_t{0xffff} : sum;
}

}  // namespace hourglass::wire
