#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/address_field.h"
#include "hourglass/wire/endian.h"
#include "hourglass/wire/parse_error.h"
#include "hourglass/wire/protocol.h"

namespace hourglass::wire {

/// The fields of the IPv6 header (RFC 8200, section 3).
struct Ipv6Header {
    static constexpr std::size_t kSize = 40;

    std::uint8_t dscp = 0;  ///< 0 to 63 (RFC 2474).
    Ecn ecn = Ecn::not_ect;
    std::uint32_t flow_label = 0;      ///< 20 bits (RFC 6437).
    std::uint16_t payload_length = 0;  ///< Octets behind this header, extension headers included.
    IpProtocol next_header{};
    std::uint8_t hop_limit = 64;
    IpAddress source{};
    IpAddress destination{};

    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept {
        std::byte* p = out.data();
        const auto traffic_class = static_cast<std::uint32_t>(dscp << 2 | static_cast<std::uint8_t>(ecn));
        store_be32(p, 6u << 28 | (traffic_class & 0xff) << 20 | (flow_label & 0xfffff));
        store_be16(p + 4, payload_length);
        store_8(p + 6, static_cast<std::uint8_t>(next_header));
        store_8(p + 7, hop_limit);
        store_v6(p + 8, source);
        store_v6(p + 24, destination);
    }
    bool operator==(const Ipv6Header&) const = default;
};

/// Reads an IPv6 packet. Link padding behind the packet is left out; jumbograms (RFC 2675) are not read.
class Ipv6View {
  public:
    /// Errors: `truncated`, `bad_version`; `bad_address` for an IPv4-mapped one, which would pass for IPv4
    /// everywhere else and is neither a source nor a destination (RFC 6890, section 2.2.3).
    [[nodiscard]] static std::expected<Ipv6View, ParseError> parse(std::span<const std::byte> packet) noexcept {
        return read(packet, true);
    }
    /// The same for the beginning of a packet, as ICMPv6 errors quote it or a capture cuts it: `payload()` is what
    /// there is.
    [[nodiscard]] static std::expected<Ipv6View, ParseError> parse_quoted(std::span<const std::byte> quote) noexcept {
        return read(quote, false);
    }

    [[nodiscard]] std::uint8_t traffic_class() const noexcept {
        return static_cast<std::uint8_t>(load_be16(at(0)) >> 4);
    }
    [[nodiscard]] std::uint8_t dscp() const noexcept { return traffic_class() >> 2; }
    [[nodiscard]] Ecn ecn() const noexcept { return Ecn(traffic_class() & 3); }
    [[nodiscard]] std::uint32_t flow_label() const noexcept { return load_be32(at(0)) & 0xfffff; }
    [[nodiscard]] std::uint16_t payload_length() const noexcept { return load_be16(at(4)); }
    [[nodiscard]] IpProtocol next_header() const noexcept { return IpProtocol(load_8(at(6))); }
    [[nodiscard]] std::uint8_t hop_limit() const noexcept { return load_8(at(7)); }
    [[nodiscard]] IpAddress source() const noexcept { return load_v6(at(8)); }
    [[nodiscard]] IpAddress destination() const noexcept { return load_v6(at(24)); }
    /// All behind the fixed header, extension headers included.
    [[nodiscard]] std::span<const std::byte> payload() const noexcept { return packet_.subspan(Ipv6Header::kSize); }
    /// Header and payload.
    [[nodiscard]] std::span<const std::byte> packet() const noexcept { return packet_; }
    [[nodiscard]] Ipv6Header header() const noexcept {
        return {.dscp = dscp(),
                .ecn = ecn(),
                .flow_label = flow_label(),
                .payload_length = payload_length(),
                .next_header = next_header(),
                .hop_limit = hop_limit(),
                .source = source(),
                .destination = destination()};
    }

