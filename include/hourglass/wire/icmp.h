#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "hourglass/wire/checksum.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::wire {

/// The type of an ICMP message (RFC 792). Other values may occur.
enum class IcmpType : std::uint8_t {
    echo_reply = 0,
    destination_unreachable = 3,
    source_quench = 4,  ///< Deprecated, to be ignored (RFC 6633).
    redirect = 5,
    echo_request = 8,
    time_exceeded = 11,
    parameter_problem = 12,
};

/// The code of a destination-unreachable message (RFC 792; RFC 1122, section 3.2.2.1; RFC 1812, section 5.2.7.1).
enum class IcmpUnreachable : std::uint8_t {
    network = 0,
    host = 1,
    protocol = 2,
    port = 3,
    fragmentation_needed = 4,
    source_route_failed = 5,
    network_unknown = 6,
    network_prohibited = 9,
    network_for_tos = 11,
    administratively_prohibited = 13,
};

/// The code of a time-exceeded message (RFC 792).
enum class IcmpTimeExceeded : std::uint8_t { in_transit = 0, in_reassembly = 1 };

/// The first eight octets of an ICMP message: type, code and the four octets whose meaning depends on them.
struct IcmpHeader {
    static constexpr std::size_t kSize = 8;
    static constexpr std::size_t kChecksumOffset = 2;

    IcmpType type{};
    std::uint8_t code = 0;
    std::uint32_t rest = 0;

    [[nodiscard]] static constexpr IcmpHeader echo_request(std::uint16_t identifier, std::uint16_t sequence) noexcept {
        return {IcmpType::echo_request, 0, static_cast<std::uint32_t>(identifier) << 16 | sequence};
    }
    [[nodiscard]] static constexpr IcmpHeader echo_reply(std::uint16_t identifier, std::uint16_t sequence) noexcept {
        return {IcmpType::echo_reply, 0, static_cast<std::uint32_t>(identifier) << 16 | sequence};
    }
    /// `next_hop_mtu` counts for `fragmentation_needed` only (RFC 1191, section 4).
    [[nodiscard]] static constexpr IcmpHeader destination_unreachable(IcmpUnreachable code,
                                                                      std::uint16_t next_hop_mtu = 0) noexcept {
        return {IcmpType::destination_unreachable, static_cast<std::uint8_t>(code), next_hop_mtu};
    }
    [[nodiscard]] static constexpr IcmpHeader time_exceeded(IcmpTimeExceeded code) noexcept {
        return {IcmpType::time_exceeded, static_cast<std::uint8_t>(code), 0};
    }
    /// `pointer` is the offset of the offending octet in the datagram.
    [[nodiscard]] static constexpr IcmpHeader parameter_problem(std::uint8_t pointer) noexcept {
        return {IcmpType::parameter_problem, 0, static_cast<std::uint32_t>(pointer) << 24};
    }

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets with a checksum field of zero. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        store_be32(out.data(), static_cast<std::uint32_t>(type) << 24 | static_cast<std::uint32_t>(code) << 16);
        store_be32(out.data() + 4, rest);
    }
    /// Writes the whole message, `size() + body.size()` octets, with its checksum. The body is the data of an echo, or
    /// the datagram that an error quotes: its header and 8 octets at least, 576 octets with all headers at most
    /// (RFC 1812, section 4.3.2.3). Precondition: `out` has room; `body` does not overlap it.
    void emit_message(std::span<std::byte> out, std::span<const std::byte> body) const noexcept;

    bool operator==(const IcmpHeader&) const = default;
};

/// Reads an ICMP message.
class IcmpView {
  public:
    /// Errors: `truncated`. The checksum is not looked at: see `checksum_is_valid()`.
    [[nodiscard]] static std::expected<IcmpView, ParseError> parse(std::span<const std::byte> message) noexcept {
        if (message.size() < IcmpHeader::kSize) return std::unexpected(ParseError::truncated);
        return IcmpView(message);
    }

    [[nodiscard]] IcmpType type() const noexcept { return IcmpType(load_8(message_.data())); }
    [[nodiscard]] std::uint8_t code() const noexcept { return load_8(message_.data() + 1); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be16(message_.data() + 2); }
    [[nodiscard]] bool checksum_is_valid() const noexcept { return verify(partial_sum(message_)); }
    /// Of an echo request or reply.
    [[nodiscard]] std::uint16_t identifier() const noexcept { return load_be16(message_.data() + 4); }
    /// Of an echo request or reply.
    [[nodiscard]] std::uint16_t sequence() const noexcept { return load_be16(message_.data() + 6); }
    /// Of `fragmentation_needed`; zero from routers older than RFC 1191.
    [[nodiscard]] std::uint16_t next_hop_mtu() const noexcept { return load_be16(message_.data() + 6); }
    /// Of a parameter problem: the offset of the offending octet.
    [[nodiscard]] std::uint8_t pointer() const noexcept { return load_8(message_.data() + 4); }
    /// What follows the eight octets: the data of an echo.
    [[nodiscard]] std::span<const std::byte> body() const noexcept { return message_.subspan(IcmpHeader::kSize); }

    /// Destination unreachable, source quench, redirect, time exceeded, parameter problem: messages that quote a
    /// datagram and must never be answered with an error (RFC 1122, section 3.2.2).
    [[nodiscard]] bool is_error() const noexcept;
    /// The beginning of the datagram that an error is about, without the extensions of RFC 4884; read it with
    /// `Ipv4View::parse_quoted`. Precondition: `is_error()`.
    [[nodiscard]] std::span<const std::byte> quoted() const noexcept;
    [[nodiscard]] IcmpHeader header() const noexcept { return {type(), code(), load_be32(message_.data() + 4)}; }

  private:
    explicit IcmpView(std::span<const std::byte> message) noexcept : message_(message) {}
    std::span<const std::byte> message_;
};

}  // namespace hourglass::wire
