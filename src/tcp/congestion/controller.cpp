#include "tcp/congestion/controller.h"

#include <algorithm>
#include <chrono>

namespace hourglass::tcp {

namespace {

using namespace std::chrono_literals;

constexpr Duration kNonValidatedPeriod = 5min;  // RFC 7661, section 4.4.3

std::uint32_t milliseconds_of(Instant at) { return static_cast<std::uint32_t>(to_ms(at.time_since_epoch())); }

}  // namespace

CongestionControl::CongestionControl(Congestion algorithm, const Start& start)
    : validated_ms_(milliseconds_of(start.now)), algorithm_(algorithm) {
    window_.cwnd = start.initial_window;
    if (algorithm == Congestion::bbr)
        bbr_ = std::make_unique<Bbr>(start.seed, start.initial_window, start.srtt, start.now);
}

void CongestionControl::on_ack(CongestionFlight& flight, const AckRecord& ack, const Settings& s) {
    if (bbr_) return bbr_->on_ack(window_, ack);
    flight.pipe_ack.on_ack(ack);
    if (flight.pipe_ack.validates(window_.cwnd)) validated_ms_ = milliseconds_of(ack.now);
    if (!ack.in_recovery && ack.acked > 0) grow(flight, ack, s);
}

void CongestionControl::grow(CongestionFlight& flight, const AckRecord& ack, const Settings& s) {
    if (!ack.cwnd_limited) {
        flight.cubic.on_application_limited(ack.now);
        return;
    }
    const std::uint32_t acked = window_.cwnd < window_.ssthresh ? slow_start(flight, ack, s) : ack.acked;
    if (acked == 0) return;
    if (algorithm_ == Congestion::cubic)
        flight.cubic.on_ack(window_, cubic_, acked, ack);
    else
        flight.reno.on_ack(window_, acked, ack.mss);
}

/// RFC 5681, section 3.1, with RFC 9406; returns the octets acknowledged beyond what takes cwnd to ssthresh.
std::uint32_t CongestionControl::slow_start(CongestionFlight& flight, const AckRecord& ack, const Settings& s) {
    std::uint32_t divisor = 1;
    if (s.hystart && window_.ssthresh == UINT32_MAX) {
        const HyStart::Growth growth = flight.hystart.on_ack(ack);
        divisor = growth.divisor;
        if (growth.done) {
            window_.ssthresh = window_.cwnd;
            return ack.acked;
        }
    }
    // RFC 3465, section 2.2: L bounds what one acknowledgement may release; RFC 9406, section 4.2: none when paced.
    std::uint32_t acked = ack.acked;
    if (s.slow_start_limit > 0 && !s.pacing) acked = std::min(acked, s.slow_start_limit * ack.mss);
    const std::uint32_t growth = std::min(acked / divisor, window_.ssthresh - window_.cwnd);
    window_.cwnd = std::min(window_.cwnd + growth, 2'000'000'000u);
    return window_.cwnd < window_.ssthresh ? 0 : acked - growth * divisor;
}

void CongestionControl::on_lost(const LostRange& lost, Instant now) {
    if (bbr_) bbr_->on_lost(window_, lost, now);
}

void CongestionControl::on_congestion(CongestionFlight& flight, const CongestionEvent& event) {
    if (bbr_) {
        if (event.signal == CongestionSignal::loss) bbr_->on_enter_recovery(window_);
        return;
    }
    reduce(flight, event);
}

void CongestionControl::reduce(CongestionFlight& flight, const CongestionEvent& event) {
    flight.undo = {true, window_, cubic_, flight.cubic};
    CongestionEvent seen = event;
    // RFC 7661, section 4.4.1: what was proven to fit counts, when less is in flight now.
    seen.in_flight = std::max(event.in_flight, flight.pipe_ack.value());
    if (algorithm_ == Congestion::cubic)
        flight.cubic.on_congestion(window_, cubic_, seen);
    else
        flight.reno.on_congestion(window_, seen);
    flight.hystart.reset();
}

void CongestionControl::on_recovered() {
    if (bbr_)
        bbr_->on_recovered(window_);
    else
        window_.cwnd = window_.ssthresh;
}

void CongestionControl::on_timeout(CongestionFlight& flight, const CongestionEvent& event, bool first) {
    if (bbr_) return bbr_->on_timeout(window_, 0, event.mss);
    if (first) reduce(flight, event);
    window_.cwnd = event.mss;
}

void CongestionControl::on_undo(CongestionFlight& flight, Instant now) {
    if (bbr_) return bbr_->on_spurious_loss(window_, now);
    if (!flight.undo.valid) return;
    window_.cwnd = std::max(window_.cwnd, flight.undo.window.cwnd);
    window_.ssthresh = flight.undo.window.ssthresh;
    cubic_ = flight.undo.memory;
    flight.cubic = flight.undo.cubic;
    flight.undo.valid = false;
}

void CongestionControl::on_restart(Instant now, Duration silence, Duration rto, std::uint32_t initial_window,
                                   const Settings& s) {
    if (bbr_) return bbr_->on_restart(window_, now);
    switch (s.idle_window) {
        case IdleWindow::restart:
            if (silence > rto) window_.cwnd = std::min(window_.cwnd, initial_window);
            break;
        case IdleWindow::validated:
            if (std::chrono::milliseconds(milliseconds_of(now) - validated_ms_) <= kNonValidatedPeriod) break;
            // RFC 7661, section 4.4.3.
            window_.ssthresh = std::max(window_.ssthresh == UINT32_MAX ? 0 : window_.ssthresh, window_.cwnd / 4 * 3);
            window_.cwnd = std::max(window_.cwnd / 2, initial_window);
            validated_ms_ = milliseconds_of(now);
            break;
        case IdleWindow::kept:
            break;
    }
}

double CongestionControl::pacing_rate(Duration srtt, const Settings& s) const {
    if (bbr_) return bbr_->pacing_rate();
    if (!s.pacing || srtt <= Duration::zero()) return 0;
    // Twice the window a round trip where it doubles, and a little more than it where it grows slowly.
    const double gain = window_.cwnd < window_.ssthresh / 2 ? 2.0 : 1.2;
    return gain * window_.cwnd / to_seconds(srtt);
}

std::uint32_t CongestionControl::send_quantum(std::uint32_t mss, double rate) const {
    if (bbr_) return bbr_->send_quantum(mss);
    return std::max(static_cast<std::uint32_t>(std::min(rate * 0.001, 65536.0)), 2 * mss);
}

}  // namespace hourglass::tcp
