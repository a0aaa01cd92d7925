#include "hourglass/wire/ipv6.h"

namespace hourglass::wire {

namespace {

using Answer = Ipv6ChainError::Answer;

bool is_extension(IpProtocol protocol) noexcept {
    switch (protocol) {
        case IpProtocol::hop_by_hop:
        case IpProtocol::routing:
        case IpProtocol::fragment:
        case IpProtocol::ah:
        case IpProtocol::destination_options:
            return true;
        default:
            return false;
    }
}

/// In octets, from the header's second octet. Precondition: `is_extension(protocol)`.
std::size_t extension_size(IpProtocol protocol, std::uint8_t length) noexcept {
    if (protocol == IpProtocol::fragment) return Ipv6Fragment::kSize;
    if (protocol == IpProtocol::ah) return (length + std::size_t{2}) * 4;  // RFC 4302, section 2.2
    return (length + std::size_t{1}) * 8;
}

/// What the two highest bits of an unknown option's type ask for (RFC 8200, section 4.2); nothing: skip it.
std::optional<Answer> answer_to_unknown_option(std::uint8_t type) noexcept {
    switch (type >> 6) {
        case 0:
            return std::nullopt;
        case 1:
            return Answer::none;
        case 2:
            return Answer::unrecognized_option;
        default:
            return Answer::unrecognized_option_unicast_only;
    }
}

/// Looks at the options of a hop-by-hop or destination options header that starts at `offset` of the packet.
std::optional<Ipv6ChainError> check_options(std::span<const std::byte> header, std::size_t offset,
                                            unsigned limit) noexcept {
    constexpr std::uint8_t kPad1 = 0, kPadN = 1, kRouterAlert = 5;
    unsigned count = 0;
    for (std::size_t i = 2; i < header.size();) {
        const auto pointer = static_cast<std::uint32_t>(offset + i);
        const std::uint8_t type = load_8(header.data() + i);
        if (type == kPad1) {
            ++i;
            continue;
        }
        if (header.size() - i < 2 || load_8(header.data() + i + 1) > header.size() - i - 2)
            return Ipv6ChainError{ParseError::bad_option, Answer::erroneous_header, pointer};
        if (type != kPadN && ++count > limit)
            return Ipv6ChainError{ParseError::too_many_headers, Answer::none, pointer};
        if (type != kPadN && type != kRouterAlert)
            if (const auto answer = answer_to_unknown_option(type))
                return Ipv6ChainError{ParseError::unrecognized_header, *answer, pointer};
        i += std::size_t{2} + load_8(header.data() + i + 1);
    }
    return std::nullopt;
}

/// The checks of RFC 8200, section 4.5 that one fragment allows. `chain.offset` is at its fragment header;
/// `packet_size` is what the packet announces, since a quote may be cut.
std::optional<Ipv6ChainError> check_fragment(const Ipv6Chain& chain, const Ipv6Fragment& fragment,
                                             std::size_t packet_size) noexcept {
    const std::size_t size = packet_size - chain.offset - Ipv6Fragment::kSize;
    if (fragment.more && size % 8 != 0)
        return Ipv6ChainError{ParseError::bad_length, Answer::erroneous_header, 4};  // Payload Length
    if (chain.offset - Ipv6Header::kSize + fragment.offset + size > 65535)
        return Ipv6ChainError{ParseError::bad_length, Answer::erroneous_header,
                              static_cast<std::uint32_t>(chain.offset + 2)};  // Fragment Offset
    return std::nullopt;
}

}  // namespace

std::expected<Ipv6Fragment, ParseError> Ipv6Fragment::parse(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() < kSize) return std::unexpected(ParseError::truncated);
    const std::uint16_t field = load_be16(bytes.data() + 2);
    return Ipv6Fragment{.next_header = IpProtocol(load_8(bytes.data())),
                        .offset = static_cast<std::uint16_t>(field & 0xfff8),
                        .more = (field & 1) != 0,
                        .identification = load_be32(bytes.data() + 4)};
}

void Ipv6Fragment::emit(std::span<std::byte> out) const noexcept {
    store_8(out.data(), static_cast<std::uint8_t>(next_header));
    store_8(out.data() + 1, 0);
    store_be16(out.data() + 2, static_cast<std::uint16_t>((offset & 0xfff8) | (more ? 1 : 0)));
    store_be32(out.data() + 4, identification);
}

std::expected<Ipv6Chain, Ipv6ChainError> detail::walk_extensions(const Ipv6View& view, Ipv6WalkLimits limits) noexcept {
    const auto packet = view.packet();
    const std::size_t announced = Ipv6Header::kSize + view.payload_length();
    Ipv6Chain chain{.protocol = view.next_header(), .offset = Ipv6Header::kSize, .pointer = 6};
    for (unsigned count = 0; is_extension(chain.protocol); ++count) {
        const auto fail = [&](ParseError reason, Answer answer, std::size_t pointer) {
            return std::unexpected(Ipv6ChainError{reason, answer, static_cast<std::uint32_t>(pointer)});
        };
        if (count == limits.headers) return fail(ParseError::too_many_headers, Answer::none, chain.pointer);
        // RFC 8200, section 4: hop-by-hop options stand directly behind the IPv6 header and nowhere else.
        if (chain.protocol == IpProtocol::hop_by_hop && count != 0)
            return fail(ParseError::unrecognized_header, Answer::unrecognized_next_header, chain.pointer);
        const auto rest = packet.subspan(chain.offset);
        if (rest.size() < 8) return fail(ParseError::truncated, Answer::none, chain.offset);
        const std::size_t size = extension_size(chain.protocol, load_8(rest.data() + 1));
        if (size > rest.size()) return fail(ParseError::truncated, Answer::none, chain.offset);

        if (chain.protocol == IpProtocol::hop_by_hop || chain.protocol == IpProtocol::destination_options) {
            if (const auto error = check_options(rest.first(size), chain.offset, limits.options))
                return std::unexpected(*error);
        } else if (chain.protocol == IpProtocol::routing && load_8(rest.data() + 3) != 0) {
            return fail(ParseError::unrecognized_header, Answer::erroneous_header, chain.offset + 2);
        } else if (chain.protocol == IpProtocol::fragment) {
            const Ipv6Fragment fragment = *Ipv6Fragment::parse(rest);
            chain.has_fragment_header = true;
            if (fragment.offset != 0 || fragment.more) {
                if (const auto error = check_fragment(chain, fragment, announced)) return std::unexpected(*error);
                chain.fragment = fragment;
                chain.fragment_offset = chain.offset;
            }
        }
        chain.protocol = IpProtocol(load_8(rest.data()));
        chain.pointer = chain.offset;
        chain.offset += size;
        if (chain.fragment) break;
    }
    return chain;
}

}  // namespace hourglass::wire