  private:
    [[nodiscard]] static std::expected<Ipv6View, ParseError> read(std::span<const std::byte> bytes,
                                                                  bool whole) noexcept {
        if (bytes.size() < Ipv6Header::kSize) return std::unexpected(ParseError::truncated);
        if (load_8(bytes.data()) >> 4 != 6) return std::unexpected(ParseError::bad_version);
        if (is_mapped(bytes.data() + 8) || is_mapped(bytes.data() + 24))
            return std::unexpected(ParseError::bad_address);
        const std::size_t total = Ipv6Header::kSize + load_be16(bytes.data() + 4);
        if (whole && total > bytes.size()) return std::unexpected(ParseError::truncated);
        return Ipv6View(bytes.first(total < bytes.size() ? total : bytes.size()));
    }
    explicit Ipv6View(std::span<const std::byte> packet) noexcept : packet_(packet) {}
    [[nodiscard]] static bool is_mapped(const std::byte* address) noexcept {
        return load_be32(address + 8) == 0xffff && load_be32(address + 4) == 0 && load_be32(address) == 0;
    }
    [[nodiscard]] const std::byte* at(std::size_t offset) const noexcept { return packet_.data() + offset; }
    std::span<const std::byte> packet_;
};

/// The fragment extension header (RFC 8200, section 4.5).
struct Ipv6Fragment {
    static constexpr std::size_t kSize = 8;

    IpProtocol next_header{};  ///< The first header of the fragmentable part.
    std::uint16_t offset = 0;  ///< In octets, a multiple of 8.
    bool more = false;         ///< More fragments follow.
    std::uint32_t identification = 0;

    /// Errors: `truncated`.
    [[nodiscard]] static std::expected<Ipv6Fragment, ParseError> parse(std::span<const std::byte> bytes) noexcept;
    [[nodiscard]] static constexpr std::size_t size() noexcept { return kSize; }
    /// Writes `size()` octets. Precondition: `out.size() >= size()`.
    void emit(std::span<std::byte> out) const noexcept;
    bool operator==(const Ipv6Fragment&) const = default;
};

/// Where the chain of extension headers leads. Offsets count from the start of the packet.
struct Ipv6Chain {
    IpProtocol protocol{};    ///< The upper-layer protocol; behind a true fragment header what that one names.
    std::size_t offset = 0;   ///< Where its header, or the fragment's data, starts.
    std::size_t pointer = 0;  ///< Of the Next Header field that names `protocol`: for the answer to an unknown one.
    std::optional<Ipv6Fragment> fragment{};  ///< Set only when something is to be reassembled: an atomic fragment
                                             ///< (RFC 6946) is walked through like any other header.
    bool has_fragment_header = false;        ///< Of either kind.
    std::size_t fragment_offset = 0;         ///< Where the fragment header starts: the size of the unfragmentable part.
};

/// A chain that a host must not process further, with the answer that RFC 8200 asks for.
struct Ipv6ChainError {
    /// The ICMPv6 parameter problem to send (RFC 4443, section 3.4), if any.
    enum class Answer : std::uint8_t {
        none,                      ///< Discard silently.
        erroneous_header,          ///< Code 0.
        unrecognized_next_header,  ///< Code 1.
        unrecognized_option,       ///< Code 2.
        /// Code 2, though not for a packet sent to a multicast address (option type bits 11).
        unrecognized_option_unicast_only,
    };
    ParseError reason{};
    Answer answer = Answer::none;
    std::uint32_t pointer = 0;  ///< The offset of the offending octet from the start of the packet.
    bool operator==(const Ipv6ChainError&) const = default;
};

/// Limits of the walk: what a packet has beyond them is refused (RFC 8504, section 5.3).
struct Ipv6WalkLimits {
    unsigned headers = 8;  ///< Extension headers in a packet.
    unsigned options = 8;  ///< Options in one header, padding not counted.
};

namespace detail {
[[nodiscard]] std::expected<Ipv6Chain, Ipv6ChainError> walk_extensions(const Ipv6View& view,
                                                                       Ipv6WalkLimits limits) noexcept;
}

/// Walks hop-by-hop options, routing, fragment, destination options and authentication headers up to the first other
/// header (RFC 8200, section 4), which is the upper layer's. Options with an unknown type are skipped or refused as
/// their two highest bits say (section 4.2); a routing header with segments left is refused (section 4.4; RFC 5095).
[[nodiscard]] inline std::expected<Ipv6Chain, Ipv6ChainError> walk_extensions(const Ipv6View& view,
                                                                              Ipv6WalkLimits limits = {}) noexcept {
    const IpProtocol next = view.next_header();
    if (next == IpProtocol::tcp || next == IpProtocol::udp || next == IpProtocol::icmpv6)
        return Ipv6Chain{.protocol = next, .offset = Ipv6Header::kSize, .pointer = 6};
    return detail::walk_extensions(view, limits);
}

}  // namespace hourglass::wire
