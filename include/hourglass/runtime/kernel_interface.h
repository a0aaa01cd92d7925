#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/runtime/setup_error.h"

namespace hourglass::runtime {

/// The kernel's end of a point-to-point link: how the operating system sees an interface.
struct KernelInterface {
    bool up = false;
    std::uint32_t mtu = 0;            ///< Largest IP datagram, in octets.
    std::uint32_t queue_length = 0;   ///< Packets that wait for the device; further ones are dropped.
    std::vector<Prefix> addresses{};  ///< Link-local IPv6 addresses included.
};

/// What an interface is to be. Nothing that is so already is touched, so that an interface which root has prepared can
/// be used without being root.
struct KernelInterfaceChange {
    std::uint32_t mtu = 0;           ///< 0: as it is.
    std::uint32_t queue_length = 0;  ///< 0: as it is. A wish: it stays as it is when the privilege is missing.
    std::vector<Prefix> addresses;   ///< To be there; others stay.
};

/// How the interface `name` stands now.
[[nodiscard]] std::expected<KernelInterface, SetupError> inspect_interface(const std::string& name);

/// Brings the interface `name` up with what `change` asks for (rtnetlink(7)). IPv6 addresses work at once, without
/// duplicate address detection, and the kernel adds no link-local one. Takes CAP_NET_ADMIN if there is anything to do.
std::expected<void, SetupError> configure_interface(const std::string& name, const KernelInterfaceChange& change);

}  // namespace hourglass::runtime
