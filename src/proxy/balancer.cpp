#include "hourglass/proxy/balancer.h"

#include <algorithm>
#include <fmt/format.h>
#include <numeric>

#include "hourglass/base/siphash.h"
#include "hourglass/http/body.h"

namespace hourglass::proxy {

namespace {

/// Points on the ring for each unit of weight: enough that shares differ by a few per cent.
constexpr std::uint32_t kPoints = 100;

}  // namespace

std::uint64_t hash_key(std::string_view text) noexcept { return siphash(SipKey{}, http::as_bytes(text)); }

Balancer::Balancer(Balance balance, std::span<const ServerConfiguration> servers)
    : balance_(balance), turns_(servers.size()) {
    for (const ServerConfiguration& server : servers) weights_.push_back(std::max<std::uint32_t>(server.weight, 1));
    if (balance != Balance::hash || servers.empty()) return;
    // Weights that have a common divisor need no more points than without it.
    const std::uint32_t unit = std::reduce(weights_.begin(), weights_.end(), std::uint32_t{0},
                                           [](std::uint32_t a, std::uint32_t b) { return std::gcd(a, b); });
    for (std::size_t i = 0; i < servers.size(); ++i)
        for (std::uint32_t point = 0; point < weights_[i] / unit * kPoints; ++point)
            ring_.emplace_back(hash_key(fmt::format("{}#{}", servers[i].name, point)), i);
    std::ranges::sort(ring_);
}

std::optional<std::size_t> Balancer::choose(std::span<const Candidate> candidates, std::uint64_t key) {
    switch (balance_) {
        case Balance::round_robin:
            return choose_in_turn(candidates);
        case Balance::least_connections:
            return choose_least(candidates);
        case Balance::hash:
            return choose_by_hash(candidates, key);
    }
    return std::nullopt;
}

/// Smooth weighted round robin: every usable server gains its weight, the richest is chosen and pays the sum, so that
/// 5, 1, 1 gives a a b a c a a and not five times the first in a row.
std::optional<std::size_t> Balancer::choose_in_turn(std::span<const Candidate> candidates) {
    std::optional<std::size_t> best;
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i) {
        if (!candidates[i].usable) continue;
        turns_[i] += weights_[i];
        sum += weights_[i];
        if (!best || turns_[i] > turns_[*best]) best = i;
    }
    if (best) turns_[*best] -= sum;
    return best;
}

/// Servers that are equally busy take turns.
std::optional<std::size_t> Balancer::choose_least(std::span<const Candidate> candidates) {
    const auto load = [&](std::size_t a, std::size_t b) { return std::uint64_t{candidates[a].active} * weights_[b]; };
    std::optional<std::size_t> least;
    for (std::size_t i = 0; i < candidates.size(); ++i)
        if (candidates[i].usable && (!least || load(i, *least) < load(*least, i))) least = i;
    if (!least) return std::nullopt;
    std::vector<Candidate> equal(candidates.begin(), candidates.end());
    for (std::size_t i = 0; i < equal.size(); ++i)
        equal[i].usable = equal[i].usable && load(i, *least) == load(*least, i);
    return choose_in_turn(equal);
}

/// The first usable server at or behind the key on the ring: when one fails, only its own keys move.
std::optional<std::size_t> Balancer::choose_by_hash(std::span<const Candidate> candidates, std::uint64_t key) const {
    const auto begin = std::ranges::lower_bound(ring_, std::pair(key, std::size_t{0}));
    for (auto point = begin; point != ring_.end(); ++point)
        if (candidates[point->second].usable) return point->second;
    for (auto point = ring_.begin(); point != begin; ++point)
        if (candidates[point->second].usable) return point->second;
    return std::nullopt;
}

}  // namespace hourglass::proxy
