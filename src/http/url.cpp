#include "hourglass/http/url.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

#include "http/scan.h"

namespace hourglass::http {

namespace {

constexpr bool is_unreserved(char c) noexcept {
    const char lower = detail::to_lower(c);
    return (lower >= 'a' && lower <= 'z') || detail::is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

bool percent_sequences_are_valid(std::string_view text) noexcept {
    for (std::size_t i = text.find('%'); i != std::string_view::npos; i = text.find('%', i + 3))
        if (text.size() - i < 3 || detail::hex_value(text[i + 1]) < 0 || detail::hex_value(text[i + 2]) < 0)
            return false;
    return true;
}

/// What reg-name and IPv4address consist of: unreserved, percent-encoded and sub-delims (RFC 3986, section 3.2.2).
constexpr std::array<bool, 256> kNameTable = [] {
    std::array<bool, 256> table{};
    for (int c = 0; c < 128; ++c) table[static_cast<std::size_t>(c)] = is_unreserved(static_cast<char>(c));
    for (const char c : std::string_view("!$&'()*+,;=%")) table[static_cast<unsigned char>(c)] = true;
    return table;
}();

bool is_registered_name(std::string_view text) noexcept {
    bool good = true;
    for (const char c : text) good &= kNameTable[static_cast<unsigned char>(c)];
    return good && percent_sequences_are_valid(text);
}

std::string lower(std::string_view text) {
    std::string result(text);
    for (char& c : result) c = detail::to_lower(c);
    return result;
}

Port default_port(std::string_view scheme) noexcept { return scheme == "https" ? Port{443} : Port{80}; }

/// The colon that separates host and port: the last one that is not inside of an IP literal.
std::size_t find_port_colon(std::string_view text) noexcept {
    const std::size_t from = text.starts_with('[') ? text.find(']') : 0;
    return from == std::string_view::npos ? from : text.find(':', from);
}

std::expected<std::optional<Port>, UrlError> parse_port(std::string_view digits) noexcept {
    if (digits.empty()) return std::nullopt;
    std::uint16_t number = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (failure != std::errc() || end != digits.data() + digits.size()) return std::unexpected(UrlError::invalid_port);
    return Port{number};
}

std::expected<Authority, UrlError> parse_authority(std::string_view text) noexcept {
    Authority authority;
    const std::size_t colon = find_port_colon(text);
    std::string_view host = text.substr(0, colon);
    if (host.starts_with('[')) {
        if (!host.ends_with(']')) return std::unexpected(UrlError::invalid_host);
        host = host.substr(1, host.size() - 2);
        const auto address = IpAddress::parse(host);
        if (!address || host.find(':') == std::string_view::npos) return std::unexpected(UrlError::invalid_host);
        authority.is_ipv6 = true;
    } else if (!is_registered_name(host)) {
        return std::unexpected(UrlError::invalid_host);
    }
    authority.host = host;
    if (colon != std::string_view::npos) {
        const auto port = parse_port(text.substr(colon + 1));
        if (!port) return std::unexpected(port.error());
        authority.port = *port;
    }
    return authority;
}

std::optional<std::string> cut_after(std::string_view& text, char separator) {
    const std::size_t at = text.find(separator);
    if (at == std::string_view::npos) return std::nullopt;
    std::string tail(text.substr(at + 1));
    text = text.substr(0, at);
    return tail;
}

/// Checks the bytes of what is allowed to be sent as it stands.
std::optional<UrlError> check_characters(std::string_view text) noexcept {
    if (!std::ranges::all_of(text, detail::is_visible_char)) return UrlError::invalid_character;
    if (!percent_sequences_are_valid(text)) return UrlError::invalid_percent;
    return std::nullopt;
}

}  // namespace

std::string_view to_string(UrlError error) noexcept {
    switch (error) {
        case UrlError::missing_scheme:
            return "the URL has no scheme: write http:// in front";
        case UrlError::unsupported_scheme:
            return "the scheme is neither http nor https";
        case UrlError::missing_host:
            return "the URL has no host";
        case UrlError::invalid_host:
            return "the host is neither a name nor an address (IPv6 stands in brackets)";
        case UrlError::invalid_port:
            return "the port is not a number from 0 to 65535";
        case UrlError::invalid_character:
            return "the URL holds a character that has to be percent-encoded";
        case UrlError::invalid_percent:
            return "a percent sign is not followed by two hexadecimal digits";
    }
    return "invalid URL";
}

std::optional<Authority> Authority::parse(std::string_view text) noexcept {
    const auto authority = parse_authority(text);
    return authority ? std::optional(*authority) : std::nullopt;
}

std::expected<Url, UrlError> Url::parse(std::string_view text) {
    if (const auto wrong = check_characters(text)) return std::unexpected(*wrong);
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos || scheme_end == 0) return std::unexpected(UrlError::missing_scheme);
    Url url;
    url.scheme = lower(text.substr(0, scheme_end));
    if (url.scheme != "http" && url.scheme != "https") return std::unexpected(UrlError::unsupported_scheme);

