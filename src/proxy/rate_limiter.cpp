#include "hourglass/proxy/rate_limiter.h"

#include <algorithm>
#include <cmath>

namespace hourglass::proxy {

namespace {

IpAddress subscriber(const IpAddress& client) {
    if (client.is_v4()) return client;
    auto bytes = client.octets();
    std::fill(bytes.begin() + 8, bytes.end(), std::uint8_t{0});
    return IpAddress::v6(bytes);
}

}  // namespace

std::optional<Duration> RateLimiter::take(const IpAddress& client, Instant now) {
    const IpAddress who = subscriber(client);
    const auto known = index_.find(who);
    if (known != index_.end()) {
        buckets_.splice(buckets_.begin(), buckets_, known->second);
    } else {
        if (buckets_.size() >= std::max<std::uint32_t>(limits_.clients, 1)) {
            index_.erase(buckets_.back().client);
            buckets_.pop_back();
        }
        buckets_.push_front({who, static_cast<double>(limits_.burst), now});
        index_.emplace(who, buckets_.begin());
    }
    Bucket& bucket = buckets_.front();
    bucket.tokens =
        std::min(static_cast<double>(limits_.burst), bucket.tokens + to_seconds(now - bucket.at) * limits_.rate);
    bucket.at = now;
    if (bucket.tokens >= 1) {
        bucket.tokens -= 1;
        return std::nullopt;
    }
    return std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::duration<double>((1 - bucket.tokens) / limits_.rate));
}

}  // namespace hourglass::proxy
