#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/dhcp/over_host.h"
#include "hourglass/ip/host.h"
#include "hourglass/link/tun_device.h"
#include "hourglass/runtime/host_loop.h"
#include "hourglass/runtime/message_link.h"
#include "hourglass/runtime/setup_error.h"

namespace asio {
class io_context;
}

namespace hourglass::runtime {

/// How an address of a lease is tested: shorter than RFC 5227's seven seconds, as the link is a bridge or none at all.
inline constexpr ip::DuplicateTest kQuickDuplicateTest{.probes = 3,
                                                       .min_interval = std::chrono::milliseconds(200),
                                                       .max_interval = std::chrono::milliseconds(200),
                                                       .wait = std::chrono::milliseconds(400),
                                                       .announcements = 2};

/// What a host on a TUN or TAP device is to be.
struct TunHostSettings {
    link::TunSettings tun;
    bool ethernet = false;  ///< A TAP device, which carries Ethernet frames.
    /// With `ethernet`: the host gets its addresses and routers from the link, IPv4 by DHCP and IPv6 by
    /// autoconfiguration with identifiers that stay the same on this machine. `addresses` are added to them.
    bool self_configuring = false;
    ip::DuplicateTest duplicate_test = kQuickDuplicateTest;  ///< Of the address of a lease.
    /// The host's own addresses, each with the prefix of its link.
    std::vector<Prefix> addresses;
    /// The kernel's addresses on the device. Unless the host configures itself: for a family without one, that of the
    /// host's first address decides: what the interface has on its link already, or else `first_other_address`.
    std::vector<Prefix> kernel_addresses;
    std::uint32_t queue_length = 4096;  ///< Packets that the device holds for the host.
    std::filesystem::path capture;      ///< A pcapng file of all packets of the link; empty: none.
    MessageLink::Told on_message;       ///< Told of DNS and HTTP messages; may be absent.
    ip::HostSettings host;              ///< Its secret is filled in.
    HostLoopSettings loop;
};

/// The first address of a prefix that can be a host's and is not `prefix.address`; nothing when there is none.
[[nodiscard]] std::optional<Prefix> first_other_address(const Prefix& prefix);

/// A host of our own beside the kernel's, joined to it by a TUN or TAP device, in real time: the device is made
/// and brought up, the host has its addresses and default routes to the kernel or gets them from the link, and runs on
/// an Asio context.
///
///     asio::io_context context;
///     auto here = TunHost::open(context, {.addresses = {*Prefix::parse("10.0.0.2/24")}});
///     (*here)->host().tcp().listen(...);
///     context.run();
class TunHost {
  public:
    static std::expected<std::unique_ptr<TunHost>, SetupError> open(asio::io_context& context,
                                                                    TunHostSettings settings);
    ~TunHost();
    TunHost(const TunHost&) = delete;
    TunHost& operator=(const TunHost&) = delete;

    [[nodiscard]] ip::Host& host();
    [[nodiscard]] HostLoop& loop();
    [[nodiscard]] const link::TunDevice& tun() const;
    /// The client that leases the IPv4 address; null unless the host configures itself. The lease is given back at the
    /// end.
    [[nodiscard]] dhcp::HostClient* dhcp();
    /// The kernel's end of the link.
    [[nodiscard]] const std::vector<Prefix>& kernel_addresses() const;
    /// Writes what the capture file still lacks. Also done at the end.
    void flush_capture();

  private:
    struct Parts;
    explicit TunHost(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace hourglass::runtime
