#include "hourglass/base/address.h"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace hourglass {

namespace {

/// A decimal number of at most `max`, all of `text`, without sign or leading zero.
std::optional<std::uint32_t> parse_decimal(std::string_view text, std::uint32_t max) {
    if (text.empty() || text.size() > 9 || (text.size() > 1 && text[0] == '0')) return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || value > max) return std::nullopt;
    return value;
}

std::optional<IpAddress> parse_v4(std::string_view text) {
    std::array<std::uint8_t, 4> octets{};
    for (std::size_t i = 0; i < 4; ++i) {
        const std::size_t dot = text.find('.');
        if ((dot == std::string_view::npos) != (i == 3)) return std::nullopt;
        const auto octet = parse_decimal(text.substr(0, dot), 255);
        if (!octet) return std::nullopt;
        octets[i] = static_cast<std::uint8_t>(*octet);
        if (i < 3) text.remove_prefix(dot + 1);
    }
    return IpAddress::v4(octets[0], octets[1], octets[2], octets[3]);
}

/// Colon-separated groups without `::`; the last may be dotted decimal. Appends the octets to `out`.
bool parse_groups(std::string_view text, std::array<std::uint8_t, 16>& out, std::size_t& count) {
    if (text.empty()) return true;
    for (;;) {
        const std::size_t colon = text.find(':');
        const std::string_view group = text.substr(0, colon);
        if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
            const auto v4 = parse_v4(group);
            if (!v4 || count + 4 > 16) return false;
            std::ranges::copy(v4->wire_octets(), out.begin() + static_cast<std::ptrdiff_t>(count));
            count += 4;
            return true;
        }
        std::uint16_t value = 0;
        const auto [end, error] = std::from_chars(group.data(), group.data() + group.size(), value, 16);
        if (group.empty() || group.size() > 4 || error != std::errc{} || end != group.data() + group.size() ||
            count + 2 > 16)
            return false;
        out[count++] = static_cast<std::uint8_t>(value >> 8);
        out[count++] = static_cast<std::uint8_t>(value);
        if (colon == std::string_view::npos) return true;
        text.remove_prefix(colon + 1);
    }
}

std::optional<IpAddress> parse_v6(std::string_view text) {
    std::array<std::uint8_t, 16> octets{};
    std::size_t count = 0;
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) {
        if (!parse_groups(text, octets, count) || count != 16) return std::nullopt;
        return IpAddress::v6(octets);
    }
    const std::string_view after = text.substr(gap + 2);
    std::array<std::uint8_t, 16> tail{};
    std::size_t tail_count = 0;
    if (after.find("::") != std::string_view::npos || !parse_groups(text.substr(0, gap), octets, count) ||
        !parse_groups(after, tail, tail_count) || count + tail_count > 14)
        return std::nullopt;
    std::copy_n(tail.begin(), tail_count, octets.end() - static_cast<std::ptrdiff_t>(tail_count));
    return IpAddress::v6(octets);
}

/// RFC 5952: lower case, no leading zeros, the longest run of two or more zero groups as `::` (the first of equals).
std::string v6_text(const std::array<std::uint8_t, 16>& octets) {
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(octets[2 * i] << 8 | octets[2 * i + 1]);
    std::size_t best = 8, best_length = 1;
    for (std::size_t i = 0; i < 8;) {
        std::size_t j = i;
        while (j < 8 && groups[j] == 0) ++j;
        if (j - i > best_length) best = i, best_length = j - i;
        i = j + 1;
    }
    std::string text;
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == best) {
            text += "::";
            i += best_length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        text += fmt::format("{:x}", groups[i]);
    }
    return text;
}

}  // namespace

std::string MacAddress::to_string() const { return fmt::format("{:02x}", fmt::join(octets, ":")); }

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    return text.find(':') == std::string_view::npos ? parse_v4(text) : parse_v6(text);
}

bool IpAddress::is_loopback() const {
    if (is_v4()) return octets_[12] == 127;
    return std::all_of(octets_.begin(), octets_.end() - 1, [](auto o) { return o == 0; }) && octets_[15] == 1;
}

bool IpAddress::is_link_local() const {
    if (is_v4()) return octets_[12] == 169 && octets_[13] == 254;
    return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

std::string IpAddress::to_string() const {
    if (is_v4()) return fmt::format("{}.{}.{}.{}", octets_[12], octets_[13], octets_[14], octets_[15]);
    return v6_text(octets_);
}

std::expected<SocketAddress, std::string> SocketAddress::parse(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos)
        return std::unexpected(fmt::format("'{}' has no port; write ADDRESS:PORT, as in 10.0.0.2:80", text));
    const std::string_view host = text.substr(0, colon);
    const std::string_view port_text = text.substr(colon + 1);
    const auto port = parse_decimal(port_text, 65535);
    if (!port) return std::unexpected(fmt::format("'{}' is not a port (0 to 65535)", port_text));
    if (host.empty()) return SocketAddress{IpAddress::v4(0), Port(*port)};
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    const auto address = IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host);
    if (!address || bracketed != (host.find(':') != std::string_view::npos))
        return std::unexpected(
            fmt::format("'{}' is not an address; write 10.0.0.2:80 or, for IPv6, [2001:db8::1]:80", host));
    return SocketAddress{*address, Port(*port)};
}

std::string SocketAddress::to_string() const {
    if (address.is_v4()) return fmt::format("{}:{}", address.to_string(), to_number(port));
    return fmt::format("[{}]:{}", address.to_string(), to_number(port));
}

std::expected<Prefix, std::string> Prefix::parse(std::string_view text) {
    const std::size_t slash = text.find('/');
    const auto address = IpAddress::parse(text.substr(0, slash));
    if (!address) return std::unexpected(fmt::format("'{}' is not an address with a prefix, as in 10.0.0.0/24", text));
    const std::uint32_t max = address->is_v4() ? 32 : 128;
    if (slash == std::string_view::npos) return Prefix{*address, static_cast<std::uint8_t>(max)};
    const auto length = parse_decimal(text.substr(slash + 1), max);
    if (!length)
        return std::unexpected(fmt::format("'{}' is not a prefix length (0 to {})", text.substr(slash + 1), max));
    return Prefix{*address, static_cast<std::uint8_t>(*length)};
}

bool Prefix::contains(const IpAddress& a) const {
    if (a.is_v4() != address.is_v4()) return false;
    const std::size_t bits = address.is_v4() ? 96u + length : length;
    const auto& mine = address.octets();
    const auto& other = a.octets();
    if (std::memcmp(mine.data(), other.data(), bits / 8) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff00 >> (bits % 8));
    return ((mine[bits / 8] ^ other[bits / 8]) & mask) == 0;
}

IpAddress Prefix::broadcast() const {
    const std::uint32_t host_bits = length >= 32 ? 0 : 0xffffffff >> length;
    return IpAddress::v4(address.v4_value() | host_bits);
}

std::string Prefix::to_string() const { return fmt::format("{}/{}", address.to_string(), length); }

}  // namespace hourglass
