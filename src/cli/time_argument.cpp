#include "cli/time_argument.h"

#include <charconv>
#include <cmath>

namespace hourglass::cli {

std::optional<Duration> parse_time(std::string_view text) {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) return std::nullopt;
    const std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
    double scale = 0;
    if (unit == "ns") scale = 1;
    if (unit == "us") scale = 1e3;
    if (unit == "ms" || unit.empty()) scale = 1e6;
    if (unit == "s") scale = 1e9;
    if (unit == "m") scale = 60e9;
    const double ns = number * scale;
    constexpr double kLongest = 86400e9 * 1000;
    if (scale == 0 || !(ns >= 0) || ns > kLongest) return std::nullopt;
    return Duration(static_cast<std::int64_t>(std::llround(ns)));
}

}  // namespace hourglass::cli
