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

/// The type of an ICMPv6 message (RFC 4443; RFC 4861). Other values may occur.
enum class Icmpv6Type : std::uint8_t {
    destination_unreachable = 1,
    packet_too_big = 2,
    time_exceeded = 3,
    parameter_problem = 4,
    echo_request = 128,
    echo_reply = 129,
    router_solicitation = 133,
    router_advertisement = 134,
    neighbor_solicitation = 135,
    neighbor_advertisement = 136,
    redirect = 137,
};

/// The code of a destination-unreachable message (RFC 4443, section 3.1).
enum class Icmpv6Unreachable : std::uint8_t {
    no_route = 0,
    administratively_prohibited = 1,
    beyond_scope = 2,
    address = 3,
    port = 4,
    source_policy = 5,
    reject_route = 6,
};

/// The code of a time-exceeded message (RFC 4443, section 3.3).
enum class Icmpv6TimeExceeded : std::uint8_t { in_transit = 0, in_reassembly = 1 };

/// The code of a parameter problem (RFC 4443, section 3.4).
enum class Icmpv6Problem : std::uint8_t { erroneous_header = 0, unrecognized_next_header = 1, unrecognized_option = 2 };

/// The first eight octets of an ICMPv6 message: type, code and the four octets whose meaning depends on them.
struct Icmpv6Header {
    static constexpr std::size_t kSize = 8;
    static constexpr std::size_t kChecksumOffset = 2;

    Icmpv6Type type{};
    std::uint8_t code = 0;
    std::uint32_t rest = 0;

    [[nodiscard]] static constexpr Icmpv6Header echo_request(std::uint16_t identifier,
                                                             std::uint16_t sequence) noexcept {
        return {Icmpv6Type::echo_request, 0, static_cast<std::uint32_t>(identifier) << 16 | sequence};
    }
    [[nodiscard]] static constexpr Icmpv6Header echo_reply(std::uint16_t identifier, std::uint16_t sequence) noexcept {
        return {Icmpv6Type::echo_reply, 0, static_cast<std::uint32_t>(identifier) << 16 | sequence};
    }
    [[nodiscard]] static constexpr Icmpv6Header destination_unreachable(Icmpv6Unreachable code) noexcept {
        return {Icmpv6Type::destination_unreachable, static_cast<std::uint8_t>(code), 0};
    }
    [[nodiscard]] static constexpr Icmpv6Header packet_too_big(std::uint32_t mtu) noexcept {
        return {Icmpv6Type::packet_too_big, 0, mtu};
    }
    [[nodiscard]] static constexpr Icmpv6Header time_exceeded(Icmpv6TimeExceeded code) noexcept {
        return {Icmpv6Type::time_exceeded, static_cast<std::uint8_t>(code), 0};
    }
    /// `pointer` is the offset of the offending octet in the packet.
    [[nodiscard]] static constexpr Icmpv6Header parameter_problem(Icmpv6Problem code, std::uint32_t pointer) noexcept {
        return {Icmpv6Type::parameter_problem, static_cast<std::uint8_t>(code), pointer};
    }

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets with a checksum field of zero. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        store_be32(out.data(), static_cast<std::uint32_t>(type) << 24 | static_cast<std::uint32_t>(code) << 16);
        store_be32(out.data() + 4, rest);
    }
    /// Writes the whole message, `size() + body.size()` octets, with its checksum for these addresses. The body is the
    /// data of an echo, or as much of the packet that an error quotes as keeps the error within 1280 octets (RFC 4443,
    /// section 2.4 (c)). Precondition: `out` has room; `body` does not overlap it.
    void emit_message(std::span<std::byte> out, std::span<const std::byte> body, const IpAddress& source,
                      const IpAddress& destination) const noexcept;

    bool operator==(const Icmpv6Header&) const = default;
};

/// Reads an ICMPv6 message.
class Icmpv6View {
  public:
    /// Errors: `truncated`. The checksum is not looked at: see `checksum_is_valid()`.
    [[nodiscard]] static std::expected<Icmpv6View, ParseError> parse(std::span<const std::byte> message) noexcept {
        if (message.size() < Icmpv6Header::kSize) return std::unexpected(ParseError::truncated);
        return Icmpv6View(message);
    }

    [[nodiscard]] Icmpv6Type type() const noexcept { return Icmpv6Type(load_8(message_.data())); }
    [[nodiscard]] std::uint8_t code() const noexcept { return load_8(message_.data() + 1); }
    [[nodiscard]] std::uint16_t checksum() const noexcept { return load_be16(message_.data() + 2); }
    [[nodiscard]] bool checksum_is_valid(const IpAddress& source, const IpAddress& destination) const noexcept {
        return verify_transport(source, destination, IpProtocol::icmpv6, message_);
    }
    /// Of an echo request or reply.
    [[nodiscard]] std::uint16_t identifier() const noexcept { return load_be16(message_.data() + 4); }
    /// Of an echo request or reply.
    [[nodiscard]] std::uint16_t sequence() const noexcept { return load_be16(message_.data() + 6); }
    /// Of packet too big, in octets.
    [[nodiscard]] std::uint32_t mtu() const noexcept { return rest(); }
    /// Of a parameter problem: the offset of the offending octet.
    [[nodiscard]] std::uint32_t pointer() const noexcept { return rest(); }
    /// The four octets behind the checksum.
    [[nodiscard]] std::uint32_t rest() const noexcept { return load_be32(message_.data() + 4); }
    /// What follows the eight octets: the data of an echo, the fields and options of neighbour discovery.
    [[nodiscard]] std::span<const std::byte> body() const noexcept { return message_.subspan(Icmpv6Header::kSize); }

    /// Types 0 to 127 are errors (RFC 4443, section 2.1) and must never be answered with one.
    [[nodiscard]] bool is_error() const noexcept { return load_8(message_.data()) < 128; }
    /// The beginning of the packet that an error is about, without the extensions of RFC 4884; read it with
    /// `Ipv6View::parse_quoted`. Precondition: `is_error()`.
    [[nodiscard]] std::span<const std::byte> quoted() const noexcept;
    [[nodiscard]] Icmpv6Header header() const noexcept { return {type(), code(), rest()}; }

  private:
    explicit Icmpv6View(std::span<const std::byte> message) noexcept : message_(message) {}
    std::span<const std::byte> message_;
};

}  // namespace hourglass::wire