    std::string_view rest = text.substr(scheme_end + 3);
    url.fragment = cut_after(rest, '#');
    url.query = cut_after(rest, '?');
    const std::size_t slash = rest.find('/');
    if (slash != std::string_view::npos) url.path = rest.substr(slash);

    std::string_view authority_text = rest.substr(0, slash);
    if (const std::size_t at = authority_text.rfind('@'); at != std::string_view::npos) {
        url.user_information = std::string(authority_text.substr(0, at));
        authority_text.remove_prefix(at + 1);
    }
    const auto authority = parse_authority(authority_text);
    if (!authority) return std::unexpected(authority.error());
    if (authority->host.empty()) return std::unexpected(UrlError::missing_host);
    url.host = lower(authority->host);
    url.port = authority->port;
    return url;
}

std::expected<Url, UrlError> Url::resolve(std::string_view reference) const {
    if (const auto wrong = check_characters(reference)) return std::unexpected(*wrong);
    const std::size_t colon = reference.find(':');
    if (colon != std::string_view::npos && colon < reference.find_first_of("/?#")) return parse(reference);
    if (reference.starts_with("//")) return parse(fmt::format("{}:{}", scheme, reference));

    Url url = *this;
    url.fragment = cut_after(reference, '#');
    const auto new_query = cut_after(reference, '?');
    if (reference.empty()) {
        if (new_query) url.query = new_query;
        return url;
    }
    url.query = new_query;
    const std::string base = path.substr(0, path.rfind('/') + 1);
    url.path = remove_dot_segments(reference.starts_with('/') ? std::string(reference) : base + std::string(reference));
    return url;
}

Url Url::normalized() const {
    Url url = *this;
    url.host = lower(normalize_percent_encoding(host));
    if (port && *port == default_port(scheme)) url.port.reset();
    if (user_information) url.user_information = normalize_percent_encoding(*user_information);
    url.path = remove_dot_segments(normalize_percent_encoding(path));
    if (query) url.query = normalize_percent_encoding(*query);
    if (fragment) url.fragment = normalize_percent_encoding(*fragment);
    return url;
}

Port Url::effective_port() const noexcept { return port.value_or(default_port(scheme)); }

std::string Url::authority() const {
    std::string text = host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
    if (port && *port != default_port(scheme)) text += fmt::format(":{}", to_number(*port));
    return text;
}

std::string Url::request_target() const { return query ? fmt::format("{}?{}", path, *query) : path; }

std::string Url::to_string() const {
    std::string text = scheme + "://";
    if (user_information) text += *user_information + "@";
    text += authority() + request_target();
    if (fragment) text += "#" + *fragment;
    return text;
}

std::string remove_dot_segments(std::string_view path) {
    std::vector<std::string_view> kept;
    bool ends_in_directory = false;
    std::size_t begin = path.starts_with('/') ? 1 : 0;
    while (begin <= path.size()) {
        const std::size_t end = std::min(path.find('/', begin), path.size());
        const std::string_view segment = path.substr(begin, end - begin);
        ends_in_directory = segment == "." || segment == "..";
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (segment != ".") {
            kept.push_back(segment);
        }
        begin = end + 1;
    }
    std::string result;
    for (const std::string_view segment : kept) result.append("/").append(segment);
    if (ends_in_directory || result.empty()) result += "/";
    return result;
}

std::optional<std::string> percent_decode(std::string_view text) {
    if (text.find('%') == std::string_view::npos) return std::string(text);
    if (!percent_sequences_are_valid(text)) return std::nullopt;
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            result += text[i];
            continue;
        }
        result += static_cast<char>(detail::hex_value(text[i + 1]) * 16 + detail::hex_value(text[i + 2]));
        i += 2;
    }
    return result;
}

std::string normalize_percent_encoding(std::string_view text) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto octet = text[i] == '%' ? percent_decode(text.substr(i, 3)) : std::nullopt;
        if (!octet || octet->size() != 1) {
            result += text[i];
            continue;
        }
        result += percent_encode(*octet);
        i += 2;
    }
    return result;
}

std::string percent_encode(std::string_view text, std::string_view keep) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    std::string result;
    result.reserve(text.size());
    for (const char c : text) {
        if (is_unreserved(c) || keep.find(c) != std::string_view::npos) {
            result += c;
        } else {
            const auto octet = static_cast<unsigned char>(c);
            result.append({'%', digits[octet >> 4], digits[octet & 15]});
        }
    }
    return result;
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
    const auto decode = [](std::string_view encoded) {
        std::string text(encoded);
        std::ranges::replace(text, '+', ' ');
        return percent_decode(text).value_or(text);
    };
    std::vector<std::pair<std::string, std::string>> pairs;
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view pair = query.substr(0, end);
        query.remove_prefix(std::min(end + 1, query.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        pairs.emplace_back(decode(pair.substr(0, equals)), decode(pair.substr(std::min(equals + 1, pair.size()))));
    }
    return pairs;
}

}  // namespace hourglass::http
