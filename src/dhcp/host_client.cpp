#include <algorithm>
#include <utility>

#include "hourglass/dhcp/over_host.h"

namespace hourglass::dhcp {

namespace {

constexpr IpAddress kAny = IpAddress::v4(0);
constexpr IpAddress kEverybody = IpAddress::v4(0xffffffff);

ClientSettings with_mac(ClientSettings settings, const MacAddress& mac) {
    settings.mac = mac;
    return settings;
}

/// Different for each host and station, and not to be guessed.
std::uint64_t seed_of(const ip::Host& host, const MacAddress& mac) {
    return siphash(host.settings().secret, std::as_bytes(std::span(mac.octets)));
}

}  // namespace

HostClient::HostClient(ip::Host& host, ip::InterfaceId interface, ClientSettings settings,
                       const ip::DuplicateTest& test)
    : host_(host),
      interface_(interface),
      duplicate_test_(test),
      client_(with_mac(std::move(settings), host.interface(interface).mac), *this,
              seed_of(host, host.interface(interface).mac)),
      self_(std::make_shared<HostClient*>(this)) {}

HostClient::~HostClient() {
    *self_ = nullptr;
    if (!socket_) return;
    remove_routes();
    if (tried_) host_.remove_address(interface_, *tried_);
    host_.remove_poller(poller_);
    host_.udp().close(*socket_);
}

std::expected<void, udp::Error> HostClient::start(Instant now) {
    if (socket_) return {};
    const auto socket = host_.udp().open({kAny, kClientPort}, [this](udp::SocketId, SocketAddress from, SocketAddress,
                                                                     std::span<const std::byte> bytes, Instant at) {
        if (from.port == kServerPort) client_.receive(bytes, at);
    });
    if (!socket) return std::unexpected(socket.error());
    socket_ = *socket;
    poller_ = host_.add_poller([this](Instant at) { poll(at); }, [this] { return next_deadline(); });
    client_.start(now);
    return {};
}

void HostClient::release(Instant now) {
    client_.release(now);
    if (const auto untested = std::exchange(tried_, std::nullopt)) host_.remove_address(interface_, *untested);
}

void HostClient::poll(Instant now) {
    if (std::exchange(untestable_, false)) client_.tested(false, now);
    client_.poll(now);
    if (std::exchange(changed_, false) && handler_) handler_(client_.lease());
}

Instant HostClient::next_deadline() const { return changed_ || untestable_ ? Instant::min() : client_.next_deadline(); }

void HostClient::broadcast(std::span<const std::byte> message, const std::optional<IpAddress>& from) {
    if (from)
        static_cast<void>(host_.udp().send(*socket_, {kEverybody, kServerPort}, message));
    else
        host_.broadcast(interface_, kClientPort, kServerPort, message);
}

void HostClient::unicast(std::span<const std::byte> message, const IpAddress& server) {
    static_cast<void>(host_.udp().send(*socket_, {server, kServerPort}, message));
}

void HostClient::test(const Lease& lease) {
    tried_ = lease.address;
    const bool begun = host_.try_address(interface_, lease.address, duplicate_test_, host_.now(),
                                         [self = self_](bool ours, Instant at) {
                                             if (*self == nullptr) return;
                                             if (!ours) (*self)->tried_.reset();
                                             (*self)->client_.tested(ours, at);
                                         });
    if (begun) return;
    tried_.reset();
    untestable_ = true;
}

void HostClient::install(const Lease& lease) {
    // A renewal may bring another subnet mask.
    if (tried_ != lease.address) {
        if (tried_) host_.remove_address(interface_, *tried_);
        host_.add_address(interface_, lease.address);
        tried_ = lease.address;
    }
    remove_routes();
    add_routes(lease);
    host_.set_mtu_v4(interface_, lease.mtu.value_or(host_.interface(interface_).mtu));
    changed_ = true;
}

void HostClient::withdraw(const Lease& lease) {
    remove_routes();
    host_.remove_address(interface_, lease.address);
    host_.set_mtu_v4(interface_, host_.interface(interface_).mtu);
    tried_.reset();
    changed_ = true;
}

/// A router outside of the prefix is on the link all the same.
void HostClient::add_routes(const Lease& lease) {
    if (!lease.router) return;
    if (!lease.address.contains(*lease.router))
        routes_.push_back({.destination = {*lease.router, 32}, .gateway = {}, .interface = interface_});
    routes_.push_back({.destination = {kAny, 0}, .gateway = lease.router, .interface = interface_});
    for (const ip::Route& route : routes_) host_.add_route(route);
}

void HostClient::remove_routes() {
    for (const ip::Route& route : routes_) host_.remove_route(route);
    routes_.clear();
}

}  // namespace hourglass::dhcp
