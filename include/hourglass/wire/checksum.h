#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "hourglass/base/address.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::wire {

/// An Internet checksum under way (RFC 1071): a one's complement sum of 16-bit words in the machine's own byte order,
/// not folded yet. Sums of parts add up to the sum of the whole as long as each part starts at an even offset; a part
/// that starts at an odd offset is added as `part.at_odd_offset()`. Millions of parts can be added without overflow.
struct PartialSum {
    std::uint64_t value = 0;

    constexpr PartialSum operator+(PartialSum other) const noexcept { return {value + other.value}; }
    constexpr PartialSum& operator+=(PartialSum other) noexcept {
        value += other.value;
        return *this;
    }
    /// The sum as two 16-bit halves added until they fit (RFC 1071, section 4.1), in the machine's byte order.
    [[nodiscard]] constexpr std::uint16_t folded() const noexcept {
        std::uint64_t v = (value >> 32) + (value & 0xffffffff);
        v = (v >> 32) + (v & 0xffffffff);
        v = (v >> 16) + (v & 0xffff);
        v = (v >> 16) + (v & 0xffff);
        return static_cast<std::uint16_t>((v >> 16) + (v & 0xffff));
    }
    /// What these bytes add when they start at an odd offset of the message (RFC 1071, section 2 (B)).
    [[nodiscard]] constexpr PartialSum at_odd_offset() const noexcept { return {std::byteswap(folded())}; }
};

namespace detail {

[[nodiscard]] PartialSum sum_long(const std::byte* data, std::size_t size) noexcept;

/// The sum of a header whose size is known: unrolled.
template <std::size_t kSize>
requires(kSize % 4 == 0) [[nodiscard]] inline PartialSum sum_fixed(const std::byte* p) noexcept {
    std::uint64_t sum = 0;
#pragma GCC unroll 16
    for (std::size_t i = 0; i < kSize; i += 4) {
        std::uint32_t word;
        std::memcpy(&word, p + i, 4);
        sum += word;
    }
    return {sum};
}

}  // namespace detail

/// The sum of `bytes`; an odd last octet is padded with zero.
[[nodiscard]] inline PartialSum partial_sum(std::span<const std::byte> bytes) noexcept {
    const std::byte* p = bytes.data();
    std::size_t left = bytes.size();
    if (left > 64) return detail::sum_long(p, left);
    std::uint64_t wide = 0;
    for (; left >= 8; p += 8, left -= 8) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        wide += word;
        wide += wide < word ? 1 : 0;  // the carry comes around (RFC 1071, section 2 (C))
    }
    std::uint64_t sum = (wide >> 32) + (wide & 0xffffffff);
    if ((left & 4) != 0) {
        std::uint32_t word;
        std::memcpy(&word, p, 4);
        sum += word;
        p += 4;
    }
    if ((left & 2) != 0) {
        std::uint16_t word;
        std::memcpy(&word, p, 2);
        sum += word;
        p += 2;
    }
    if ((left & 1) != 0) sum += big_endian(static_cast<std::uint16_t>(load_8(p) << 8));
    return {sum};
}

/// The sum of one 16-bit field with `value` in host order.
[[nodiscard]] constexpr PartialSum partial_sum(std::uint16_t value) noexcept { return {big_endian(value)}; }

/// Copies `source` to `destination` and returns its sum, in one pass. The ranges do not overlap.
/// Precondition: `destination.size() >= source.size()`.
[[nodiscard]] PartialSum copy_and_sum(std::span<std::byte> destination, std::span<const std::byte> source) noexcept;

/// The 16-bit one's complement sum, in host order. Over a message with its checksum in place it is 0xffff.
[[nodiscard]] constexpr std::uint16_t fold(PartialSum sum) noexcept { return big_endian(sum.folded()); }

/// What goes into a checksum field, in host order: the complement of the sum (RFC 1071, section 1).
[[nodiscard]] constexpr std::uint16_t checksum(PartialSum sum) noexcept {
    return static_cast<std::uint16_t>(~fold(sum));
}

/// True when a message that was summed with its checksum field in place is intact.
[[nodiscard]] constexpr bool verify(PartialSum sum) noexcept { return sum.folded() == 0xffff; }

/// The sum of the pseudo-header: RFC 9293, section 3.1 for IPv4 and RFC 8200, section 8.1 for IPv6. Both addresses are
/// of one family; `length` is that of the transport header with its data.
[[nodiscard]] inline PartialSum pseudo_header_sum(const IpAddress& source, const IpAddress& destination,
                                                  IpProtocol protocol, std::size_t length) noexcept {
    // All sixteen octets serve both families: the mapped form's 0xffff is a zero of one's complement arithmetic.
    std::uint32_t words[8];
    std::memcpy(words, source.octets().data(), 16);
    std::memcpy(words + 4, destination.octets().data(), 16);
    std::uint64_t sum = big_endian(static_cast<std::uint32_t>(length)) +
                        std::uint64_t{big_endian(static_cast<std::uint16_t>(protocol))};
    for (const std::uint32_t word : words) sum += word;
    return {sum};
}

/// The checksum of a TCP, UDP or ICMPv6 message whose checksum field is zero, in host order. (UDP sends 0xffff for a
/// zero result: see `udp_checksum`.)
[[nodiscard]] inline std::uint16_t transport_checksum(const IpAddress& source, const IpAddress& destination,
                                                      IpProtocol protocol,
                                                      std::span<const std::byte> message) noexcept {
    return checksum(pseudo_header_sum(source, destination, protocol, message.size()) + partial_sum(message));
}

/// True when the checksum in a TCP, UDP or ICMPv6 message is right for these addresses.
[[nodiscard]] inline bool verify_transport(const IpAddress& source, const IpAddress& destination, IpProtocol protocol,
                                           std::span<const std::byte> message) noexcept {
    return verify(pseudo_header_sum(source, destination, protocol, message.size()) + partial_sum(message));
}

/// One way to compute sums. All of them give sums that fold to the same value.
struct ChecksumPath {
    std::string_view name;  ///< `portable`, `avx2`, `avx512`.
    PartialSum (*sum)(const std::byte* data, std::size_t size) noexcept;
    PartialSum (*copy)(std::byte* destination, const std::byte* source, std::size_t size) noexcept;
};

/// The ways that this processor can run, the portable one first, the one in use last.
[[nodiscard]] std::span<const ChecksumPath> checksum_paths() noexcept;

}  // namespace hourglass::wire
