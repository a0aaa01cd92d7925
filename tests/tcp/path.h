#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "hourglass/base/random.h"
#include "tcp/congestion/controller.h"

namespace hourglass::tcp::testing {

using namespace std::chrono_literals;

/// Congestion control alone on a path: a bottleneck with a drop-tail queue, a propagation delay, losses by chance, and
/// a receiver that acknowledges each segment selectively. No TCP around it, so that what is seen is the algorithm's.
class Path {
  public:
    struct Shape {
        double rate = 12.5e6;           ///< Octets a second.
        Duration round_trip = 20ms;     ///< Without queueing.
        std::uint32_t queue = 250'000;  ///< Octets before the bottleneck.
        double loss = 0;
        double mark_above = 0;  ///< Queue, in octets, above which segments are marked CE; 0: none are.
    };
    static constexpr std::uint32_t kMss = 1448;

    Path(Congestion algorithm, const Shape& shape, const Settings& s = {})
        : settings(s),
          shape_(shape),
          control(algorithm,
                  {.initial_window = initial_window(kMss, 10), .seed = 1, .srtt = shape.round_trip, .now = now}) {}

    /// Runs for `d` with as much to send as the window allows, or not more than `app_rate` octets a second.
    void run(Duration d) {
        const Instant end = now + d;
        send();
        while (true) {
            Instant next = std::min(arrivals_.empty() ? kNever : arrivals_.begin()->first, next_send());
            if (next > end) break;
            now = std::max(now, next);
            while (!arrivals_.empty() && arrivals_.begin()->first <= now) {
                const Packet p = arrivals_.begin()->second;
                arrivals_.erase(arrivals_.begin());
                acknowledge(p);
            }
            send();
        }
        now = end;
    }
    [[nodiscard]] double utilisation(std::uint64_t octets, Duration d) const {
        return static_cast<double>(octets) / to_seconds(d) / shape_.rate;
    }
    void set_round_trip(Duration d) { shape_.round_trip = d; }
    /// The longest queue in octets from the first second on.
    [[nodiscard]] double queue_peak_after_startup() const { return queue_peak_; }
    [[nodiscard]] Duration mean_rtt() const { return rtt_sum / std::max<std::int64_t>(1, rtt_count); }

    Settings settings;
    Instant now{1h};
    CongestionFlight flight;

  private:
    struct Packet {
        std::uint64_t number = 0;
        SendSnapshot sent;
        bool marked = false;
    };
    Shape shape_;
    Random random_{7};
    std::multimap<Instant, Packet> arrivals_;            // of acknowledgements
    std::map<std::uint64_t, SendSnapshot> outstanding_;  // by number, lost ones apart
    Instant link_free_{};
    std::uint64_t next_number_ = 0;
    std::uint64_t recover_ = 0;
    bool in_recovery_ = false;
    Duration srtt_{};
    bool limited_ = false;
    Instant begin_ = now;
    double queue_peak_ = 0;

  public:
    CongestionControl control;
    std::uint64_t delivered = 0, lost = 0;
    Duration rtt_sum{};
    std::int64_t rtt_count = 0;
    std::uint32_t in_flight = 0;
    std::function<void()> on_each_ack;

  private:
    [[nodiscard]] double rate() const { return control.pacing_rate(srtt_, settings); }
    [[nodiscard]] bool window_open() const { return in_flight + kMss <= control.cwnd(); }
    [[nodiscard]] Instant next_send() const {
        if (!window_open()) return kNever;
        return rate() > 0 ? std::max(now, flight.pacer.next_send_time()) : now;
    }
    void send() {
        while (window_open() && (rate() <= 0 || flight.pacer.may_send(now))) {
            Packet p{next_number_++, flight.rate.on_sent(now, in_flight, kMss, false)};
            in_flight += kMss;
            outstanding_.emplace(p.number, p.sent);
            if (rate() > 0) flight.pacer.on_sent(now, kMss, rate(), 2 * kMss);
            transmit(p);
        }
        limited_ = limited_ || !window_open();
    }
    void transmit(Packet p) {
        const double queued = std::max(0.0, to_seconds(link_free_ - now)) * shape_.rate;
        if (now > begin_ + 1s) queue_peak_ = std::max(queue_peak_, queued);
        if (queued + kMss > shape_.queue || random_.chance(shape_.loss)) return;
        p.marked = shape_.mark_above > 0 && queued > shape_.mark_above;
        link_free_ = std::max(link_free_, now) + Duration(static_cast<std::int64_t>(kMss / shape_.rate * 1e9));
        arrivals_.emplace(link_free_ + shape_.round_trip, p);
    }
    void acknowledge(const Packet& p) {
        if (outstanding_.erase(p.number) == 0) return;
        AckRecord ack{.now = now, .acked = kMss, .newly_delivered = kMss, .prior_in_flight = in_flight, .mss = kMss};
        in_flight -= kMss;
        delivered += kMss;
        ack.rtt = now - p.sent.sent_at;
        srtt_ = srtt_ == Duration::zero() ? ack.rtt : srtt_ + (ack.rtt - srtt_) / 8;
        ack.srtt = srtt_;
        rtt_sum += ack.rtt;
        ++rtt_count;
        flight.rate.on_delivered(now, p.sent, Seq(static_cast<std::uint32_t>(p.number)), kMss);
        // Three later ones have arrived: what is missing before is lost.
        bool found = false;
        while (!outstanding_.empty() && outstanding_.begin()->first + 3 <= p.number) {
            const auto [number, sent] = *outstanding_.begin();
            outstanding_.erase(outstanding_.begin());
            in_flight -= kMss;
            lost += kMss;
            ack.newly_lost += kMss;
            flight.rate.on_lost(kMss);
            control.on_lost({kMss, sent.in_flight, flight.rate.lost() - sent.lost, sent.app_limited}, now);
            found = found || number >= recover_;
        }
        if (in_recovery_ && p.number >= recover_) {
            in_recovery_ = false;
            control.on_recovered();
        }
        const bool mark = p.marked && p.number >= recover_;
        if ((found || mark) && !in_recovery_) {
            in_recovery_ = true;
            recover_ = next_number_;
            control.on_congestion(flight, {found ? CongestionSignal::loss : CongestionSignal::ecn, ack.prior_in_flight,
                                           kMss, settings.abe});
        }
        ack.ece = p.marked;
        ack.in_flight = in_flight;
        ack.rate = flight.rate.take_sample(10ms);
        ack.cwnd_limited = std::exchange(limited_, false);
        ack.in_recovery = in_recovery_;
        ack.sack = true;
        control.on_ack(flight, ack, settings);
        if (on_each_ack) on_each_ack();
    }
};

}  // namespace hourglass::tcp::testing
