#pragma once

#include <cstdint>

#include "hourglass/base/time.h"
#include "hourglass/tcp/sequence.h"

namespace hourglass::tcp {

/// What is kept of the moment at which a range of octets was last sent: the "per-packet state" of draft-ietf-ccwg-bbr,
/// section 4.1.2.1.2. One for each emission, a super-segment included (section 4.1.3.1); a range that is cut in two
/// hands a copy to both parts.
struct SendSnapshot {
    Instant sent_at{};            ///< P.send_time
    Instant first_sent_at{};      ///< P.first_send_time
    Instant delivered_at{};       ///< P.delivered_time
    std::uint64_t delivered = 0;  ///< P.delivered
    std::uint64_t lost = 0;       ///< P.lost
    std::uint32_t in_flight = 0;  ///< P.tx_in_flight: octets in the network, these included.
    bool app_limited = false;     ///< P.is_app_limited
    bool retransmission = false;

    static void exchange(auto& self, auto& image) {
        image.known(self.sent_at, self.first_sent_at, self.delivered_at);
        image(self.delivered, self.lost, self.in_flight, self.app_limited, self.retransmission);
    }
};

/// The delivery rate as one acknowledgement shows it (section 4.1.2.1.3).
struct RateSample {
    std::uint64_t delivered = 0;            ///< RS.delivered: octets delivered over `interval`.
    std::uint64_t lost = 0;                 ///< Octets marked lost since the newest delivered octet was sent.
    Duration interval{};                    ///< Zero: no reliable sample of the rate.
    std::uint32_t in_flight_when_sent = 0;  ///< P.tx_in_flight of the newest octet delivered.
    bool app_limited = false;
    bool has_data = false;  ///< Something was delivered: `delivered`, `lost` and what follows mean something.

    /// True when `rate` means something.
    [[nodiscard]] bool valid() const { return has_data && interval > Duration::zero(); }
    /// Octets a second. Precondition: `valid()`.
    [[nodiscard]] std::uint64_t rate() const {
        return static_cast<std::uint64_t>(static_cast<double>(delivered) / to_seconds(interval));
    }
};

/// The sampler of one flight (sections 4.1.2.1.1 to 4.1.2.4). It begins anew when a connection that had nothing in
/// flight sends again: a new one is application-limited until what it sends first has been delivered.
///
/// The sender calls `on_sent` for each emission and keeps the snapshot; the acknowledgement path calls `on_delivered`
/// for each range (or part of one) that an acknowledgement delivers for the first time and then once `take_sample`.
class DeliveryRate {
  public:
    /// `size` octets leave (OnPacketSent). `in_flight` is what was in the network before them.
    SendSnapshot on_sent(Instant now, std::uint32_t in_flight, std::uint32_t size, bool retransmission);
    /// `size` octets that ended before `end`, sent as `s` says, have arrived (UpdateRateSample).
    void on_delivered(Instant now, const SendSnapshot& s, Seq end, std::uint32_t size);
    /// `size` octets were marked lost.
    void on_lost(std::uint32_t size) { lost_ += size; }
    /// cwnd, pacing and the peer's window would let more be sent, and there is nothing to send
    /// (MarkConnectionAppLimited).
    void mark_app_limited(std::uint32_t in_flight) { app_limited_until_ = delivered_ + in_flight + 1; }
    /// The sample of the acknowledgement whose ranges were given to `on_delivered` (GenerateRateSample). An interval
    /// below `min_rtt` is none: it comes of a retransmission that was not needed.
    RateSample take_sample(Duration min_rtt);

    [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
    [[nodiscard]] std::uint64_t lost() const { return lost_; }
    [[nodiscard]] bool app_limited() const { return app_limited_until_ != 0; }

    static void exchange(auto& self, auto& image) {
        image(self.delivered_, self.lost_, self.app_limited_until_);
        image.known(self.delivered_at_, self.first_sent_at_);
        image(self.newest_.sent, self.newest_.end, self.has_newest_);
    }

  private:
    struct Newest {
        SendSnapshot sent;
        Seq end;
    };

    std::uint64_t delivered_ = 0;          ///< C.delivered
    std::uint64_t lost_ = 0;               ///< C.lost
    std::uint64_t app_limited_until_ = 1;  ///< C.app_limited; 0: not limited.
    Instant delivered_at_{};               ///< C.delivered_time
    Instant first_sent_at_{};              ///< C.first_send_time
    Newest newest_{};                      ///< The most recently sent of what this acknowledgement delivers.
    bool has_newest_ = false;
};

}  // namespace hourglass::tcp
