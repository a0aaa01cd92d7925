#pragma once

#include <chrono>
#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"

namespace hourglass::tcp {

/// The round trip of a connection and the retransmission timeout that follows from it (RFC 6298).
class Rto {
  public:
    /// A round trip was measured on something that was sent once (Karn's algorithm, section 3), one of
    /// `samples_a_round` measurements: many in a round must not make the memory shorter (RFC 7323, appendix G).
    void on_sample(Duration r, std::uint32_t samples_a_round = 1);
    /// The least round trip that an acknowledgement shows; the minimum of the last five minutes is kept.
    void on_least_rtt(Duration r, Instant now);
    /// The handshake's round trip: the first of both kinds.
    void on_handshake(Duration r, Instant now);
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
    [[nodiscard]] Duration value(const Settings& s) const;
    [[nodiscard]] Duration srtt() const { return to_duration(srtt_); }
    [[nodiscard]] Duration rttvar() const { return to_duration(rttvar_); }
    /// Zero before the first sample.
    [[nodiscard]] Duration min_rtt() const { return std::chrono::microseconds(min_rtt_); }
    [[nodiscard]] std::uint8_t backoff() const { return backoff_; }

    static void exchange(auto& self, auto& image) {
        image(self.srtt_, self.rttvar_, self.min_rtt_, self.min_rtt_second_, self.backoff_, self.handshake_timeout_);
        image.require(self.srtt_ >= 0 && self.rttvar_ >= 0 && self.srtt_ < 1e12F && self.rttvar_ < 1e12F &&
                      self.backoff_ < 32);
    }

  private:
    static Duration to_duration(float us) { return std::chrono::microseconds(static_cast<std::int64_t>(us)); }
    [[nodiscard]] Duration base(const Settings& s) const;

    float srtt_ = 0;  // microseconds; 0: no sample yet
    float rttvar_ = 0;
    std::uint32_t min_rtt_ = 0;
    std::uint16_t min_rtt_second_ = 0;
    std::uint8_t backoff_ = 0;
    bool handshake_timeout_ = false;
};

}  // namespace hourglass::tcp
