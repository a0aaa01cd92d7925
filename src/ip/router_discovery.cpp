#include "ip/router_discovery.h"

#include <algorithm>

namespace hourglass::ip {

namespace {

// RFC 4861, section 10.
constexpr Duration kSolicitationInterval = std::chrono::seconds(4);
constexpr Duration kReachableTime = std::chrono::seconds(30);
constexpr Duration kRetransmitTime = std::chrono::seconds(1);
// RFC 4861, section 6.2.1: a router says an hour at most.
constexpr Duration kMaxReachableTime = std::chrono::hours(1);
// Beyond these, a router would have us flood the link with solicitations, or find no neighbour.
constexpr Duration kMinRetransmitTime = std::chrono::milliseconds(100);
constexpr Duration kMaxRetransmitTime = std::chrono::seconds(10);
constexpr std::uint32_t kMinMtu = 1280;  // RFC 8200, section 5.

}  // namespace

void RouterDiscovery::advertised(const IpAddress& router, const wire::RouterAdvertisement& advertisement, Instant now) {
    take_router(router, advertisement.router_lifetime, now);
    take_parameters(advertisement);
    for (const wire::PrefixInformation& information : advertisement.announced())
        if (information.on_link && !information.prefix.address.is_link_local()) take_prefix(information, now);
}

/// RFC 4861, section 6.3.4. Whoever has heard a default router asks for none any more (section 6.3.7).
void RouterDiscovery::take_router(const IpAddress& router, std::chrono::seconds lifetime, Instant now) {
    if (lifetime == lifetime.zero()) return remove_router(router);
    next_solicitation_ = kNever;
    const auto known = std::ranges::find(routers_, router, &Router::address);
    if (known != routers_.end())
        known->until = now + lifetime;
    else if (routers_.size() < settings_.max_routers)
        routers_.push_back({router, now + lifetime});
    choose_router();
}

/// RFC 4861, section 6.3.4: a zero lifetime ends it at once.
void RouterDiscovery::take_prefix(const wire::PrefixInformation& information, Instant now) {
    const Instant until = end_of(information.valid_lifetime, now);
    const auto known = std::ranges::find_if(prefixes_, [&](const OnLink& on_link) {
        return on_link.prefix.length == information.prefix.length &&
               on_link.prefix.contains(information.prefix.address);
    });
    if (known != prefixes_.end()) {
        known->until = until;
        if (until <= now) poll(now);
    } else if (until > now && prefixes_.size() < settings_.max_prefixes) {
        prefixes_.push_back({information.prefix, until});
        output_.add_link_route(route_to(information.prefix));
    }
}

/// RFC 4861, section 6.3.4: zero says nothing. The reachable time is drawn anew when its base changes.
void RouterDiscovery::take_parameters(const wire::RouterAdvertisement& advertisement) {
    if (advertisement.hop_limit >= std::max<std::uint8_t>(settings_.least_hop_limit, 1))
        output_.set_hop_limit_v6(advertisement.hop_limit);
    if (advertisement.mtu && *advertisement.mtu >= kMinMtu && *advertisement.mtu <= device_mtu_)
        output_.set_mtu_v6(interface_, *advertisement.mtu);
    const Duration reachable = advertisement.reachable_time, retransmit = advertisement.retransmit_timer;
    const bool new_reachable =
        reachable > Duration::zero() && reachable <= kMaxReachableTime && reachable != reachable_time_;
    const bool new_retransmit =
        retransmit >= kMinRetransmitTime && retransmit <= kMaxRetransmitTime && retransmit != retransmit_time_;
    if (new_reachable) reachable_time_ = reachable;
    if (new_retransmit) retransmit_time_ = retransmit;
    if (!new_reachable && !new_retransmit) return;
    // MIN_RANDOM_FACTOR and MAX_RANDOM_FACTOR: a half, and one and a half.
    const Duration base = reachable_time_.value_or(kReachableTime);
    const Duration drawn =
        base / 2 + Duration(static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(base.count()))));
    output_.set_neighbour_times(interface_, drawn, retransmit_time_.value_or(kRetransmitTime));
}

void RouterDiscovery::failed(const IpAddress& router) {
    const auto known = std::ranges::find(routers_, router, &Router::address);
    if (known == routers_.end()) return;
    std::rotate(known, known + 1, routers_.end());
    choose_router();
}

void RouterDiscovery::resigned(const IpAddress& router) { remove_router(router); }

void RouterDiscovery::remove_router(const IpAddress& router) {
    if (std::erase_if(routers_, [&](const Router& known) { return known.address == router; }) > 0) choose_router();
}

void RouterDiscovery::choose_router() {
    const auto best = routers_.empty() ? std::nullopt : std::optional(routers_.front().address);
    if (best == in_use_) return;
    if (in_use_) output_.remove_link_route(route_by(*in_use_));
    in_use_ = best;
    if (in_use_) output_.add_link_route(route_by(*in_use_));
}

void RouterDiscovery::poll(Instant now) {
    if (next_solicitation_ <= now) {
        const bool more = solicitations_ < settings_.router_solicitations;
        next_solicitation_ = more ? now + kSolicitationInterval : kNever;
        if (more) {
            ++solicitations_;
            output_.solicit_routers(interface_);
        }
    }
    std::erase_if(routers_, [now](const Router& router) { return router.until <= now; });
    choose_router();
    std::erase_if(prefixes_, [&](const OnLink& on_link) {
        if (on_link.until > now) return false;
        output_.remove_link_route(route_to(on_link.prefix));
        return true;
    });
}

Instant RouterDiscovery::next_deadline() const {
    Instant first = next_solicitation_;
    for (const Router& router : routers_) first = std::min(first, router.until);
    for (const OnLink& on_link : prefixes_) first = std::min(first, on_link.until);
    return first;
}

std::vector<IpAddress> RouterDiscovery::routers() const {
    std::vector<IpAddress> result;
    for (const Router& router : routers_) result.push_back(router.address);
    return result;
}

}  // namespace hourglass::ip
