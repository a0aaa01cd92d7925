#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>

#include "hourglass/wire/neighbor_discovery.h"
#include "ip/ladder.h"

namespace hourglass::ip::testing {

/// Two hosts on one Ethernet link, `a` configuring itself and `b` too if asked, and a router that is played by hand: it
/// says what the test lets it say.
struct RoutedLink : Ladder {
    struct Settings {
        HostSettings host{};
        AutoconfigurationSettings a{.secret = {1, 2}};
        std::optional<AutoconfigurationSettings> b{};
    };
    RoutedLink();
    explicit RoutedLink(const Settings& settings);

    /// `router` says this to both hosts, or to `to`.
    void advertise(const wire::RouterAdvertisement& advertisement, std::string_view router = "fe80::1",
                   std::string_view to = "ff02::1", std::uint8_t hop_limit = 255);
    /// A neighbour solicitation for `target` arrives at `a`; `::` as the source tests for duplicates.
    void solicit(const IpAddress& source, const IpAddress& target);
    /// A neighbour advertisement of `target` arrives at `a`.
    void claim(const IpAddress& target);
    /// The addresses that `a` has now, or the given host.
    [[nodiscard]] std::vector<Prefix> addresses(const Host& host) const {
        return host.interface(InterfaceId{0}).addresses;
    }
    [[nodiscard]] std::vector<Prefix> addresses() const { return addresses(a); }
    /// Lines with this text.
    [[nodiscard]] std::size_t count(std::string_view line) const;

    Host& a;
    Host& b;
    End at_a;
    End at_b;
};

/// What a router says: one prefix, on the link and for addresses, with these lifetimes in seconds.
wire::RouterAdvertisement with_prefix(std::string_view prefix, std::uint32_t valid, std::uint32_t preferred);

}  // namespace hourglass::ip::testing
