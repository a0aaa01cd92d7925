#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

namespace hourglass {

/// A span of time, in nanoseconds. Every duration of the machine has this type; literals come from
/// `std::chrono_literals` (`200ms`, `2min`).
using Duration = std::chrono::nanoseconds;

/// The clock that the machine is told about and never reads: it has no `now()`. A world (the simulator or the
/// runtime) owns the clock and passes instants in, which is what makes every run reproducible.
struct Clock {
    using duration = Duration;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<Clock, duration>;
    static constexpr bool is_steady = true;
};

/// A point in time on the world's clock: nanoseconds since the world's epoch (the start of a simulation, or the boot
/// of the machine in real time).
using Instant = Clock::time_point;

/// Later than every instant that occurs: the deadline of a timer that is not set.
inline constexpr Instant kNever = Instant::max();

/// Microseconds in `d`, rounded towards zero.
[[nodiscard]] constexpr std::int64_t to_us(Duration d) noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(d).count();
}

/// Milliseconds in `d`, rounded towards zero.
[[nodiscard]] constexpr std::int64_t to_ms(Duration d) noexcept {
    return std::chrono::duration_cast<std::chrono::milliseconds>(d).count();
}

/// Seconds in `d`, as a fraction.
[[nodiscard]] constexpr double to_seconds(Duration d) noexcept { return std::chrono::duration<double>(d).count(); }

}  // namespace hourglass
