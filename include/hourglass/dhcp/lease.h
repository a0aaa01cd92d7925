#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/dhcp/message.h"

namespace hourglass::dhcp {

/// What a server has given, and until when (RFC 2131, section 4.4.5). The instants of an endless lease are `kNever`.
struct Lease {
    Prefix address{};                       ///< With the length of the subnet mask.
    IpAddress server = IpAddress::v4(0);    ///< The server identifier.
    std::optional<IpAddress> router{};      ///< The first one, which is the preferred one.
    std::vector<IpAddress> name_servers{};  ///< In the order of preference.
    std::string domain{};                   ///< Domain name; empty when none is given.
    std::optional<std::uint32_t> mtu{};     ///< Of the interface, in octets.
    Instant since{};                        ///< It was asked for.
    Instant renew_at = kNever;              ///< T1.
    Instant rebind_at = kNever;             ///< T2.
    Instant ends_at = kNever;
    bool operator==(const Lease&) const = default;
};

/// Limits on what is read from an acknowledgement.
struct LeaseLimits {
    std::size_t max_name_servers = 4;
    Duration shortest = std::chrono::seconds(10);  ///< A shorter lease is none: it would be asked for all the time.
};

/// The lease that an acknowledgement gives, counted from `since`, when it was asked for. Nothing when it lacks an
/// address, a server or a lease time that can be. Without a subnet mask the class of the address decides (RFC 950);
/// without usable T1 and T2 they are a half and seven eighths of the lease (RFC 2131, section 4.4.5).
[[nodiscard]] std::optional<Lease> read_lease(const MessageView& message, Instant since, const LeaseLimits& limits);

}  // namespace hourglass::dhcp
