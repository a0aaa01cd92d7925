#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstdint>
#include <cstring>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hourglass {

/// A 48-bit IEEE 802 address, in the order of transmission.
struct MacAddress {
    std::array<std::uint8_t, 6> octets{};

    static constexpr MacAddress broadcast() { return {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}}; }
    /// Group bit (IEEE 802-2014, 8.2.2): multicast and broadcast.
    [[nodiscard]] constexpr bool is_group() const { return (octets[0] & 1) != 0; }
    /// `02:00:00:00:00:01`
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const MacAddress&) const = default;
};

/// An IPv4 or IPv6 address in sixteen octets: IPv4 is held in its IPv4-mapped form (`::ffff:a.b.c.d`, RFC 4291,
/// section 2.5.5.2), so that one table and one hash serve both families.
class IpAddress {
  public:
    /// The IPv6 unspecified address `::`.
    constexpr IpAddress() = default;

    static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
        IpAddress r;
        r.octets_ = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d};
        return r;
    }
    /// From the 32-bit value in host order (`10.0.0.1` is 0x0a000001).
    static constexpr IpAddress v4(std::uint32_t value) {
        return v4(static_cast<std::uint8_t>(value >> 24), static_cast<std::uint8_t>(value >> 16),
                  static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value));
    }
    static constexpr IpAddress v6(const std::array<std::uint8_t, 16>& octets) {
        IpAddress r;
        r.octets_ = octets;
        return r;
    }
    /// Dotted decimal or RFC 4291 text. Nothing when `text` is neither; no octal, no short forms.
    static std::optional<IpAddress> parse(std::string_view text);

    [[nodiscard]] constexpr bool is_v4() const {
        const auto w = words();
        if constexpr (std::endian::native == std::endian::little)
            return w[0] == 0 && static_cast<std::uint32_t>(w[1]) == 0xffff0000;
        else
            return w[0] == 0 && w[1] >> 32 == 0x0000ffff;
    }
    [[nodiscard]] constexpr bool is_v6() const { return !is_v4(); }
    /// The value in host order. Precondition: `is_v4()`.
    [[nodiscard]] constexpr std::uint32_t v4_value() const {
        return static_cast<std::uint32_t>(octets_[12]) << 24 | static_cast<std::uint32_t>(octets_[13]) << 16 |
               static_cast<std::uint32_t>(octets_[14]) << 8 | octets_[15];
    }
    /// All sixteen octets (the mapped form for IPv4).
    [[nodiscard]] constexpr const std::array<std::uint8_t, 16>& octets() const { return octets_; }
    /// The octets as they stand in the packet: four or sixteen.
    [[nodiscard]] std::span<const std::uint8_t> wire_octets() const {
        return is_v4() ? std::span<const std::uint8_t>(octets_).subspan(12) : std::span<const std::uint8_t>(octets_);
    }

    /// `0.0.0.0` or `::`.
    [[nodiscard]] constexpr bool is_unspecified() const { return is_v4() ? v4_value() == 0 : *this == IpAddress{}; }
    [[nodiscard]] constexpr bool is_multicast() const {
        return is_v4() ? (octets_[12] & 0xf0) == 0xe0 : octets_[0] == 0xff;
    }
    /// 127.0.0.0/8 or `::1`.
    [[nodiscard]] bool is_loopback() const;
    /// 255.255.255.255.
    [[nodiscard]] constexpr bool is_limited_broadcast() const { return is_v4() && v4_value() == 0xffffffff; }
    /// `fe80::/10` or 169.254.0.0/16.
    [[nodiscard]] bool is_link_local() const;
    /// Canonical text: dotted decimal, or RFC 5952.
    [[nodiscard]] std::string to_string() const;

    constexpr bool operator==(const IpAddress& other) const {
        const auto a = words(), b = other.words();
        return ((a[0] ^ b[0]) | (a[1] ^ b[1])) == 0;
    }
    constexpr auto operator<=>(const IpAddress&) const = default;

  private:
    [[nodiscard]] constexpr std::array<std::uint64_t, 2> words() const {
        return std::bit_cast<std::array<std::uint64_t, 2>>(octets_);
    }

    std::array<std::uint8_t, 16> octets_{};
};

/// A transport port in host order. Zero means "any" where a port is chosen.
enum class Port : std::uint16_t {};

[[nodiscard]] constexpr std::uint16_t to_number(Port p) { return static_cast<std::uint16_t>(p); }

/// An address with a port: one end of a transport connection ("socket" in RFC 9293's words).
struct SocketAddress {
    IpAddress address;
    Port port{};

    /// `10.0.0.2:80`, `[2001:db8::1]:80`, `:80` (any IPv4 address), `[::]:80`. The error says what is wrong.
    static std::expected<SocketAddress, std::string> parse(std::string_view text);
    /// `10.0.0.2:80` or `[2001:db8::1]:80`
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const SocketAddress&) const = default;
};

/// An address with the length of its network part (RFC 4632; RFC 4291, section 2.3).
struct Prefix {
    IpAddress address;
    std::uint8_t length = 0;  ///< 0 to 32 for IPv4, 0 to 128 for IPv6.

    /// `10.0.0.0/24`, `2001:db8::/64`. The error says what is wrong.
    static std::expected<Prefix, std::string> parse(std::string_view text);
    /// True when `a` is of the same family and shares the first `length` bits.
    [[nodiscard]] bool contains(const IpAddress& a) const;
    /// The IPv4 directed broadcast address of this prefix. Precondition: IPv4.
    [[nodiscard]] IpAddress broadcast() const;
    [[nodiscard]] std::string to_string() const;
    auto operator<=>(const Prefix&) const = default;
};

}  // namespace hourglass
