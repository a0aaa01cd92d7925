#include "hourglass/wire/neighbor_discovery.h"

#include "hourglass/wire/address_field.h"

namespace hourglass::wire {

namespace {

enum class Option : std::uint8_t {
    source_link_layer = 1,
    target_link_layer = 2,
    prefix_information = 3,
    mtu = 5,
};

constexpr std::size_t kLinkLayerSize = 8;
constexpr std::size_t kPrefixSize = 32;
constexpr std::size_t kMtuSize = 8;

/// Octets of the fixed part of each message, the ICMPv6 header included.
constexpr std::size_t kSolicitationSize = 24;
constexpr std::size_t kAdvertisementSize = 24;
constexpr std::size_t kRouterSolicitationSize = 8;
constexpr std::size_t kRouterAdvertisementSize = 16;

/// The parts of a message that occur in any of the four.
struct Options {
    std::optional<MacAddress> source_link_layer;
    std::optional<MacAddress> target_link_layer;
    std::optional<std::uint32_t> mtu;
    std::uint8_t prefix_count = 0;
    std::array<PrefixInformation, RouterAdvertisement::kMaxPrefixes> prefixes{};
};

std::expected<PrefixInformation, ParseError> parse_prefix(const std::byte* p) noexcept {
    PrefixInformation information;
    information.prefix = {load_v6(p + 16), load_8(p + 2)};
    if (information.prefix.length > 128) return std::unexpected(ParseError::bad_option);
    if (information.prefix.address.is_v4()) return std::unexpected(ParseError::bad_address);
    information.on_link = (load_8(p + 3) & 0x80) != 0;
    information.autonomous = (load_8(p + 3) & 0x40) != 0;
    information.valid_lifetime = decltype(information.valid_lifetime)(load_be32(p + 4));
    information.preferred_lifetime = decltype(information.preferred_lifetime)(load_be32(p + 8));
    return information;
}

/// Reads one option of the right or wrong size; kinds that are not known pass.
std::optional<ParseError> parse_option(std::span<const std::byte> option, Options& out) noexcept {
    const std::byte* p = option.data();
    switch (Option(load_8(p))) {
        case Option::source_link_layer:
        case Option::target_link_layer:
            if (option.size() != kLinkLayerSize) return ParseError::bad_option;
            (Option(load_8(p)) == Option::source_link_layer ? out.source_link_layer : out.target_link_layer) =
                load_mac(p + 2);
            return std::nullopt;
        case Option::mtu:
            if (option.size() != kMtuSize) return ParseError::bad_option;
            out.mtu = load_be32(p + 4);
            return std::nullopt;
        case Option::prefix_information: {
            if (option.size() != kPrefixSize) return ParseError::bad_option;
            const auto prefix = parse_prefix(p);
            if (!prefix) return prefix.error();
            if (out.prefix_count < out.prefixes.size()) out.prefixes[out.prefix_count++] = *prefix;
            return std::nullopt;
        }
    }
    return std::nullopt;
}

/// Checks type, code and size (RFC 4861, sections 6.1 and 7.1) and reads the options behind the fixed part, whose size
/// counts the ICMPv6 header.
std::expected<Options, ParseError> parse_message(const Icmpv6View& message, Icmpv6Type type,
                                                 std::size_t fixed_size) noexcept {
    if (message.type() != type || message.code() != 0) return std::unexpected(ParseError::bad_type);
    if (message.body().size() < fixed_size - Icmpv6Header::kSize) return std::unexpected(ParseError::truncated);
    auto rest = message.body().subspan(fixed_size - Icmpv6Header::kSize);
    Options options;
    for (unsigned count = 0; !rest.empty(); ++count) {
        if (count == kMaxNdOptions) return std::unexpected(ParseError::too_many_headers);
        if (rest.size() < 8) return std::unexpected(ParseError::truncated);
        const std::size_t size = load_8(rest.data() + 1) * std::size_t{8};
        if (size == 0) return std::unexpected(ParseError::bad_option);
        if (size > rest.size()) return std::unexpected(ParseError::truncated);
        if (const auto error = parse_option(rest.first(size), options)) return std::unexpected(*error);
        rest = rest.subspan(size);
    }
    return options;
}

/// A target is an address of one host.
std::optional<ParseError> check_target(const IpAddress& target) noexcept {
    if (target.is_v4() || target.is_multicast()) return ParseError::bad_address;
    return std::nullopt;
}

std::size_t link_layer_size(const std::optional<MacAddress>& mac) noexcept { return mac ? kLinkLayerSize : 0; }

std::byte* store_link_layer(std::byte* p, Option kind, const std::optional<MacAddress>& mac) noexcept {
    if (!mac) return p;
    store_8(p, static_cast<std::uint8_t>(kind));
    store_8(p + 1, 1);
    store_mac(p + 2, *mac);
    return p + kLinkLayerSize;
}

std::byte* store_mtu(std::byte* p, std::uint32_t mtu) noexcept {
    store_be32(p, static_cast<std::uint32_t>(Option::mtu) << 24 | 1u << 16);
    store_be32(p + 4, mtu);
    return p + kMtuSize;
}

std::byte* store_prefix(std::byte* p, const PrefixInformation& information) noexcept {
    store_8(p, static_cast<std::uint8_t>(Option::prefix_information));
    store_8(p + 1, kPrefixSize / 8);
    store_8(p + 2, information.prefix.length);
    store_8(p + 3, static_cast<std::uint8_t>((information.on_link ? 0x80 : 0) | (information.autonomous ? 0x40 : 0)));
    store_be32(p + 4, information.valid_lifetime.count());
    store_be32(p + 8, information.preferred_lifetime.count());
    store_be32(p + 12, 0);
    store_v6(p + 16, information.prefix.address);
    return p + kPrefixSize;
}

void finish(std::span<std::byte> message, const IpAddress& source, const IpAddress& destination) noexcept {
    store_be16(message.data() + Icmpv6Header::kChecksumOffset,
               transport_checksum(source, destination, IpProtocol::icmpv6, message));
}

}  // namespace

std::expected<NeighborSolicitation, ParseError> NeighborSolicitation::parse(const Icmpv6View& message) noexcept {
    const auto options = parse_message(message, Icmpv6Type::neighbor_solicitation, kSolicitationSize);
    if (!options) return std::unexpected(options.error());
    const NeighborSolicitation result{load_v6(message.body().data()), options->source_link_layer};
    if (const auto error = check_target(result.target)) return std::unexpected(*error);
    return result;
}

std::size_t NeighborSolicitation::size() const noexcept {
    return kSolicitationSize + link_layer_size(source_link_layer);
}

void NeighborSolicitation::emit(std::span<std::byte> out, const IpAddress& source,
                                const IpAddress& destination) const noexcept {
    Icmpv6Header{Icmpv6Type::neighbor_solicitation, 0, 0}.emit(out);
    store_v6(out.data() + 8, target);
    store_link_layer(out.data() + kSolicitationSize, Option::source_link_layer, source_link_layer);
    finish(out.first(size()), source, destination);
}

std::expected<NeighborAdvertisement, ParseError> NeighborAdvertisement::parse(const Icmpv6View& message) noexcept {
    const auto options = parse_message(message, Icmpv6Type::neighbor_advertisement, kAdvertisementSize);
    if (!options) return std::unexpected(options.error());
    const NeighborAdvertisement result{.router = (message.rest() >> 31 & 1) != 0,
                                       .solicited = (message.rest() >> 30 & 1) != 0,
                                       .override_entry = (message.rest() >> 29 & 1) != 0,
                                       .target = load_v6(message.body().data()),
                                       .target_link_layer = options->target_link_layer};
    if (const auto error = check_target(result.target)) return std::unexpected(*error);
    return result;
}

std::size_t NeighborAdvertisement::size() const noexcept {
    return kAdvertisementSize + link_layer_size(target_link_layer);
}

void NeighborAdvertisement::emit(std::span<std::byte> out, const IpAddress& source,
                                 const IpAddress& destination) const noexcept {
    const std::uint32_t flags = (router ? 1u << 31 : 0) | (solicited ? 1u << 30 : 0) | (override_entry ? 1u << 29 : 0);
    Icmpv6Header{Icmpv6Type::neighbor_advertisement, 0, flags}.emit(out);
    store_v6(out.data() + 8, target);
    store_link_layer(out.data() + kAdvertisementSize, Option::target_link_layer, target_link_layer);
    finish(out.first(size()), source, destination);
}

std::expected<RouterSolicitation, ParseError> RouterSolicitation::parse(const Icmpv6View& message) noexcept {
    const auto options = parse_message(message, Icmpv6Type::router_solicitation, kRouterSolicitationSize);
    if (!options) return std::unexpected(options.error());
    return RouterSolicitation{options->source_link_layer};
}

std::size_t RouterSolicitation::size() const noexcept {
    return kRouterSolicitationSize + link_layer_size(source_link_layer);
}

void RouterSolicitation::emit(std::span<std::byte> out, const IpAddress& source,
                              const IpAddress& destination) const noexcept {
    Icmpv6Header{Icmpv6Type::router_solicitation, 0, 0}.emit(out);
    store_link_layer(out.data() + kRouterSolicitationSize, Option::source_link_layer, source_link_layer);
    finish(out.first(size()), source, destination);
}

std::expected<RouterAdvertisement, ParseError> RouterAdvertisement::parse(const Icmpv6View& message) noexcept {
    const auto options = parse_message(message, Icmpv6Type::router_advertisement, kRouterAdvertisementSize);
    if (!options) return std::unexpected(options.error());
    const std::uint32_t rest = message.rest();
    RouterAdvertisement result;
    result.hop_limit = static_cast<std::uint8_t>(rest >> 24);
    result.managed = (rest >> 23 & 1) != 0;
    result.other = (rest >> 22 & 1) != 0;
    result.router_lifetime = decltype(router_lifetime)(static_cast<std::uint16_t>(rest));
    result.reachable_time = decltype(reachable_time)(load_be32(message.body().data()));
    result.retransmit_timer = decltype(retransmit_timer)(load_be32(message.body().data() + 4));
    result.source_link_layer = options->source_link_layer;
    result.mtu = options->mtu;
    result.prefix_count = options->prefix_count;
    result.prefixes = options->prefixes;
    return result;
}

std::size_t RouterAdvertisement::size() const noexcept {
    return kRouterAdvertisementSize + link_layer_size(source_link_layer) + (mtu ? kMtuSize : 0) +
           announced().size() * kPrefixSize;
}

void RouterAdvertisement::emit(std::span<std::byte> out, const IpAddress& source,
                               const IpAddress& destination) const noexcept {
    const std::uint32_t rest = static_cast<std::uint32_t>(hop_limit) << 24 | (managed ? 1u << 23 : 0) |
                               (other ? 1u << 22 : 0) | router_lifetime.count();
    Icmpv6Header{Icmpv6Type::router_advertisement, 0, rest}.emit(out);
    store_be32(out.data() + 8, reachable_time.count());
    store_be32(out.data() + 12, retransmit_timer.count());
    std::byte* p = out.data() + kRouterAdvertisementSize;
    p = store_link_layer(p, Option::source_link_layer, source_link_layer);
    if (mtu) p = store_mtu(p, *mtu);
    for (const PrefixInformation& information : announced()) p = store_prefix(p, information);
    finish(out.first(size()), source, destination);
}

IpAddress solicited_node_multicast(const IpAddress& address) noexcept {
    const auto& o = address.octets();
    return IpAddress::v6({0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, o[13], o[14], o[15]});
}

}  // namespace hourglass::wire
