#pragma once

#include <CLI/App.hpp>
#include <asio/io_context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/recording.h"
#include "hourglass/base/address.h"
#include "hourglass/dns/over_host.h"
#include "hourglass/runtime/control.h"
#include "hourglass/runtime/setup_error.h"
#include "hourglass/runtime/tun_host.h"
#include "hourglass/trace/flight_recorder.h"

namespace hourglass::cli {

/// The options of every command that runs over the operating system's TCP, or has a host of its own on a TUN or TAP
/// device.
struct NetworkOptions {
    bool os = false;
    std::string tun{};
    std::string tap{};
    bool dhcp = false;
    bool rootless = false;
    std::vector<std::string> kernel_addresses;
    std::optional<std::uint32_t> mtu{};
    std::string capture;
    std::string record{};
    std::uint64_t record_limit = kRecordLimit;  ///< Octets.
    std::string control;
    std::string zone{};

    /// Over the operating system's TCP, which is so unless a device is asked for.
    [[nodiscard]] bool over_os() const { return tun.empty() && tap.empty() && !rootless; }
    [[nodiscard]] std::string device() const { return !tap.empty() ? tap : tun.empty() ? "hg0" : tun; }
};

void declare(CLI::App& app, NetworkOptions& options);
/// The options of those that serve: names for their addresses.
void declare_zone(CLI::App& app, NetworkOptions& options);

/// Throws when options are given that a host of our own is needed for; `others` are further ones, by name.
void refuse_own_host_options(const NetworkOptions& options, const std::vector<std::string_view>& others);

/// An address with or without the length of its prefix: /24 and /64 are filled in.
[[nodiscard]] Prefix parse_link_address(std::string_view option, const std::string& text);

/// False where the kernel was built or booted without IPv6: addresses that nobody asked for are then left out.
[[nodiscard]] bool kernel_speaks_v6();

/// The failure that a set-up error means to a command; `rootless` is how one gets around missing privilege.
[[noreturn]] void fail(const runtime::SetupError& error, bool rootless);

/// A running host with the addresses `own`, in a private network if the options say so, and with its control socket.
struct LiveHost {
    std::unique_ptr<trace::FlightRecorder> recorder{};  ///< Where a record is wanted; told of what passes the device.
    std::string record{};
    std::unique_ptr<runtime::TunHost> tun_host;
    std::unique_ptr<runtime::ControlServer> control;
    std::unique_ptr<dns::HostServer> names;  ///< Where a zone was given.

    LiveHost() = default;
    ~LiveHost();
    LiveHost(LiveHost&&) = default;
    LiveHost& operator=(LiveHost&&) = delete;

    [[nodiscard]] ip::Host& host() const { return tun_host->host(); }
};

/// Reads the zone file again, if there is one. Throws `Failure`, and nothing has changed then.
void reload_zone(const LiveHost& live, const NetworkOptions& options);

/// `tcp`: settings of the transport; the rest comes from the options.
[[nodiscard]] LiveHost bring_up(asio::io_context& context, const NetworkOptions& options, std::vector<Prefix> own,
                                const tcp::Settings& tcp = {});

}  // namespace hourglass::cli
