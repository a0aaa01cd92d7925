#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/address_field.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::wire {

/// The fields of an IPv4 header without options (RFC 791, section 3.1).
struct Ipv4Header {
    static constexpr std::size_t kSize = 20;

    std::uint8_t dscp = 0;  ///< 0 to 63 (RFC 2474).
    Ecn ecn = Ecn::not_ect;
    std::uint16_t identification = 0;
    bool dont_fragment = false;
    bool more_fragments = false;
    std::uint16_t fragment_offset = 0;  ///< In octets, a multiple of 8.
    std::uint8_t ttl = 64;
    IpProtocol protocol{};
    std::uint16_t payload_length = 0;  ///< Octets behind the header: at most 65515.
    IpAddress source = IpAddress::v4(0);
    IpAddress destination = IpAddress::v4(0);

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets with the header checksum in place. Precondition: `out.size() >= size()`; both addresses
    /// are IPv4.
    void emit(std::span<std::byte> out) const noexcept {
        const auto tos = static_cast<std::uint32_t>(dscp << 2 | static_cast<std::uint8_t>(ecn)) & 0xff;
        const std::uint32_t fragment = (dont_fragment ? 0x4000u : 0u) | (more_fragments ? 0x2000u : 0u) |
                                       static_cast<std::uint32_t>(fragment_offset >> 3);
        const std::uint32_t words[] = {
            0x4500u << 16 | tos << 16 | static_cast<std::uint16_t>(kSize + payload_length),
            static_cast<std::uint32_t>(identification) << 16 | fragment,
            static_cast<std::uint32_t>(ttl) << 24 | static_cast<std::uint32_t>(protocol) << 16, source.v4_value(),
            destination.v4_value()};
        // Summed from the registers: the same as the sum of the octets, since the words are multiples of 16 bits.
        std::uint64_t sum = 0;
        for (const std::uint32_t word : words) sum += word;
        const std::uint16_t check = static_cast<std::uint16_t>(~PartialSum{sum}.folded());
        store_be32(out.data(), words[0]);
        store_be32(out.data() + 4, words[1]);
        store_be32(out.data() + 8, words[2] | check);
        store_be32(out.data() + 12, words[3]);
        store_be32(out.data() + 16, words[4]);
    }
    bool operator==(const Ipv4Header&) const = default;
};

/// Reads an IPv4 packet. Options are skipped; link padding behind the packet is left out.
class Ipv4View {
  public:
    /// Errors: `truncated`, `bad_version`, `bad_header_length`, `bad_length` (a total length below the header's). The
    /// checksum is not looked at: see `checksum_is_valid()`.
    [[nodiscard]] static std::expected<Ipv4View, ParseError> parse(std::span<const std::byte> packet) noexcept {
        return read(packet, true);
    }
    /// The same for the beginning of a packet, as ICMP errors quote it or a capture cuts it: `payload()` is what there
    /// is.
    [[nodiscard]] static std::expected<Ipv4View, ParseError> parse_quoted(std::span<const std::byte> quote) noexcept {
        return read(quote, false);
    }

    /// In octets, options included: 20 to 60.
    [[nodiscard]] std::size_t header_size() const noexcept { return header_size_; }
    [[nodiscard]] std::uint8_t dscp() const noexcept { return load_8(at(1)) >> 2; }
    [[nodiscard]] Ecn ecn() const noexcept { return Ecn(load_8(at(1)) & 3); }
    [[nodiscard]] std::uint16_t total_length() const noexcept { return load_be16(at(2)); }
    [[nodiscard]] std::uint16_t identification() const noexcept { return load_be16(at(4)); }
    [[nodiscard]] bool dont_fragment() const noexcept { return (load_8(at(6)) & 0x40) != 0; }
    [[nodiscard]] bool more_fragments() const noexcept { return (load_8(at(6)) & 0x20) != 0; }
    /// In octets.
    [[nodiscard]] std::uint16_t fragment_offset() const noexcept {
        return static_cast<std::uint16_t>((load_be16(at(6)) & 0x1fff) << 3);
    }
    /// True for every part of a fragmented datagram.
    [[nodiscard]] bool is_fragment() const noexcept { return (load_be16(at(6)) & 0x3fff) != 0; }
    [[nodiscard]] std::uint8_t ttl() const noexcept { return load_8(at(8)); }
    [[nodiscard]] IpProtocol protocol() const noexcept { return IpProtocol(load_8(at(9))); }
    [[nodiscard]] std::uint16_t header_checksum() const noexcept { return load_be16(at(10)); }
    [[nodiscard]] bool checksum_is_valid() const noexcept {
        if (header_size_ != Ipv4Header::kSize) return verify(partial_sum(packet_.first(header_size_)));
        return verify(detail::sum_fixed<Ipv4Header::kSize>(packet_.data()));
    }
    [[nodiscard]] IpAddress source() const noexcept { return load_v4(at(12)); }
    [[nodiscard]] IpAddress destination() const noexcept { return load_v4(at(16)); }
    [[nodiscard]] std::span<const std::byte> option_bytes() const noexcept {
        return packet_.subspan(Ipv4Header::kSize, header_size_ - Ipv4Header::kSize);
    }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return packet_.subspan(header_size_); }
    /// Header and payload.
    [[nodiscard]] std::span<const std::byte> packet() const noexcept { return packet_; }
    /// All fields but the options.
    [[nodiscard]] Ipv4Header header() const noexcept {
        return {.dscp = dscp(),
                .ecn = ecn(),
                .identification = identification(),
                .dont_fragment = dont_fragment(),
                .more_fragments = more_fragments(),
                .fragment_offset = fragment_offset(),
                .ttl = ttl(),
                .protocol = protocol(),
                .payload_length = static_cast<std::uint16_t>(total_length() - header_size_),
                .source = source(),
                .destination = destination()};
    }

  private:
    [[nodiscard]] static std::expected<Ipv4View, ParseError> read(std::span<const std::byte> bytes,
                                                                  bool whole) noexcept {
        if (bytes.size() < Ipv4Header::kSize) return std::unexpected(ParseError::truncated);
        const std::uint8_t first = load_8(bytes.data());
        if (first >> 4 != 4) return std::unexpected(ParseError::bad_version);
        const std::size_t header = (first & 0x0fu) * 4u;
        if (header < Ipv4Header::kSize || header > bytes.size()) return std::unexpected(ParseError::bad_header_length);
        const std::size_t total = load_be16(bytes.data() + 2);
        if (total < header) return std::unexpected(ParseError::bad_length);
        if (whole && total > bytes.size()) return std::unexpected(ParseError::truncated);
        return Ipv4View(bytes.first(total < bytes.size() ? total : bytes.size()), header);
    }
    Ipv4View(std::span<const std::byte> packet, std::size_t header_size) noexcept
        : packet_(packet), header_size_(header_size) {}
    [[nodiscard]] const std::byte* at(std::size_t offset) const noexcept { return packet_.data() + offset; }

    std::span<const std::byte> packet_;
    std::size_t header_size_;
};

}  // namespace hourglass::wire
