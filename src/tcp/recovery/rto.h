#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// The round trip of a connection and the retransmission timeout that follows from it (RFC 6298).
class Rto {
  public:
    /// A round trip was measured on something that was sent once (Karn's algorithm, section 3), one of
    /// `samples_a_round` measurements: many in a round must not make the memory shorter (RFC 7323, appendix G).
    void on_sample(Duration r, std::uint32_t samples_a_round = 1) {
        const float rtt = std::max(micros(r), 1.0F);
        const auto n = static_cast<float>(std::max(samples_a_round, 1u));
        if (srtt_ == 0) {
            srtt_ = rtt;  // (2.2)
            rttvar_ = rtt / 2;
        } else {
            rttvar_ += (std::abs(srtt_ - rtt) - rttvar_) / (4 * n);  // (2.3)
            srtt_ += (rtt - srtt_) / (8 * n);
        }
        backoff_ = 0;
    }
    /// The least round trip that an acknowledgement shows; the minimum of the last five minutes is kept.
    void on_least_rtt(Duration r, Instant now) {
        const auto us = static_cast<std::uint32_t>(std::max(micros(r), 1.0F));
        const auto second = static_cast<std::uint16_t>(to_ms(now.time_since_epoch()) / 1000);
        const bool old = static_cast<std::uint16_t>(second - min_rtt_second_) > kMinRttSeconds;
        if (min_rtt_ != 0 && us > min_rtt_ && !old) return;
        min_rtt_ = us;
        min_rtt_second_ = second;
    }
    /// The handshake's round trip: the first of both kinds.
    void on_handshake(Duration r, Instant now) {
        on_sample(r);
        on_least_rtt(r, now);
    }
    /// The timer ran out: the next timeout is twice as long (5.5).
    void on_timeout() {
        if (backoff_ < 31) ++backoff_;
    }
    /// A closed window has opened: its probes, which share the backed-off value, are over.
    void on_progress() { backoff_ = 0; }
    /// The SYN's timer ran out before the handshake ended: 3 s for data when the timeout was below (5.7).
    void on_handshake_timeout() {
        backoff_ = 0;
        handshake_timeout_ = true;
    }

    /// The timeout to use now, backoff included.
    [[nodiscard]] Duration value(const Settings& s) const {
        const Duration once = base(s);
        if (once.count() > s.rto_max.count() >> backoff_) return s.rto_max;
        return once * (std::int64_t{1} << backoff_);
    }
    [[nodiscard]] Duration srtt() const { return to_duration(srtt_); }
    [[nodiscard]] Duration rttvar() const { return to_duration(rttvar_); }
    /// Zero before the first sample.
    [[nodiscard]] Duration min_rtt() const { return std::chrono::microseconds(min_rtt_); }
    [[nodiscard]] std::uint8_t backoff() const { return backoff_; }

  private:
    static constexpr float kGranularity = 1000;  // G of section 2, in microseconds
    static constexpr float kLargest = 500'000'000;
    static constexpr std::uint16_t kMinRttSeconds = 300;

    static float micros(Duration d) { return std::clamp(static_cast<float>(d.count()) / 1000.0F, 0.0F, kLargest); }
    static Duration to_duration(float us) { return std::chrono::microseconds(static_cast<std::int64_t>(us)); }
    [[nodiscard]] Duration base(const Settings& s) const {
        if (srtt_ != 0)
            return std::clamp(to_duration(srtt_ + std::max(kGranularity, 4 * rttvar_)), s.rto_min, s.rto_max);
        const Duration least = handshake_timeout_ ? Duration(std::chrono::seconds(3)) : Duration::zero();
        return std::max(s.rto_initial, least);
    }

    float srtt_ = 0;  // microseconds; 0: no sample yet
    float rttvar_ = 0;
    std::uint32_t min_rtt_ = 0;
    std::uint16_t min_rtt_second_ = 0;
    std::uint8_t backoff_ = 0;
    bool handshake_timeout_ = false;
};

}  // namespace hourglass::tcp
