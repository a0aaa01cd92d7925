#pragma once

#include "hourglass/base/address.h"

namespace hourglass::ip {

/// RFC 1112, section 4.
inline constexpr IpAddress kAllHosts = IpAddress::v4(224, 0, 0, 1);
/// RFC 4291, section 2.7.1, on the link.
inline constexpr IpAddress kAllNodes = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
inline constexpr IpAddress kAllRouters = IpAddress::v6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2});
/// All nodes within the host.
inline constexpr IpAddress kAllNodesOfInterface = IpAddress::v6({0xff, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});

}  // namespace hourglass::ip
