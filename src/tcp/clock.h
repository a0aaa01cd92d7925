#pragma once

#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// The world's clock in milliseconds, on a circle of 2^32.
[[nodiscard]] inline std::uint32_t milliseconds(Instant at) {
    return static_cast<std::uint32_t>(to_ms(at.time_since_epoch()));
}

}  // namespace hourglass::tcp
