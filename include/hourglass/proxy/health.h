#pragma once

#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::proxy {

/// Whether a server is up, by what happens to requests on it. `max_fails` failures within `fail_time` set it aside for
/// that long; then it is tried again, and one further failure is enough. A success clears it.
class PassiveHealth {
  public:
    /// `max_fails` 0: it is always up.
    PassiveHealth(std::uint32_t max_fails, Duration fail_time) : max_fails_(max_fails), fail_time_(fail_time) {}

    /// True when this failure sets the server aside.
    bool failed(Instant now) noexcept;
    void succeeded() noexcept { fails_ = 0; }
    [[nodiscard]] bool up(Instant now) const noexcept { return now >= down_until_; }

  private:
    std::uint32_t max_fails_;
    Duration fail_time_;
    std::uint32_t fails_ = 0;
    Instant first_fail_{};
    Instant down_until_ = Instant::min();
};

/// Whether a server is up, by checks of its own: after `fall` bad ones in a row it is down, after `rise` good ones up.
class CheckedHealth {
  public:
    CheckedHealth(std::uint32_t rise, std::uint32_t fall) : rise_(rise), fall_(fall) {}

    /// The outcome of a check; true when it changes what `up` says.
    bool checked(bool good) noexcept;
    [[nodiscard]] bool up() const noexcept { return up_; }

  private:
    std::uint32_t rise_;
    std::uint32_t fall_;
    std::uint32_t in_a_row_ = 0;  ///< outcomes that speak against `up_`
    bool up_ = true;
};

}  // namespace hourglass::proxy
