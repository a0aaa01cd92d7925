#pragma once

#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"

namespace hourglass::runtime {

/// The time of the real world: since boot, by the clock that never steps (CLOCK_MONOTONIC).
[[nodiscard]] Instant now() noexcept;

/// 128 random bits from the kernel (getrandom(2)), for `ip::HostSettings::secret`.
[[nodiscard]] SipKey random_secret();

}  // namespace hourglass::runtime
