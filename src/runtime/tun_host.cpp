#include "hourglass/runtime/tun_host.h"

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <cerrno>
#include <chrono>
#include <fmt/core.h>
#include <fstream>
#include <utility>

#include "hourglass/link/tap.h"
#include "hourglass/link/tun.h"
#include "hourglass/runtime/clock.h"
#include "hourglass/runtime/explained_capture.h"
#include "hourglass/runtime/identity.h"
#include "hourglass/runtime/kernel_interface.h"
#include "hourglass/trace/pcapng.h"

namespace hourglass::runtime {

namespace {

/// A capture file that is being written.
struct CaptureFile {
    std::ofstream stream;
    std::unique_ptr<trace::PcapngWriter> writer;
};

std::expected<std::unique_ptr<CaptureFile>, SetupError> open_capture(const std::filesystem::path& path) {
    auto file = std::make_unique<CaptureFile>();
    errno = 0;
    file->stream.open(path, std::ios::binary | std::ios::trunc);
    if (!file->stream) {
        const std::error_code code(errno, std::generic_category());
        return std::unexpected(SetupError{
            code, fmt::format("the capture file '{}' cannot be written: {}", path.native(), code.message())});
    }
    const Duration unix_time = std::chrono::system_clock::now().time_since_epoch() - now().time_since_epoch();
    file->writer = std::make_unique<trace::PcapngWriter>(file->stream, trace::PcapngSettings{.unix_time = unix_time});
    return file;
}

bool same_family(const Prefix& a, const Prefix& b) { return a.address.is_v4() == b.address.is_v4(); }

/// The kernel's addresses for each family that the host has: given, there already, or chosen.
std::expected<std::vector<Prefix>, SetupError> choose_kernel_addresses(const TunHostSettings& settings,
                                                                       const KernelInterface& interface) {
    std::vector<Prefix> result = settings.kernel_addresses;
    if (settings.self_configuring) return result;
    for (const Prefix& own : settings.addresses) {
        if (std::ranges::any_of(result, [&](const Prefix& p) { return same_family(p, own); })) continue;
        const auto there = std::ranges::find_if(
            interface.addresses, [&](const Prefix& p) { return p.contains(own.address) && p.address != own.address; });
        const std::optional<Prefix> other =
            there != interface.addresses.end() ? std::optional(*there) : first_other_address(own);
        if (!other)
            return std::unexpected(SetupError{std::make_error_code(std::errc::invalid_argument),
                                              fmt::format("{} leaves no address for the kernel's end of the link: give "
                                                          "a shorter prefix",
                                                          own.to_string())});
        result.push_back(*other);
    }
    return result;
}

/// A burst that fits the windows must fit the device's queue as well: the kernel drops what does not.
void bound_windows(tcp::Settings& tcp, const KernelInterface& interface) {
    const std::uint64_t queue = std::uint64_t{interface.queue_length} * interface.mtu;
    if (queue > 0) tcp.receive_buffer = static_cast<std::uint32_t>(std::min<std::uint64_t>(tcp.receive_buffer, queue));
}

}  // namespace

/// Members end in the reverse order: the loop first, the pool last. The link outlives the host, which may have the
/// link's capture as its observer.
struct TunHost::Parts {
    BufferPool pool;
    std::unique_ptr<CaptureFile> capture;
    std::unique_ptr<link::Link> link;
    link::TunDevice* tun = nullptr;
    ExplainedCapture* explainer = nullptr;
    std::vector<Prefix> kernel_addresses;
    ip::InterfaceId id{};
    std::unique_ptr<ip::Host> host;
    std::unique_ptr<dhcp::HostClient> dhcp;
    std::unique_ptr<HostLoop> loop;

