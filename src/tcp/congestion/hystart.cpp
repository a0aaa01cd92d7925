// HyStart++: RFC 9406, section 4.2, with the constants of section 4.3.

#include "tcp/congestion/hystart.h"

#include <algorithm>
#include <chrono>

namespace hourglass::tcp {

namespace {

using namespace std::chrono_literals;

constexpr Duration kMinRttThresh = 4ms;
constexpr Duration kMaxRttThresh = 16ms;
constexpr int kMinRttDivisor = 8;
constexpr std::uint32_t kRttSamples = 8;
constexpr std::uint32_t kCssGrowthDivisor = 4;
constexpr std::uint32_t kCssRounds = 5;

}  // namespace

void HyStart::begin_round() {
    last_round_min_ = current_round_min_;
    current_round_min_ = Duration::max();
    samples_ = 0;
}

HyStart::Growth HyStart::on_ack(const AckRecord& ack) {
    const bool round_begins = rounds_.on_ack(ack.newly_delivered, ack.rate);
    if (round_begins && conservative() && ++css_rounds_ >= kCssRounds)
        return {.divisor = kCssGrowthDivisor, .done = true};
    if (round_begins) begin_round();

    if (ack.rtt > Duration::zero()) {
        current_round_min_ = std::min(current_round_min_, ack.rtt);
        ++samples_;
    }
    if (samples_ < kRttSamples) return {.divisor = conservative() ? kCssGrowthDivisor : 1};
    if (conservative()) {
        // "this is likely to be a false exit": back to slow start.
        if (current_round_min_ < css_baseline_) {
            css_baseline_ = Duration::max();
            css_rounds_ = 0;
        }
    } else if (last_round_min_ != Duration::max()) {
        const Duration thresh = std::clamp<Duration>(last_round_min_ / kMinRttDivisor, kMinRttThresh, kMaxRttThresh);
        if (current_round_min_ >= last_round_min_ + thresh) {
            css_baseline_ = current_round_min_;
            css_rounds_ = 0;
        }
    }
    return {.divisor = conservative() ? kCssGrowthDivisor : 1};
}

}  // namespace hourglass::tcp
