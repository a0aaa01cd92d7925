#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/ip/host.h"
#include "ip/address_words.h"

namespace hourglass::ip {

/// Where a datagram goes next: the neighbour is the gateway, or the destination itself when that is on the link.
struct NextHop {
    InterfaceId interface {};
    IpAddress neighbour;
};

/// Routes by longest prefix match (RFC 1122, section 3.3.1.2; RFC 1812, section 5.2.4.3). Among equal prefixes the one
/// added first wins. Kept longest first, so that the first match is the best: made for a host's handful.
class RouteTable {
  public:
    void add(const Route& route);
    /// Takes away the first route that equals this one.
    void remove(const Route& route);
    [[nodiscard]] std::optional<NextHop> find(const IpAddress& destination) const noexcept;

  private:
    struct Entry {
        AddressWords network{};
        AddressWords mask{};
        Route route;
    };
    [[nodiscard]] const std::vector<Entry>& of_family(const IpAddress& a) const { return a.is_v4() ? v4_ : v6_; }

    std::vector<Entry> v4_;
    std::vector<Entry> v6_;
};

}  // namespace hourglass::ip
