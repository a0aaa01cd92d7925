#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// The retransmission timeout of a connection (RFC 6298).
class Rto {
  public:
    Rto() = default;
    explicit Rto(const Settings& s) : rto_(micros(s.rto_initial)) {}

    /// A round trip was measured on a segment that was sent once (Karn's algorithm, section 3).
    void on_sample(Duration r, const Settings& s) {
        const std::int32_t rtt = std::max<std::int32_t>(micros(r), 1);
        if (srtt_ == 0) {
            srtt_ = rtt;  // (2.2)
            rttvar_ = rtt / 2;
        } else {
            rttvar_ += (std::abs(srtt_ - rtt) - rttvar_) / 4;  // (2.3)
            srtt_ += (rtt - srtt_) / 8;
            if (srtt_ == 0) srtt_ = 1;
        }
        set(srtt_ + std::max(kGranularity, 4 * rttvar_), s);
        backoff_ = 0;
    }
    /// The timer ran out: the next timeout is twice as long (5.5).
    void on_timeout() {
        if (backoff_ < 31) ++backoff_;
    }
    /// New data was acknowledged: the connection is alive, and the backed-off value has served.
    void on_progress() { backoff_ = 0; }
    /// The SYN's timer ran out before the handshake ended: 3 s for data when the timeout was below (5.7).
    void on_handshake_timeout(const Settings& s) {
        backoff_ = 0;
        if (srtt_ == 0) set(std::max(rto_, micros(std::chrono::seconds(3))), s);
    }

    /// The timeout to use now, backoff included.
    [[nodiscard]] Duration value(const Settings& s) const {
        const std::int64_t us = static_cast<std::int64_t>(rto_) << backoff_;
        return std::min<Duration>(std::chrono::microseconds(us), s.rto_max);
    }
    [[nodiscard]] Duration srtt() const { return std::chrono::microseconds(srtt_); }
    [[nodiscard]] Duration rttvar() const { return std::chrono::microseconds(rttvar_); }
    [[nodiscard]] std::uint8_t backoff() const { return backoff_; }

  private:
    static constexpr std::int32_t kGranularity = 1000;  // G of section 2, in microseconds
    static constexpr std::int32_t kLargest = 500'000'000;
    static std::int32_t micros(Duration d) {
        return static_cast<std::int32_t>(std::clamp<std::int64_t>(to_us(d), 0, kLargest));
    }
    void set(std::int32_t us, const Settings& s) { rto_ = std::clamp(us, micros(s.rto_min), micros(s.rto_max)); }

    std::int32_t srtt_ = 0;  // microseconds; 0: no sample yet
    std::int32_t rttvar_ = 0;
    std::int32_t rto_ = 1'000'000;
    std::uint8_t backoff_ = 0;
};

}  // namespace hourglass::tcp
