#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/interface.h"
#include "hourglass/wire/neighbor_discovery.h"

namespace hourglass::ip {

/// What router discovery asks of its host. The calls come from inside: the host must not call back.
class RouterDiscoveryOutput {
  public:
    virtual ~RouterDiscoveryOutput() = default;
    virtual void solicit_routers(InterfaceId interface) = 0;
    virtual void add_link_route(const Route& route) = 0;
    virtual void remove_link_route(const Route& route) = 0;
    virtual void set_mtu_v6(InterfaceId interface, std::uint32_t mtu) = 0;
    virtual void set_hop_limit_v6(std::uint8_t hop_limit) = 0;
    virtual void set_neighbour_times(InterfaceId interface, Duration reachable, Duration retransmit) = 0;
};

/// What the routers of one link say to a host (RFC 4861, section 6.3): default routers, prefixes that are on the link,
/// its MTU and its timers. One default router at a time has the route; when it stops answering, the next one gets it
/// (section 6.3.6).
class RouterDiscovery {
  public:
    RouterDiscovery(InterfaceId interface, const AutoconfigurationSettings& settings, std::uint32_t device_mtu,
                    RouterDiscoveryOutput& output, std::uint64_t seed)
        : interface_(interface), settings_(settings), device_mtu_(device_mtu), output_(output), random_(seed) {}

    /// Asks for routers, now and a few times more (section 6.3.7). The link-local address has been tested.
    void start(Instant now) { next_solicitation_ = now; }
    /// A valid advertisement has come from `router`.
    void advertised(const IpAddress& router, const wire::RouterAdvertisement& advertisement, Instant now);
    /// It does not answer any more.
    void failed(const IpAddress& router);
    /// It says that it is a router no longer (section 7.2.5).
    void resigned(const IpAddress& router);

    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;
    /// The time between solicitations that routers ask for; that of the test in the settings otherwise.
    [[nodiscard]] std::optional<Duration> retransmit_time() const { return retransmit_time_; }
    /// The one in use first.
    [[nodiscard]] std::vector<IpAddress> routers() const;

  private:
    struct Router {
        IpAddress address{};
        Instant until{};
    };
    struct OnLink {
        Prefix prefix{};
        Instant until{};
    };

    void take_router(const IpAddress& router, std::chrono::seconds lifetime, Instant now);
    void take_prefix(const wire::PrefixInformation& information, Instant now);
    void take_parameters(const wire::RouterAdvertisement& advertisement);
    void choose_router();
    void remove_router(const IpAddress& router);
    [[nodiscard]] Route route_by(const IpAddress& router) const { return {{IpAddress{}, 0}, router, interface_}; }
    [[nodiscard]] Route route_to(const Prefix& prefix) const { return {prefix, std::nullopt, interface_}; }

    InterfaceId interface_;
    AutoconfigurationSettings settings_;
    std::uint32_t device_mtu_;
    RouterDiscoveryOutput& output_;
    Random random_;
    Instant next_solicitation_ = kNever;
    std::uint32_t solicitations_ = 0;  // Sent.
    std::vector<Router> routers_;      // The first one has the default route.
    std::optional<IpAddress> in_use_;  // Whose route is installed.
    std::vector<OnLink> prefixes_;
    std::optional<Duration> reachable_time_;
    std::optional<Duration> retransmit_time_;
};

/// The end of a lifetime in seconds that begins now; 0xffffffff seconds have none (RFC 4861, section 4.6.2).
[[nodiscard]] inline Instant end_of(std::chrono::duration<std::uint32_t> lifetime, Instant now) {
    if (lifetime.count() == 0xffffffff) return kNever;
    return now + std::chrono::duration_cast<Duration>(std::chrono::duration<std::int64_t>(lifetime));
}

}  // namespace hourglass::ip
