#include "tcp/recovery/rto.h"

#include <algorithm>
#include <cmath>

namespace hourglass::tcp {

namespace {

constexpr float kGranularity = 1000;  // G of section 2, in microseconds
constexpr float kLargest = 500'000'000;
constexpr std::uint16_t kMinRttSeconds = 300;

float micros(Duration d) { return std::clamp(static_cast<float>(d.count()) / 1000.0F, 0.0F, kLargest); }

}  // namespace

void Rto::on_sample(Duration r, std::uint32_t samples_a_round) {
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

void Rto::on_least_rtt(Duration r, Instant now) {
    const auto us = static_cast<std::uint32_t>(std::max(micros(r), 1.0F));
    const auto second = static_cast<std::uint16_t>(to_ms(now.time_since_epoch()) / 1000);
    const bool old = static_cast<std::uint16_t>(second - min_rtt_second_) > kMinRttSeconds;
    if (min_rtt_ != 0 && us > min_rtt_ && !old) return;
    min_rtt_ = us;
    min_rtt_second_ = second;
}

[[gnu::noinline]] void Rto::on_handshake(Duration r, Instant now) {
    on_sample(r);
    on_least_rtt(r, now);
}

[[gnu::noinline]] Duration Rto::value(const Settings& s) const {
    const Duration once = base(s);
    if (once.count() > s.rto_max.count() >> backoff_) return s.rto_max;
    return once * (std::int64_t{1} << backoff_);
}

Duration Rto::base(const Settings& s) const {
    if (srtt_ != 0) return std::clamp(to_duration(srtt_ + std::max(kGranularity, 4 * rttvar_)), s.rto_min, s.rto_max);
    const Duration least = handshake_timeout_ ? Duration(std::chrono::seconds(3)) : Duration::zero();
    return std::max(s.rto_initial, least);
}

}  // namespace hourglass::tcp
