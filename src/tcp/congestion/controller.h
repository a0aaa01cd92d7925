#pragma once

#include <cstdint>
#include <string_view>
#include <variant>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"
#include "tcp/congestion/cubic.h"
#include "tcp/congestion/new_reno.h"
#include "tcp/congestion/record.h"

namespace hourglass::tcp {

/// The congestion control of one connection: the window, which every algorithm shares, and the algorithm's own memory.
/// It is fed one record for each acknowledgement and told of congestion; it sets `cwnd` and `ssthresh` and nothing
/// else.
class CongestionControl {
  public:
    CongestionControl() = default;
    CongestionControl(Congestion algorithm, std::uint32_t initial_window) {
        window_.cwnd = initial_window;
        if (algorithm == Congestion::new_reno) algorithm_ = NewReno{};
    }

    /// Goes on with another algorithm from the window as it is.
    void change_algorithm(Congestion algorithm) {
        if (algorithm == Congestion::new_reno)
            algorithm_ = NewReno{};
        else
            algorithm_ = Cubic{};
    }

    /// New data was acknowledged.
    void on_ack(const AckRecord& ack) {
        std::visit([&](auto& a) { a.on_ack(window_, ack); }, algorithm_);
    }
    /// A loss was found by other means than a timeout; once for each window of data (RFC 5681, section 3.2).
    void on_congestion(std::uint32_t in_flight, std::uint32_t mss) {
        std::visit([&](auto& a) { a.on_congestion(window_, in_flight, mss); }, algorithm_);
    }
    /// Recovery from that loss is complete.
    void on_recovered() { window_.cwnd = window_.ssthresh; }
    /// The retransmission timer ran out; `first` when it did not run out for this segment before (RFC 5681,
    /// section 3.1).
    void on_timeout(std::uint32_t in_flight, std::uint32_t mss, bool first) {
        if (first) std::visit([&](auto& a) { a.on_timeout(window_, in_flight, mss); }, algorithm_);
        window_.cwnd = mss;
    }
    /// Nothing was sent for longer than the RTO: the restart window (RFC 5681, section 4.1).
    void on_idle(std::uint32_t initial_window) {
        if (window_.cwnd > initial_window) window_.cwnd = initial_window;
        std::visit([](auto& a) { a.on_idle(); }, algorithm_);
    }
    /// The handshake lost its SYN or SYN-ACK: begin with one segment (RFC 5681, section 3.1).
    void on_handshake_loss(std::uint32_t mss) { window_.cwnd = mss; }

    [[nodiscard]] std::uint32_t cwnd() const { return window_.cwnd; }
    [[nodiscard]] std::uint32_t ssthresh() const { return window_.ssthresh; }

  private:
    CongestionWindow window_;
    std::variant<Cubic, NewReno> algorithm_;
};

/// IW of RFC 6928, section 2: `segments` segments, at most 14,600 octets or two segments when they are larger.
[[nodiscard]] constexpr std::uint32_t initial_window(std::uint32_t mss, std::uint8_t segments) {
    const std::uint32_t cap = 2 * mss > 14600u ? 2 * mss : 14600u;
    return segments * mss < cap ? segments * mss : cap;
}

}  // namespace hourglass::tcp
