#include "hourglass/http/cookies.h"

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/http/date.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

constexpr std::size_t kMostOctets = 4096;     // RFC 6265bis, section 5.6
constexpr std::size_t kMostAttribute = 1024;  // the same

std::string_view trimmed(std::string_view text) {
    while (!text.empty() && detail::is_blank(text.front())) text.remove_prefix(1);
    while (!text.empty() && detail::is_blank(text.back())) text.remove_suffix(1);
    return text;
}

/// cookie-octet (RFC 6265bis, section 4.1.1).
bool is_cookie_octet(char c) { return detail::is_visible_char(c) && c != '"' && c != ',' && c != ';' && c != '\\'; }

bool is_attribute(std::string_view text) {
    return text.size() <= kMostAttribute &&
           std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7f && c != ';'; });
}

bool prefixes_hold(const SetCookie& c) {
    const auto has_prefix = [&](std::string_view prefix) {
        return equals_ignoring_case(std::string_view(c.name).substr(0, prefix.size()), prefix);
    };
    if (has_prefix("__Secure-")) return c.secure;
    if (has_prefix("__Host-")) return c.secure && c.path == "/" && c.domain.empty();
    return true;
}

bool is_valid(const SetCookie& c) {
    if (!is_token(c.name) || !std::ranges::all_of(c.value, is_cookie_octet)) return false;
    if (c.name.size() + c.value.size() > kMostOctets || !is_attribute(c.domain) || !is_attribute(c.path)) return false;
    if (!c.path.empty() && c.path.front() != '/') return false;
    if ((c.same_site == SetCookie::SameSite::none || c.partitioned) && !c.secure) return false;
    return prefixes_hold(c);
}

}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> parse_cookies(const Fields& fields) {
    std::vector<std::pair<std::string_view, std::string_view>> cookies;
    for (const Field field : fields) {
        if (!equals_ignoring_case(field.name, "Cookie")) continue;
        for (std::string_view rest = field.value; !rest.empty();) {
            const std::size_t end = std::min(rest.find(';'), rest.size());
            const std::string_view pair = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            const std::size_t equals = pair.find('=');
            if (equals == std::string_view::npos) continue;
            const std::string_view name = trimmed(pair.substr(0, equals));
            if (!name.empty()) cookies.emplace_back(name, trimmed(pair.substr(equals + 1)));
        }
    }
    return cookies;
}

std::optional<std::string_view> cookie(const Fields& fields, std::string_view name) {
    for (const auto& [key, value] : parse_cookies(fields))
        if (key == name) return value;
    return std::nullopt;
}

std::optional<std::string> SetCookie::to_field() const {
    if (!is_valid(*this)) return std::nullopt;
    std::string field = name + "=" + value;
    if (expires) field += "; Expires=" + format_date(*expires);
    if (max_age) field += fmt::format("; Max-Age={}", max_age->count());
    if (!domain.empty()) field += "; Domain=" + domain;
    if (!path.empty()) field += "; Path=" + path;
    if (secure) field += "; Secure";
    if (http_only) field += "; HttpOnly";
    constexpr std::string_view same_sites[] = {"", "; SameSite=Strict", "; SameSite=Lax", "; SameSite=None"};
    field += same_sites[static_cast<std::size_t>(same_site)];
    if (partitioned) field += "; Partitioned";
    return field;
}

bool set_cookie(Response& response, const SetCookie& cookie) {
    const auto field = cookie.to_field();
    if (field) response.fields.add("Set-Cookie", *field);
    return field.has_value();
}

}  // namespace hourglass::http
