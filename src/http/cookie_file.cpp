#include <algorithm>
#include <charconv>
#include <fmt/format.h>

#include "hourglass/http/cookie_jar.h"
#include "http/scan.h"
#include "http/set_cookie.h"

namespace hourglass::http {

namespace {

constexpr std::string_view kHttpOnly = "#HttpOnly_";
constexpr std::size_t kColumns = 7;

std::vector<std::string_view> split(std::string_view line) {
    std::vector<std::string_view> columns;
    while (columns.size() + 1 < kColumns) {
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos) break;
        columns.push_back(line.substr(0, tab));
        line.remove_prefix(tab + 1);
    }
    columns.push_back(line);
    if (columns.size() + 1 == kColumns) columns.emplace_back();  // an empty value at the end of the line
    return columns;
}

/// Domain, whether names beneath it are meant, path, secure, expiry, name, value.
std::optional<StoredCookie> parse_line(std::string_view line) {
    StoredCookie cookie;
    cookie.http_only = line.starts_with(kHttpOnly);
    if (cookie.http_only) line.remove_prefix(kHttpOnly.size());
    const auto columns = split(line);
    if (columns.size() != kColumns) return std::nullopt;
    std::string_view domain = columns[0];
    if (domain.starts_with('.')) domain.remove_prefix(1);
    cookie.domain = domain;
    std::ranges::transform(cookie.domain, cookie.domain.begin(), detail::to_lower);
    cookie.host_only = !equals_ignoring_case(columns[1], "TRUE");
    cookie.path = columns[2].empty() ? "/" : columns[2];
    cookie.secure = equals_ignoring_case(columns[3], "TRUE");
    std::int64_t expires = 0;
    const std::string_view time = columns[4];
    const auto [end, failure] = std::from_chars(time.data(), time.data() + time.size(), expires);
    if (failure != std::errc() || end != time.data() + time.size()) return std::nullopt;
    if (expires != 0) cookie.expires = std::chrono::sys_seconds(std::chrono::seconds(expires));
    cookie.name = columns[5];
    cookie.value = columns[6];
    const std::string sent = cookie.name + "=" + cookie.value;
    if (cookie.domain.empty() || !cookie.path.starts_with('/') || !is_field_value(sent) ||
        sent.find(';') != std::string::npos)
        return std::nullopt;
    if (!detail::prefix_holds(cookie.name, cookie.secure, cookie.host_only, cookie.path)) return std::nullopt;
    return cookie;
}

}  // namespace

std::expected<void, std::size_t> CookieJar::load(std::string_view text, std::chrono::sys_seconds now) {
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() || (line.starts_with('#') && !line.starts_with(kHttpOnly))) continue;
        auto cookie = parse_line(line);
        if (!cookie) return std::unexpected(number);
        add(std::move(*cookie));
    }
    expire(now);
    return {};
}

std::string CookieJar::save() const {
    std::string text = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n";
    const auto flag = [](bool on) { return on ? "TRUE" : "FALSE"; };
    for (const StoredCookie& cookie : cookies_) {
        const std::int64_t expires = cookie.expires ? cookie.expires->time_since_epoch().count() : 0;
        text += fmt::format("{}{}{}\t{}\t{}\t{}\t{}\t{}\t{}\n", cookie.http_only ? kHttpOnly : "",
                            cookie.host_only ? "" : ".", cookie.domain, flag(!cookie.host_only), cookie.path,
                            flag(cookie.secure), expires, cookie.name, cookie.value);
    }
    return text;
}

}  // namespace hourglass::http
