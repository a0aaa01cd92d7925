#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/address_field.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::wire {

/// What an Ethernet II frame carries (IEEE 802 numbers). Other values may occur.
enum class EtherType : std::uint16_t { ipv4 = 0x0800, arp = 0x0806, vlan = 0x8100, ipv6 = 0x86dd };

/// The fields of an Ethernet II header.
struct EthernetHeader {
    static constexpr std::size_t kSize = 14;

    MacAddress destination{};
    MacAddress source{};
    EtherType type{};

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        store_mac(out.data(), destination);
        store_mac(out.data() + 6, source);
        store_be16(out.data() + 12, static_cast<std::uint16_t>(type));
    }
    bool operator==(const EthernetHeader&) const = default;
};

/// Reads an Ethernet II frame without its check sequence (RFC 894).
class EthernetView {
  public:
    /// Errors: `truncated`; `bad_type` for an IEEE 802.3 frame, whose type field is a length below 0x0600.
    [[nodiscard]] static std::expected<EthernetView, ParseError> parse(std::span<const std::byte> frame) noexcept {
        if (frame.size() < EthernetHeader::kSize) return std::unexpected(ParseError::truncated);
        if (load_be16(frame.data() + 12) < 0x0600) return std::unexpected(ParseError::bad_type);
        return EthernetView(frame);
    }

    [[nodiscard]] MacAddress destination() const noexcept { return load_mac(frame_.data()); }
    [[nodiscard]] MacAddress source() const noexcept { return load_mac(frame_.data() + 6); }
    [[nodiscard]] EtherType type() const noexcept { return EtherType(load_be16(frame_.data() + 12)); }
    /// What follows the header; short frames carry padding behind the packet (the packet's own length tells).
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return frame_.subspan(EthernetHeader::kSize); }
    [[nodiscard]] EthernetHeader header() const noexcept { return {destination(), source(), type()}; }

  private:
    explicit EthernetView(std::span<const std::byte> frame) noexcept : frame_(frame) {}

    std::span<const std::byte> frame_;
};

/// The group address that carries an IP multicast: RFC 1112, section 6.4; RFC 2464, section 7.
/// Precondition: `group.is_multicast()`.
[[nodiscard]] MacAddress multicast_mac(const IpAddress& group) noexcept;

}  // namespace hourglass::wire
