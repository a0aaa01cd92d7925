#pragma once

#include <cstdint>
#include <memory>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"
#include "tcp/congestion/bbr.h"
#include "tcp/congestion/cubic.h"
#include "tcp/congestion/flight.h"
#include "tcp/congestion/record.h"
#include "tcp/congestion/window.h"

namespace hourglass::tcp {

/// The congestion control of one connection: the window, which every algorithm shares, and what the algorithm remembers
/// from one flight to the next. It is fed one record for each acknowledgement and told of congestion; it sets `cwnd`,
/// `ssthresh` and the pacing rate and nothing else. What matters only during a flight is in a `CongestionFlight`, which
/// the outbox keeps.
class CongestionControl {
  public:
    /// What a new connection knows.
    struct Start {
        std::uint32_t initial_window = 0;
        std::uint64_t seed = 0;  ///< Random bits of this connection's own.
        Duration srtt{};         ///< The handshake's round trip; zero when unknown.
        Instant now{};
    };

    CongestionControl() = default;
    CongestionControl(Congestion algorithm, const Start& start);

    /// An acknowledgement that delivered something, moved SND.UNA, carried a mark or showed a loss.
    void on_ack(CongestionFlight& flight, const AckRecord& ack, const Settings& s);
    /// A range has been marked lost; before the record of the acknowledgement or timer that showed it.
    void on_lost(const LostRange& lost, Instant now);
    /// Congestion other than a timeout; once for each window of data (RFC 5681, section 3.2; RFC 3168, section 6.1.2).
    void on_congestion(CongestionFlight& flight, const CongestionEvent& event);
    /// Recovery from that is complete.
    void on_recovered();
    /// The retransmission timer ran out; `first` when it did not run out for this segment before (RFC 5681,
    /// section 3.1).
    void on_timeout(CongestionFlight& flight, const CongestionEvent& event, bool first);
    /// What was taken for congestion was none (RFC 5682, RFC 4015, RFC 9438, section 4.9): back to what was before.
    void on_undo(CongestionFlight& flight, Instant now);
    /// Data is to be sent and nothing is in flight: `silence` has passed since the last segment.
    void on_restart(Instant now, Duration silence, Duration rto, std::uint32_t initial_window, const Settings& s);
    /// The handshake lost its SYN or SYN-ACK: begin with one segment (RFC 5681, section 3.1).
    void on_handshake_loss(std::uint32_t mss) { window_.cwnd = mss; }
    /// Loss recovery (PRR) moves the window itself while it lasts.
    void set_cwnd(std::uint32_t cwnd) { window_.cwnd = cwnd; }

    [[nodiscard]] std::uint32_t cwnd() const { return window_.cwnd; }
    [[nodiscard]] std::uint32_t ssthresh() const { return window_.ssthresh; }
    [[nodiscard]] Congestion algorithm() const { return algorithm_; }
    /// True when the algorithm sets cwnd in recovery too, so that PRR must not.
    [[nodiscard]] bool rules_recovery() const { return bbr_ != nullptr; }
    /// True while the sender holds itself back to measure the path: rates say nothing of it then.
    [[nodiscard]] bool ignores_rate() const { return bbr_ && bbr_->ignores_rate(); }
    /// Octets a second; zero: no pacing.
    [[nodiscard]] double pacing_rate(Duration srtt, const Settings& s) const;
    /// The largest emission while pacing, in octets.
    [[nodiscard]] std::uint32_t send_quantum(std::uint32_t mss, double rate) const;
    /// The model, for those who look at it; null with other algorithms.
    [[nodiscard]] const Bbr* bbr() const { return bbr_.get(); }

    template <typename Image>
    static void exchange(auto& self, Image& image) {
        image(self.window_, self.cubic_, self.validated_ms_);
        image.up_to(self.algorithm_, Congestion::bbr);
        if (self.algorithm_ != Congestion::bbr) return;
        if constexpr (Image::kReads) self.bbr_ = std::make_unique<Bbr>(0, 0, Duration{}, Instant{});
        image(*self.bbr_);
    }

  private:
    void grow(CongestionFlight& flight, const AckRecord& ack, const Settings& s);
    std::uint32_t slow_start(CongestionFlight& flight, const AckRecord& ack, const Settings& s);
    void reduce(CongestionFlight& flight, const CongestionEvent& event);

    CongestionWindow window_;
    CubicMemory cubic_;
    std::unique_ptr<Bbr> bbr_;
    std::uint32_t validated_ms_ =
        0;  ///< When half of cwnd was last seen to be used (RFC 7661, section 4.3), modulo 2^32.
    Congestion algorithm_ = Congestion::cubic;
};

/// IW of RFC 6928, section 2: `segments` segments, at most 14,600 octets or two segments when they are larger.
[[nodiscard]] constexpr std::uint32_t initial_window(std::uint32_t mss, std::uint8_t segments) {
    const std::uint32_t cap = 2 * mss > 14600u ? 2 * mss : 14600u;
    return segments * mss < cap ? segments * mss : cap;
}

}  // namespace hourglass::tcp
