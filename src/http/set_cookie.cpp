#include "http/set_cookie.h"

#include <algorithm>
#include <charconv>

#include "hourglass/http/cookie_jar.h"
#include "http/scan.h"

namespace hourglass::http::detail {

namespace {

constexpr std::size_t kMostAttribute = 1024;  // RFC 6265bis, section 5.6

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// What stands before the separator; that and the separator are taken off.
std::string_view cut(std::string_view& text, char separator) {
    const std::size_t at = std::min(text.find(separator), text.size());
    const std::string_view piece = text.substr(0, at);
    text.remove_prefix(std::min(at + 1, text.size()));
    return piece;
}

bool has_control(std::string_view text) {
    return std::ranges::any_of(text, [](char c) {
        const auto octet = static_cast<unsigned char>(c);
        return (octet < 0x20 && octet != '\t') || octet == 0x7f;
    });
}

/// Section 5.6.2: a sign or digit, then digits.
std::optional<std::chrono::seconds> parse_max_age(std::string_view value) {
    const bool negative = value.starts_with('-');
    const std::string_view digits = value.substr(negative ? 1 : 0);
    if (digits.empty() || !std::ranges::all_of(digits, is_digit)) return std::nullopt;
    std::int64_t number = 0;
    const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    constexpr std::int64_t most = 400LL * 24 * 60 * 60;  // section 5.6.2
    if (failure != std::errc()) number = most;
    return std::chrono::seconds(negative ? 0 : std::min(number, most));
}

SetCookie::SameSite parse_same_site(std::string_view value) {
    if (equals_ignoring_case(value, "Strict")) return SetCookie::SameSite::strict;
    if (equals_ignoring_case(value, "Lax")) return SetCookie::SameSite::lax;
    if (equals_ignoring_case(value, "None")) return SetCookie::SameSite::none;
    return SetCookie::SameSite::unset;
}

void take_attribute(SetCookie& cookie, std::string_view attribute) {
    std::string_view value = attribute;
    const std::string_view name = trimmed(cut(value, '='));
    value = trimmed(value);
    if (value.size() > kMostAttribute) return;
    const auto is = [&](std::string_view known) { return equals_ignoring_case(name, known); };
    if (is("Expires")) {
        if (const auto date = parse_cookie_date(value)) cookie.expires = *date;
    } else if (is("Max-Age")) {
        if (const auto age = parse_max_age(value)) cookie.max_age = *age;
    } else if (is("Domain")) {
        if (value.starts_with('.')) value.remove_prefix(1);
        cookie.domain = value;
        std::ranges::transform(cookie.domain, cookie.domain.begin(), to_lower);
    } else if (is("Path")) {
        cookie.path = value.starts_with('/') ? value : "";
    } else if (is("Secure")) {
        cookie.secure = true;
    } else if (is("HttpOnly")) {
        cookie.http_only = true;
    } else if (is("SameSite")) {
        cookie.same_site = parse_same_site(value);
    }
}

}  // namespace

std::optional<SetCookie> parse_set_cookie(std::string_view field, std::size_t most_octets) {
    if (has_control(field)) return std::nullopt;
    std::string_view pair = cut(field, ';');
    SetCookie cookie;
    if (pair.find('=') != std::string_view::npos) cookie.name = trimmed(cut(pair, '='));
    cookie.value = trimmed(pair);
    if (cookie.name.empty() && cookie.value.empty()) return std::nullopt;
    if (cookie.name.size() + cookie.value.size() > most_octets) return std::nullopt;
    while (!field.empty()) take_attribute(cookie, cut(field, ';'));
    return cookie;
}

bool prefix_holds(std::string_view name, bool secure, bool host_only, std::string_view path) {
    const auto begins_with = [&](std::string_view prefix) {
        return equals_ignoring_case(name.substr(0, prefix.size()), prefix);
    };
    if (begins_with("__Secure-")) return secure;
    if (begins_with("__Host-")) return secure && host_only && path == "/";
    return true;
}

}  // namespace hourglass::http::detail
