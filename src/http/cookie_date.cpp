#include <algorithm>
#include <array>

#include "hourglass/http/cookie_jar.h"
#include "hourglass/http/fields.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {"jan", "feb", "mar", "apr", "may", "jun",
                                                      "jul", "aug", "sep", "oct", "nov", "dec"};

bool is_delimiter(char c) {
    const auto octet = static_cast<unsigned char>(c);
    return octet == 0x09 || (octet >= 0x20 && octet <= 0x2f) || (octet >= 0x3b && octet <= 0x40) ||
           (octet >= 0x5b && octet <= 0x60) || (octet >= 0x7b && octet <= 0x7e);
}

/// The number that `text` begins with, of `least` to `most` digits and no further one; the digits are taken off.
std::optional<unsigned> take_number(std::string_view& text, std::size_t least, std::size_t most) {
    std::size_t size = 0;
    unsigned value = 0;
    while (size < text.size() && detail::is_digit(text[size])) {
        if (++size > most) return std::nullopt;
        value = value * 10 + static_cast<unsigned>(text[size - 1] - '0');
    }
    if (size < least) return std::nullopt;
    text.remove_prefix(size);
    return value;
}

std::optional<std::chrono::seconds> parse_time(std::string_view token) {
    std::array<unsigned, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto number = take_number(token, 1, 2);
        if (!number || (i < 2 && !token.starts_with(':'))) return std::nullopt;
        if (i < 2) token.remove_prefix(1);
        parts[i] = *number;
    }
    if (parts[0] > 23 || parts[1] > 59 || parts[2] > 59) return std::nullopt;
    return std::chrono::hours(parts[0]) + std::chrono::minutes(parts[1]) + std::chrono::seconds(parts[2]);
}

std::optional<unsigned> parse_month(std::string_view token) {
    const auto found = std::ranges::find_if(
        kMonths, [&](std::string_view month) { return equals_ignoring_case(token.substr(0, 3), month); });
    if (found == kMonths.end()) return std::nullopt;
    return static_cast<unsigned>(found - kMonths.begin()) + 1;
}

/// What has been found of a date; each part is taken from the first token that fits it.
struct Found {
    std::optional<std::chrono::seconds> time{};
    std::optional<unsigned> day{};
    std::optional<unsigned> month{};
    std::optional<unsigned> year{};

    void take(std::string_view token) {
        if (!time && (time = parse_time(token))) return;
        std::string_view rest = token;
        if (!day && (day = take_number(rest, 1, 2))) return;
        if (!month && (month = parse_month(token))) return;
        if (!year) year = take_number(token, 2, 4);
    }
};

}  // namespace

std::optional<std::chrono::sys_seconds> parse_cookie_date(std::string_view text) {
    Found found;
    while (!text.empty()) {
        const auto begin = std::ranges::find_if_not(text, is_delimiter);
        text.remove_prefix(static_cast<std::size_t>(begin - text.begin()));
        const auto end = std::ranges::find_if(text, is_delimiter);
        const auto size = static_cast<std::size_t>(end - text.begin());
        if (size > 0) found.take(text.substr(0, size));
        text.remove_prefix(size);
    }
    if (!found.time || !found.day || !found.month || !found.year) return std::nullopt;
    unsigned year = *found.year;
    if (year >= 70 && year <= 99) year += 1900;
    if (year <= 69) year += 2000;
    const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(year)), std::chrono::month(*found.month),
                                           std::chrono::day(*found.day)};
    if (year < 1601 || !date.ok()) return std::nullopt;
    return std::chrono::sys_days(date) + *found.time;
}

}  // namespace hourglass::http