    std::expected<void, SetupError> open_link(const TunHostSettings& settings);
    std::expected<void, SetupError> configure_kernel(TunHostSettings& settings);
    void start_host(asio::io_context& context, const TunHostSettings& settings);
    void give_lease_back();
};

/// The device of the kind that is wanted.
std::expected<std::unique_ptr<link::TunDevice>, link::TunError> open_device(const TunHostSettings& settings,
                                                                            BufferPool& pool) {
    if (settings.ethernet) return link::Tap::open(settings.tun, pool);
    return link::Tun::open(settings.tun, pool);
}

std::expected<void, SetupError> TunHost::Parts::open_link(const TunHostSettings& settings) {
    if (!settings.capture.empty()) {
        auto file = open_capture(settings.capture);
        if (!file) return std::unexpected(file.error());
        capture = std::move(*file);
    }
    auto device = open_device(settings, pool);
    if (!device) return std::unexpected(SetupError{device.error().code, device.error().message});
    tun = device->get();
    link = std::move(*device);
    if (capture) {
        const std::uint32_t interface = capture->writer->add_interface(
            {.name = settings.tun.name,
             .description = settings.ethernet ? "TAP device" : "TUN device",
             .type = settings.ethernet ? trace::LinkType::ethernet : trace::LinkType::raw});
        auto explained = std::make_unique<ExplainedCapture>(std::move(link), *capture->writer, interface);
        explainer = explained.get();
        link = std::move(explained);
    }
    if (settings.on_message) link = std::make_unique<MessageLink>(std::move(link), settings.on_message);
    return {};
}

std::expected<void, SetupError> TunHost::Parts::configure_kernel(TunHostSettings& settings) {
    const std::string& name = settings.tun.name;
    auto interface = inspect_interface(name);
    if (!interface) return std::unexpected(interface.error());
    auto addresses = choose_kernel_addresses(settings, *interface);
    if (!addresses) return std::unexpected(addresses.error());
    kernel_addresses = std::move(*addresses);
    const auto done = configure_interface(
        name, {.mtu = settings.tun.mtu, .queue_length = settings.queue_length, .addresses = kernel_addresses});
    if (!done) return std::unexpected(done.error());
    interface = inspect_interface(name);
    if (!interface) return std::unexpected(interface.error());
    bound_windows(settings.host.tcp, *interface);
    return {};
}

void TunHost::Parts::start_host(asio::io_context& context, const TunHostSettings& settings) {
    const link::Properties& properties = link->properties();
    host = std::make_unique<ip::Host>(settings.host, pool);
    if (explainer != nullptr) host->tcp().set_observer(&explainer->observer());
    std::optional<ip::AutoconfigurationSettings> autoconfiguration;
    if (settings.self_configuring) autoconfiguration = {.secret = stable_secret("interface identifiers")};
    id = host->add_interface({.name = properties.name,
                              .medium = properties.medium,
                              .mac = stable_mac(properties.name),
                              .mtu = properties.mtu,
                              .max_gso = properties.max_gso,
                              .checksum_offload = properties.checksum_offload,
                              .addresses = settings.addresses,
                              .autoconfiguration = std::move(autoconfiguration)});
    if (settings.self_configuring) {
        const dhcp::ClientSettings at_once{.least_start_delay = {}, .most_start_delay = {}};
        dhcp = std::make_unique<dhcp::HostClient>(*host, id, at_once, settings.duplicate_test);
        static_cast<void>(dhcp->start(now()));  // The host is new: its ports are free.
    } else {
        for (const Prefix& kernel : kernel_addresses) {
            const IpAddress any = kernel.address.is_v4() ? IpAddress::v4(0) : IpAddress();
            host->add_route({.destination = {any, 0}, .gateway = kernel.address, .interface = id});
        }
    }
    loop = std::make_unique<HostLoop>(context, *host, settings.loop);
    loop->attach(id, *link);
}

void TunHost::Parts::give_lease_back() {
    if (!dhcp) return;
    dhcp->on_change({});
    host->on_address_change({});
    dhcp->release(now());
    host->poll(now());
    std::vector<Packet> last = host->take_output(id);
    static_cast<void>(link->write(last));
}

std::optional<Prefix> first_other_address(const Prefix& prefix) {
    const unsigned width = prefix.address.is_v4() ? 32 : 128;
    const unsigned host_bits = width - prefix.length;
    if (host_bits == 0) return std::nullopt;
    std::array<std::uint8_t, 16> octets = prefix.address.octets();
    for (unsigned bit = 0; bit < host_bits; ++bit)
        octets[15 - bit / 8] = static_cast<std::uint8_t>(octets[15 - bit / 8] & ~(1u << bit % 8));
    // On a link of two (RFC 3021, RFC 6164) both addresses are hosts'; else the first one is the network's.
    const std::uint8_t network = octets[15];
    for (std::uint8_t number = host_bits == 1 ? 0 : 1; number < 3; ++number) {
        octets[15] = static_cast<std::uint8_t>(network + number);
        const Prefix candidate{IpAddress::v6(octets), prefix.length};
        if (candidate.address != prefix.address && prefix.contains(candidate.address)) return candidate;
    }
    return std::nullopt;
}

std::expected<std::unique_ptr<TunHost>, SetupError> TunHost::open(asio::io_context& context, TunHostSettings settings) {
    settings.host.secret = random_secret();
    auto parts = std::make_unique<Parts>();
    if (const auto opened = parts->open_link(settings); !opened) return std::unexpected(opened.error());
    if (const auto configured = parts->configure_kernel(settings); !configured)
        return std::unexpected(configured.error());
    parts->start_host(context, settings);
    return std::unique_ptr<TunHost>(new TunHost(std::move(parts)));
}

TunHost::TunHost(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
TunHost::~TunHost() { parts_->give_lease_back(); }
ip::Host& TunHost::host() { return *parts_->host; }
HostLoop& TunHost::loop() { return *parts_->loop; }
const link::TunDevice& TunHost::tun() const { return *parts_->tun; }
dhcp::HostClient* TunHost::dhcp() { return parts_->dhcp.get(); }
const std::vector<Prefix>& TunHost::kernel_addresses() const { return parts_->kernel_addresses; }
void TunHost::flush_capture() {
    if (parts_->explainer == nullptr) return;
    parts_->explainer->flush();
    parts_->capture->stream.flush();
}

}  // namespace hourglass::runtime
