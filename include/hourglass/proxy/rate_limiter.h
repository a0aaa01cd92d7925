#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/proxy/configuration.h"

namespace hourglass::proxy {

/// A token bucket for each client: `burst` requests at once, and `rate` a second in the long run. A client is an IPv4
/// address, or an IPv6 network of 64 bits, which is what one subscriber has.
class RateLimiter {
  public:
    explicit RateLimiter(const RateLimitConfiguration& limits) : limits_(limits) {}

    /// Nothing when the client may go on; otherwise the time after which it may.
    [[nodiscard]] std::optional<Duration> take(const IpAddress& client, Instant now);
    /// Clients that are remembered.
    [[nodiscard]] std::size_t clients() const noexcept { return buckets_.size(); }

  private:
    struct Bucket {
        IpAddress client{};
        double tokens = 0;
        Instant at{};  ///< when the tokens were counted
    };
    RateLimitConfiguration limits_;
    std::list<Bucket> buckets_{};  ///< the one that was used last in front
    std::map<IpAddress, std::list<Bucket>::iterator> index_{};
};

}  // namespace hourglass::proxy
