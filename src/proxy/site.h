#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hourglass/proxy/configuration.h"
#include "hourglass/proxy/freshness.h"
#include "hourglass/proxy/rate_limiter.h"
#include "hourglass/proxy/response_cache.h"
#include "hourglass/proxy/routes.h"
#include "proxy/upstream_group.h"

namespace hourglass::proxy::detail {

class Exchange;

/// What all configurations of a proxy share.
struct Shared {
    Surroundings around;
    std::function<WallTime()> wall_clock;
    std::unique_ptr<ResponseCache> cache{};  ///< none: nothing is stored
    /// Those who wait for a time, or for another one's response.
    std::unordered_set<std::shared_ptr<Exchange>> paused{};
    /// What is being fetched for the cache, by its key, and who else wants it.
    std::unordered_map<std::string, std::vector<std::weak_ptr<Exchange>>> flights{};
};

/// A route with what it needs.
struct SiteRoute {
    const RouteConfiguration& configuration;
    UpstreamGroup& upstream;
    std::unique_ptr<RateLimiter> limiter{};
};

/// One configuration at work. Requests hold it, so that after a reload it lasts as long as they do.
class Site {
  public:
    Site(Shared& shared, Configuration configuration);

    /// The route of a request; null when there is none.
    [[nodiscard]] SiteRoute* find(const http::Request& request);

    /// No new requests will come.
    void retire();
    /// Ends everything.
    void shut_down();
    [[nodiscard]] bool empty() const;

    [[nodiscard]] const Configuration& configuration() const { return configuration_; }
    [[nodiscard]] Shared& shared() const { return shared_; }

  private:
    Shared& shared_;
    Configuration configuration_;
    std::map<std::string, std::unique_ptr<UpstreamGroup>> upstreams_;
    std::vector<SiteRoute> routes_;
    Routes table_;
};

}  // namespace hourglass::proxy::detail
