#pragma once

#include <algorithm>
#include <cstdint>

#include "hourglass/base/time.h"

namespace hourglass::tcp {

/// Spaces what is sent (draft-ietf-ccwg-bbr-06, section 5.6.2): after each emission the next has to wait for as long as
/// this one takes at the pacing rate.
class Pacer {
  public:
    /// True when something may leave now.
    [[nodiscard]] bool may_send(Instant now) const { return now >= next_send_time_; }
    [[nodiscard]] Instant next_send_time() const { return next_send_time_; }
    /// `size` octets leave at `rate` octets a second. A timer that ran late makes up for it, as far as `quantum` octets
    /// go.
    void on_sent(Instant now, std::uint32_t size, double rate, std::uint32_t quantum) {
        const Duration credit = time_of(quantum, rate);
        next_send_time_ = std::max(next_send_time_, now - credit) + time_of(size, rate);
    }

    static void exchange(auto& self, auto& image) { image.known(self.next_send_time_); }

  private:
    [[nodiscard]] static Duration time_of(std::uint32_t octets, double rate) {
        return Duration(static_cast<std::int64_t>(std::min(octets / rate * 1e9, 1e18)));
    }
    Instant next_send_time_{};  ///< C.next_send_time
};

}  // namespace hourglass::tcp
