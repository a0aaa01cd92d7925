#include "proxy/site.h"

#include <algorithm>

namespace hourglass::proxy::detail {

Site::Site(Shared& shared, Configuration configuration)
    : shared_(shared), configuration_(std::move(configuration)), table_(configuration_.routes) {
    for (const UpstreamConfiguration& upstream : configuration_.upstreams)
        upstreams_.emplace(upstream.name, std::make_unique<UpstreamGroup>(shared.around, upstream));
    for (const RouteConfiguration& route : configuration_.routes) {
        SiteRoute& added = routes_.emplace_back(SiteRoute{route, *upstreams_.at(route.upstream), nullptr});
        if (route.rate_limit) added.limiter = std::make_unique<RateLimiter>(*route.rate_limit);
    }
}

SiteRoute* Site::find(const http::Request& request) {
    const auto found = table_.find(request.authority(), request.path());
    return found ? &routes_[*found] : nullptr;
}

void Site::retire() {
    for (const auto& [name, upstream] : upstreams_) upstream->retire();
}

void Site::shut_down() {
    for (const auto& [name, upstream] : upstreams_) upstream->shut_down();
}

bool Site::empty() const {
    return std::ranges::all_of(upstreams_, [](const auto& upstream) { return upstream.second->empty(); });
}

}  // namespace hourglass::proxy::detail
