#pragma once

#include <CLI/App.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/runtime/control.h"
#include "hourglass/runtime/setup_error.h"
#include "hourglass/runtime/tun_host.h"

namespace hourglass::cli {

/// The options of every command that has a host of its own on a TUN or TAP device.
struct NetworkOptions {
    std::string tun = "hg0";
    std::string tap{};
    bool dhcp = false;
    bool rootless = false;
    std::vector<std::string> kernel_addresses;
    std::uint32_t mtu = 1500;
    std::string capture;
    std::string control;

    [[nodiscard]] const std::string& device() const { return tap.empty() ? tun : tap; }
};

void declare(CLI::App& app, NetworkOptions& options);

/// An address with or without the length of its prefix: /24 and /64 are filled in.
[[nodiscard]] Prefix parse_link_address(std::string_view option, const std::string& text);

/// False where the kernel was built or booted without IPv6: addresses that nobody asked for are then left out.
[[nodiscard]] bool kernel_speaks_v6();

/// The failure that a set-up error means to a command; `rootless` is how one gets around missing privilege.
[[noreturn]] void fail(const runtime::SetupError& error, bool rootless);

/// A running host with the addresses `own`, in a private network if the options say so, and with its control socket.
struct LiveHost {
    std::unique_ptr<runtime::TunHost> tun_host;
    std::unique_ptr<runtime::ControlServer> control;

    [[nodiscard]] ip::Host& host() const { return tun_host->host(); }
};

/// `tcp`: settings of the transport; the rest comes from the options.
[[nodiscard]] LiveHost bring_up(asio::io_context& context, const NetworkOptions& options, std::vector<Prefix> own,
                                const tcp::Settings& tcp = {});

}  // namespace hourglass::cli
