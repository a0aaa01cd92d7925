#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hourglass/dhcp/message.h"

namespace hourglass::dhcp::testing {

/// What a server that is played by hand gives.
struct Terms {
    IpAddress address = IpAddress::v4(10, 0, 0, 50);
    IpAddress server = IpAddress::v4(10, 0, 0, 1);
    std::optional<IpAddress> mask = IpAddress::v4(255, 255, 255, 0);
    std::optional<std::uint32_t> lease = 1000;
    std::optional<std::uint32_t> renewal{}, rebinding{};
};

/// The answer to `request`, with a router, a name server, a domain and an MTU of 1400.
std::vector<std::byte> answer(std::span<const std::byte> request, MessageType type, const Terms& terms = {});

}  // namespace hourglass::dhcp::testing
