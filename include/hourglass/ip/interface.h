#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"

namespace hourglass::ip {

/// Names an interface of one host: 0, 1, 2 ... in the order of `add_interface`.
enum class InterfaceId : std::uint8_t {};

/// What an interface carries.
enum class Medium : std::uint8_t {
    ip,        ///< Bare IP datagrams (TUN, point to point): no neighbours to find.
    ethernet,  ///< Ethernet II frames: ARP and neighbour discovery.
};

/// How the link is asked whether another host has an address, before that address is used.
struct DuplicateTest {
    Duration max_delay{};           ///< Before the first probe: random up to this, so that hosts don't ask in step.
    std::uint32_t probes = 1;       ///< 0: the address is taken without a question.
    Duration min_interval{};        ///< From one probe to the next: random between these two.
    Duration max_interval{};        ///< Not below `min_interval`.
    Duration wait{};                ///< For answers to the last probe.
    std::uint32_t announcements{};  ///< Of an IPv4 address that has passed, two seconds apart.
};

/// RFC 4862, section 5.4, with the constants of RFC 4861, section 10.
inline constexpr DuplicateTest kDuplicateTestV6{.max_delay = std::chrono::seconds(1),
                                                .probes = 1,
                                                .min_interval = std::chrono::seconds(1),
                                                .max_interval = std::chrono::seconds(1),
                                                .wait = std::chrono::seconds(1)};
/// RFC 5227, section 1.1.
inline constexpr DuplicateTest kDuplicateTestV4{.max_delay = std::chrono::seconds(1),
                                                .probes = 3,
                                                .min_interval = std::chrono::seconds(1),
                                                .max_interval = std::chrono::seconds(2),
                                                .wait = std::chrono::seconds(2),
                                                .announcements = 2};

/// How an Ethernet interface configures itself for IPv6 (RFC 4862).
struct AutoconfigurationSettings {
    /// Keys the interface identifiers (RFC 7217, section 5): the same secret, name and prefix give the same address.
    SipKey secret{};
    std::string network{};  ///< Network_ID of RFC 7217: what tells networks with the same prefix apart. May be empty.
    DuplicateTest duplicate_test = kDuplicateTestV6;
    std::uint32_t router_solicitations = 3;  ///< MAX_RTR_SOLICITATIONS (RFC 4861, section 10), four seconds apart.
    std::uint8_t least_hop_limit = 32;       ///< A router that asks for a lower one is not obeyed: it would cut us off.
    std::uint32_t max_routers = 8;           ///< Default routers that are remembered.
    std::uint32_t max_prefixes = 16;         ///< Prefixes that are on the link.
    std::uint32_t max_addresses = 16;        ///< Addresses formed from prefixes, the link-local one included.
};

struct InterfaceSettings {
    std::string name = "hg0";
    Medium medium = Medium::ip;
    MacAddress mac{};                 ///< For `Medium::ethernet`.
    std::uint32_t mtu = 1500;         ///< Largest IP datagram.
    std::uint32_t max_gso = 0;        ///< Payload of the largest TCP super-segment that the device cuts; 0: none.
    bool checksum_offload = false;    ///< The device completes TCP and UDP checksums.
    std::vector<Prefix> addresses{};  ///< Each with the prefix that is on the link. They are taken without a test.
    /// With `Medium::ethernet`, on a host that does not forward: IPv6 addresses and routers come from the link.
    std::optional<AutoconfigurationSettings> autoconfiguration{};
};

struct Route {
    Prefix destination{};                ///< The longest match wins.
    std::optional<IpAddress> gateway{};  ///< None: the destination is on the link.
    InterfaceId interface {};
    bool operator==(const Route&) const = default;
};

/// What has become of an address.
enum class AddressChange : std::uint8_t {
    added,
    deprecated,  ///< It still works, and is not chosen any more where there is another (RFC 4862, section 5.5.4).
    preferred,   ///< A router has renewed a deprecated one.
    removed,
    duplicate,  ///< Another host has it: it is not used (RFC 4862, section 5.4.5).
};

/// Told of addresses that come and go, from `Host::poll`: it may call anything.
using AddressHandler = std::function<void(InterfaceId, const Prefix&, AddressChange)>;
/// Told whether an address that was tried is now ours, from `Host::poll`: it may call anything.
using TrialHandler = std::function<void(bool ours, Instant now)>;

}  // namespace hourglass::ip
