#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>

#include "hourglass/base/address.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::wire {

// The messages of neighbour discovery (RFC 4861, section 4), read whole and checked as sections 6.1 and 7.1 ask, as far
// as the message itself can tell: hop limit 255 and the checksum are the receiver's to check. Options of other kinds
// are skipped; of a kind that occurs twice the last counts. Errors of every `parse`: `bad_type` when the message is
// another one or its code is not zero, `truncated`, `bad_option` for an option of length zero or of a wrong size,
// `too_many_headers` beyond `kMaxNdOptions`, `bad_address`.
// Every `emit` writes `size()` octets with the checksum for these addresses. Precondition: `out.size() >= size()`.

/// Options in one message; what has more is refused.
inline constexpr unsigned kMaxNdOptions = 32;

/// "Who has this address?" (RFC 4861, section 4.3).
struct NeighborSolicitation {
    IpAddress target{};                             ///< Not multicast.
    std::optional<MacAddress> source_link_layer{};  ///< Absent while duplicate addresses are looked for.

    [[nodiscard]] static std::expected<NeighborSolicitation, ParseError> parse(const Icmpv6View& message) noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    void emit(std::span<std::byte> out, const IpAddress& source, const IpAddress& destination) const noexcept;
    bool operator==(const NeighborSolicitation&) const = default;
};

/// "I have it" (RFC 4861, section 4.4).
struct NeighborAdvertisement {
    bool router = false;
    bool solicited = false;
    bool override_entry = false;  ///< The O flag: replace the link-layer address that is known.
    IpAddress target{};           ///< Not multicast.
    std::optional<MacAddress> target_link_layer{};

    [[nodiscard]] static std::expected<NeighborAdvertisement, ParseError> parse(const Icmpv6View& message) noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    void emit(std::span<std::byte> out, const IpAddress& source, const IpAddress& destination) const noexcept;
    bool operator==(const NeighborAdvertisement&) const = default;
};

/// "Is there a router?" (RFC 4861, section 4.1).
struct RouterSolicitation {
    std::optional<MacAddress> source_link_layer{};

    [[nodiscard]] static std::expected<RouterSolicitation, ParseError> parse(const Icmpv6View& message) noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    void emit(std::span<std::byte> out, const IpAddress& source, const IpAddress& destination) const noexcept;
    bool operator==(const RouterSolicitation&) const = default;
};

/// A prefix that a router announces (RFC 4861, section 4.6.2). A lifetime of 0xffffffff seconds means for ever.
struct PrefixInformation {
    Prefix prefix{};
    bool on_link = false;
    bool autonomous = false;  ///< Hosts may form addresses from it (RFC 4862).
    std::chrono::duration<std::uint32_t> valid_lifetime{};
    std::chrono::duration<std::uint32_t> preferred_lifetime{};
    bool operator==(const PrefixInformation&) const = default;
};

/// "I am a router, and this link is so" (RFC 4861, section 4.2). Zero means "not said" for hop limit and the timers.
struct RouterAdvertisement {
    static constexpr std::size_t kMaxPrefixes = 8;  ///< Further ones are left out.

    std::uint8_t hop_limit = 0;
    bool managed = false;                                    ///< Addresses come from DHCPv6.
    bool other = false;                                      ///< Other settings come from DHCPv6.
    std::chrono::duration<std::uint16_t> router_lifetime{};  ///< As a default router; zero: not one.
    std::chrono::duration<std::uint32_t, std::milli> reachable_time{};
    std::chrono::duration<std::uint32_t, std::milli> retransmit_timer{};
    std::optional<MacAddress> source_link_layer{};
    std::optional<std::uint32_t> mtu{};  ///< Of the link, in octets.
    std::uint8_t prefix_count = 0;
    std::array<PrefixInformation, kMaxPrefixes> prefixes{};  ///< The first `prefix_count` count.

    [[nodiscard]] std::span<const PrefixInformation> announced() const noexcept {
        return {prefixes.data(), prefix_count};
    }
    [[nodiscard]] static std::expected<RouterAdvertisement, ParseError> parse(const Icmpv6View& message) noexcept;
    [[nodiscard]] std::size_t size() const noexcept;
    void emit(std::span<std::byte> out, const IpAddress& source, const IpAddress& destination) const noexcept;
    bool operator==(const RouterAdvertisement&) const = default;
};

/// The multicast address `ff02::1:ffXX:XXXX` on which the holder of `address` is asked (RFC 4291, section 2.7.1).
[[nodiscard]] IpAddress solicited_node_multicast(const IpAddress& address) noexcept;

}  // namespace hourglass::wire
