#pragma once

#include <optional>
#include <string_view>

#include "hourglass/base/time.h"

namespace hourglass::cli {

/// `20ms`, `1.5s`, `300us`, `2m`; a number alone means milliseconds. Nothing for what is no time, is less than zero or
/// more than a thousand days.
[[nodiscard]] std::optional<Duration> parse_time(std::string_view text);

}  // namespace hourglass::cli
