#include "cli/network.h"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fmt/core.h>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

#include "cli/command.h"
#include "cli/control_path.h"
#include "cli/recording.h"
#include "hourglass/proxy/configuration_reader.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/network_namespace.h"
#include "hourglass/runtime/report.h"

namespace hourglass::cli {

namespace {

constexpr std::uint32_t kSmallestMtu = 1280;  ///< RFC 8200, section 5.
constexpr std::uint32_t kLargestMtu = 65535;
constexpr std::string_view kRecordedHost = "host";  ///< Our host's name in a record.
constexpr std::uint64_t kLeastRecord = std::uint64_t{1} << 20;

/// Octets in the place of a size with a unit; what is wrong with it.
std::string read_record_limit(std::string& text) {
    const auto size = proxy::parse_size(text);
    if (!size || *size < kLeastRecord) return fmt::format("'{}': write a size like 64MiB, 1MiB or more", text);
    text = std::to_string(*size);
    return "";
}

std::string answer(std::string_view question, runtime::TunHost& here) {
    if (question == "connections") return runtime::connections_report(here.host(), runtime::now());
    if (question == "counters") return runtime::counters_report(here.host(), here.tun().counters());
    return R"({"error": "unknown question"})";
}

dns::Zone read_zone(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    if (!file.is_open() || file.bad())
        throw Failure{kBadInput, fmt::format("--zone {}: {}", path, std::strerror(errno))};
    auto zone = dns::Zone::parse(text);
    if (!zone) throw Failure{kBadInput, fmt::format("--zone {}: {}", path, zone.error().to_string())};
    return std::move(*zone);
}

/// Answers for the zone at port 53 of all our addresses.
std::unique_ptr<dns::HostServer> serve_names(ip::Host& host, dns::Zone zone) {
    constexpr Port port{53};
    std::vector<dns::Zone> zones;
    zones.push_back(std::move(zone));
    auto server = std::make_unique<dns::HostServer>(host, std::move(zones));
    for (const IpAddress& any : {IpAddress::v4(0), IpAddress::v6({})})
        if (const auto listening = server->listen({any, port}); !listening)
            throw Failure{kBadInput, fmt::format("--zone: {}", listening.error())};
    return server;
}

}  // namespace

bool kernel_speaks_v6() {
    std::error_code error;
    return std::filesystem::exists("/proc/net/if_inet6", error);
}

void declare(CLI::App& app, NetworkOptions& options) {
    auto* os =
        app.add_flag("--os", options.os, "Over the operating system's TCP; so it is unless a device is asked for");
    auto* tun =
        app.add_option("--tun", options.tun, "Over our own TCP, on a TUN device: an existing one, or one to make");
    tun->type_name("NAME")->excludes(os);
    auto* tap =
        app.add_option("--tap", options.tap, "TAP device instead: Ethernet frames, as a port of a bridge has them");
    tap->type_name("NAME")->excludes(tun)->excludes(os);
    app.add_flag("--dhcp", options.dhcp,
                 "Get our addresses from the link of the TAP device: IPv4 by DHCP, IPv6 by router advertisements")
        ->needs(tap);
    app.add_flag("--rootless", options.rootless,
                 "Over our own TCP, in a private network for the device (default: --tun hg0) and the program behind "
                 "'--': takes no privilege")
        ->excludes(os);
    app.add_option("--host-address", options.kernel_addresses,
                   "The kernel's address on the device (default: the first of the link)")
        ->type_name("ADDR[/LEN]");
    app.add_option("--mtu", options.mtu, "Largest IP datagram on the device (default: 1500)")
        ->type_name("BYTES")
        ->check(CLI::Range(kSmallestMtu, kLargestMtu).description(""));
    app.add_option("--capture", options.capture, "Write every packet to a pcapng file")->type_name("FILE");
    auto* record = app.add_option("--record", options.record,
                                  "Record the TCP of our host for 'hourglass replay'; keep it to yourself");
    record->type_name("FILE");
    app.add_option("--record-limit", options.record_limit,
                   "What a record has at most, 1MiB or more: it keeps the latest (default: 1GiB)")
        ->type_name("SIZE")
        ->transform(CLI::Validator(read_record_limit, ""))
        ->needs(record);
    app.add_option("--control", options.control, "Socket that 'hourglass stat' asks (default: one of its own)")
        ->type_name("PATH");
}

void declare_zone(CLI::App& app, NetworkOptions& options) {
    app.add_option("--zone", options.zone,
                   "Answer DNS for the names in this master file (RFC 1035), at port 53 of our addresses")
        ->type_name("FILE");
}

void refuse_own_host_options(const NetworkOptions& options, const std::vector<std::string_view>& others) {
    std::vector<std::string_view> given = others;
    if (!options.kernel_addresses.empty()) given.emplace_back("--host-address");
    if (options.mtu) given.emplace_back("--mtu");
    if (!options.capture.empty()) given.emplace_back("--capture");
    if (!options.record.empty()) given.emplace_back("--record");
    if (!options.control.empty()) given.emplace_back("--control");
    if (!options.zone.empty()) given.emplace_back("--zone");
    if (given.empty()) return;
    throw Failure{kBadInput, fmt::format("{} is for our own TCP: add --rootless, or --tun NAME", given.front())};
}

Prefix parse_link_address(std::string_view option, const std::string& text) {
    std::string whole = text;
    if (const auto address = IpAddress::parse(text)) whole += address->is_v4() ? "/24" : "/64";
    const auto prefix = Prefix::parse(whole);
    if (!prefix)
        throw Failure{kBadInput, fmt::format("{} {}: {}; write it like 10.0.0.1/24", option, text, prefix.error())};
    return *prefix;
}

void fail(const runtime::SetupError& error, bool rootless) {
    const bool forbidden =
        error.code == std::errc::operation_not_permitted || error.code == std::errc::permission_denied;
    throw Failure{kBadInput, error.message + (forbidden && !rootless ? ", or use --rootless" : "")};
}

LiveHost::~LiveHost() {
    if (recorder) close_recorder(*recorder, record);
}

void reload_zone(const LiveHost& live, const NetworkOptions& options) {
    if (live.names == nullptr) return;
    std::vector<dns::Zone> zones;
    zones.push_back(read_zone(options.zone));
    live.names->reload(std::move(zones));
}

LiveHost bring_up(asio::io_context& context, const NetworkOptions& options, std::vector<Prefix> own,
                  const tcp::Settings& tcp) {
    runtime::TunHostSettings settings;
    settings.tun.name = options.device();
    settings.ethernet = !options.tap.empty();
    settings.self_configuring = options.dhcp;
    if (options.mtu) settings.tun.mtu = *options.mtu;
    settings.addresses = std::move(own);
    for (const std::string& text : options.kernel_addresses)
        settings.kernel_addresses.push_back(parse_link_address("--host-address", text));
    settings.capture = options.capture;
    settings.host.tcp = tcp;
    std::optional<dns::Zone> zone;
    if (!options.zone.empty()) zone = read_zone(options.zone);
    // Inside, this user is another one.
    const auto control_path = control_path_for(options.control);

    LiveHost live;
    live.record = options.record;
    if (!options.record.empty()) live.recorder = open_recorder(options.record, options.record_limit);
    if (live.recorder)
        settings.on_message = [recorder = live.recorder.get()](const runtime::LinkMessage& message) {
            recorder->note(message.time, message.sent ? kRecordedHost : "peer", message.text);
        };
    if (options.rootless)
        if (const auto inside = runtime::enter_private_network(); !inside) fail(inside.error(), true);
    auto tun_host = runtime::TunHost::open(context, std::move(settings));
    if (!tun_host) fail(tun_host.error(), options.rootless);
    live.tun_host = std::move(*tun_host);
    if (live.recorder) live.recorder->record(kRecordedHost, live.host().tcp());
    auto control = runtime::ControlServer::open(
        context, control_path,
        [here = live.tun_host.get()](std::string_view question) { return answer(question, *here); });
    if (!control) fail(control.error(), options.rootless);
    live.control = std::move(*control);
    if (zone) live.names = serve_names(live.host(), std::move(*zone));
    return live;
}

}  // namespace hourglass::cli
