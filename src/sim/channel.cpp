#include "sim/channel.h"

#include <algorithm>

namespace hourglass::sim {

namespace {

constexpr std::uint64_t kNanosecondsPerSecond = 1'000'000'000;

Duration scaled(Duration d, double fraction) {
    return Duration(static_cast<Duration::rep>(static_cast<double>(d.count()) * fraction));
}

}  // namespace

/// One packet's share of chance. All of it is drawn whatever the settings are, so that changing one of them leaves
/// what the others do as it was.
struct Channel::Draws {
    explicit Draws(Random& random)
        : loss(random.unit()),
          burst_change(random.unit()),
          burst_loss(random.unit()),
          duplicate(random.unit()),
          reorder(random.unit()),
          corrupt(random.unit()),
          jitter(random.unit()),
          second_jitter(random.unit()) {}

    double loss, burst_change, burst_loss, duplicate, reorder, corrupt, jitter, second_jitter;
};

Fate Channel::decide(const Impairments& impairments, std::size_t size, const Verdict& verdict, Instant now) {
    const Draws draws(random_);
    if (!queue_has_room(impairments, size, now)) return {.lost = LossReason::queue};
    const Instant sent = send(impairments, size, now);
    const auto lost = lost_on_wire(impairments, draws);
    if (verdict.lose) return {.lost = LossReason::scripted};
    if (lost) return {.lost = lost};

    Fate fate;
    fate.corrupted = draws.corrupt < impairments.corrupt || verdict.corrupt;
    fate.reordered = draws.reorder < impairments.reorder;
    const Instant earliest = sent + impairments.delay + verdict.delay;
    fate.arrival = in_order(impairments, earliest + scaled(impairments.jitter, draws.jitter));
    if (fate.reordered) fate.arrival += impairments.reorder_delay;
    if (draws.duplicate < impairments.duplicate || verdict.duplicate)
        fate.second_arrival = in_order(impairments, earliest + scaled(impairments.jitter, draws.second_jitter));
    return fate;
}

bool Channel::queue_has_room(const Impairments& impairments, std::size_t size, Instant now) {
    while (!waiting_.empty() && waiting_.front().start <= now) {
        waiting_bytes_ -= waiting_.front().size;
        waiting_.pop_front();
    }
    if (wire_free_ <= now) return true;
    return waiting_.size() < impairments.queue_packets && waiting_bytes_ + size <= impairments.queue_bytes;
}

Instant Channel::send(const Impairments& impairments, std::size_t size, Instant now) {
    if (impairments.rate == 0) return std::max(now, wire_free_);
    if (wire_free_ <= now) {
        wire_free_ = now;
        remainder_ = 0;
    } else {
        waiting_.push_back({wire_free_, size});
        waiting_bytes_ += size;
    }
    const std::uint64_t work = (size + impairments.overhead) * 8 * kNanosecondsPerSecond + remainder_;
    remainder_ = work % impairments.rate;
    wire_free_ += Duration(static_cast<Duration::rep>(work / impairments.rate));
    return wire_free_;
}

std::optional<LossReason> Channel::lost_on_wire(const Impairments& impairments, const Draws& draws) {
    const BurstLoss& burst = impairments.burst;
    if (draws.burst_change < (wire_is_bad_ ? burst.leave : burst.enter)) wire_is_bad_ = !wire_is_bad_;
    if (wire_is_bad_ && draws.burst_loss < burst.loss) return LossReason::burst;
    if (draws.loss < impairments.loss) return LossReason::random;
    return std::nullopt;
}

Instant Channel::in_order(const Impairments& impairments, Instant arrival) {
    if (!impairments.keep_order) return arrival;
    last_arrival_ = std::max(last_arrival_, arrival);
    return last_arrival_;
}

}  // namespace hourglass::sim
