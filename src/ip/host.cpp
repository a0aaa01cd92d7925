#include "hourglass/ip/host.h"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include "ip/groups.h"
#include "ip/implementation.h"

namespace hourglass::ip {

namespace {

constexpr std::size_t kMaxInterfaces = 256;

/// Rounds of loopback traffic in one `poll`, so that two applications of one host can't hold it for ever.
constexpr unsigned kMaxRounds = 64;

SipKey derive(const SipKey& secret, std::uint8_t use) {
    const std::array<std::byte, 2> low{std::byte{use}, std::byte{0}}, high{std::byte{use}, std::byte{1}};
    return {siphash(secret, low), siphash(secret, high)};
}

}  // namespace

Host::Implementation::Implementation(HostSettings host_settings, BufferPool& pool)
    : settings(std::move(host_settings)),
      pool_(pool),
      neighbours_(
          {.max_entries = settings.max_neighbours, .packets_per_entry = settings.packets_per_unresolved_neighbour},
          *this, counters),
      reassembler_({.max_bytes = settings.max_reassembly_bytes,
                    .max_fragments_per_datagram = settings.max_fragments_per_datagram,
                    .timeout = settings.reassembly_timeout},
                   pool, counters),
      identification_(derive(settings.secret, 1)),
      path_mtu_(settings.max_path_mtus),
      pings_(settings.max_pings, static_cast<std::uint16_t>(derive(settings.secret, 2).k0)),
      icmp_limiter_(settings.icmp_errors_per_second),
      duplicate_tests_(settings.max_tentative_addresses, *this, derive(settings.secret, 5).k0),
      hop_limit_v6_(settings.ttl),
      udp_({.sockets = settings.max_udp_sockets, .queued_datagrams = settings.max_udp_queue},
           derive(settings.secret, 3), *this, pool),
      tcp_(settings.tcp, derive(settings.secret, 4), *this, pool) {
    addresses_.add({IpAddress::v4(127, 0, 0, 1), AddressKind::loopback, {}});
    addresses_.add({*IpAddress::parse("::1"), AddressKind::loopback, {}});
    addresses_.add({kAllNodesOfInterface, AddressKind::multicast, {}});
}

InterfaceId Host::Implementation::add_interface(InterfaceSettings interface) {
    if (interfaces.size() >= kMaxInterfaces) throw std::length_error("a host has at most 256 interfaces");
    const auto id = static_cast<InterfaceId>(interfaces.size());
    const std::uint32_t mtu = interface.mtu;
    const std::vector<Prefix> addresses = std::exchange(interface.addresses, {});
    interfaces.push_back(
        std::make_unique<Interface>(Interface{.settings = std::move(interface), .mtu_v4 = mtu, .mtu_v6 = mtu}));
    for (const Prefix& prefix : addresses) add_address(id, prefix);
    if (at(id).settings.medium == Medium::ethernet) {
        // Heard without an address as well: that is how a DHCP server answers.
        addresses_.add({IpAddress::v4(0xffffffff), AddressKind::broadcast, id});
        if (at(id).settings.autoconfiguration && !settings.forwarding)
            set_up_autoconfiguration(id, derive(settings.secret, 6).k0 + static_cast<std::uint64_t>(id));
    }
    forget_last_hop();
    return id;
}

void Host::Implementation::poll(Instant now) {
    advance(now);
    if (neighbours_.next_deadline() <= now_) neighbours_.poll(now_);
    if (reassembler_.next_deadline() <= now_) expire_reassembly();
    if (configuration_deadline() <= now_) poll_configuration();
    for (unsigned round = 0; round < kMaxRounds; ++round) {
        if (has_work() || !pollers.empty()) {
            tcp_.advance(now_);  // what they call there is observed at the right time
            run_queues();
            run_pollers();
        }
        tcp_.poll(now_);
        if (!has_work()) return;
    }
}

/// What waits inside: looped datagrams, failed neighbours, datagrams and answers for applications.
void Host::Implementation::run_queues() {
    report_unresolved();
    const Origin origin{.interface = {}, .looped = true};
    for (Packet& packet : std::exchange(looped_, {})) receive_datagram(origin, std::move(packet));
    udp_.poll(now_);
    pings_.poll();
    for (const auto& notice : std::exchange(notices_, {})) notice();
}

bool Host::Implementation::has_work() const {
    return !looped_.empty() || !unresolved_.empty() || !notices_.empty() || udp_.has_work() || pings_.has_work();
}

/// A poller may add and remove pollers, itself included.
void Host::Implementation::run_pollers() {
    for (auto next = pollers.begin(); next != pollers.end();) {
        const std::uint32_t id = next->first;
        const std::shared_ptr<Poller> poller = next->second;
        poller->poll(now_);
        next = pollers.upper_bound(id);
    }
}

Instant Host::Implementation::next_deadline() {
    if (has_work()) return Instant::min();
    Instant deadline = std::min(
        {tcp_.next_deadline(), neighbours_.next_deadline(), reassembler_.next_deadline(), configuration_deadline()});
    for (const auto& [id, poller] : pollers) deadline = std::min(deadline, poller->deadline());
    return deadline;
}

/// RFC 792: time exceeded, code 1, when the first fragment has come.
void Host::Implementation::expire_reassembly() {
    while (const auto expired = reassembler_.expire(now_)) {
        if (expired->first.empty()) continue;
        const Packet packet = pool_.packet(expired->first.bytes());
        const auto datagram = describe(packet, expired->interface);
        if (!datagram) continue;
        if (datagram->source.is_v4())
            report(*datagram, packet, wire::IcmpHeader::time_exceeded(wire::IcmpTimeExceeded::in_reassembly));
        else
            report(*datagram, packet, wire::Icmpv6Header::time_exceeded(wire::Icmpv6TimeExceeded::in_reassembly));
    }
}

Host::Host(HostSettings settings, BufferPool& pool)
    : implementation_(std::make_unique<Implementation>(std::move(settings), pool)) {}
Host::~Host() = default;

InterfaceId Host::add_interface(InterfaceSettings settings) {
    return implementation_->add_interface(std::move(settings));
}
void Host::add_route(const Route& route) {
    if (static_cast<std::size_t>(route.interface) >= interface_count())
        throw std::out_of_range("route to an interface that the host does not have");
    implementation_->routes.add(route);
    implementation_->forget_last_hop();
}
void Host::remove_route(const Route& route) { implementation_->remove_link_route(route); }
const InterfaceSettings& Host::interface(InterfaceId id) const {
    return implementation_->interfaces.at(static_cast<std::size_t>(id))->settings;
}
std::size_t Host::interface_count() const { return implementation_->interfaces.size(); }
void Host::add_address(InterfaceId interface, const Prefix& address) {
    implementation_->add_address(interface, address);
}
bool Host::try_address(InterfaceId interface, const Prefix& address, const DuplicateTest& test, Instant now,
                       TrialHandler handler) {
    implementation_->advance(now);
    return implementation_->try_address(interface, address, test, std::move(handler));
}
void Host::remove_address(InterfaceId interface, const Prefix& address) {
    implementation_->remove_address(interface, address);
}
void Host::on_address_change(AddressHandler handler) { implementation_->on_address_change = std::move(handler); }
std::vector<IpAddress> Host::default_routers(InterfaceId interface) const {
    const auto& configuration = implementation_->interfaces.at(static_cast<std::size_t>(interface))->autoconfiguration;
    return configuration ? configuration->routers.routers() : std::vector<IpAddress>{};
}
void Host::set_mtu_v4(InterfaceId interface, std::uint32_t mtu) { implementation_->set_mtu_v4(interface, mtu); }
void Host::broadcast(InterfaceId interface, Port source, Port destination, std::span<const std::byte> bytes) {
    implementation_->broadcast(interface, source, destination, bytes);
}
std::optional<IpAddress> Host::source_for(const IpAddress& destination) const {
    return implementation_->source_for(destination);
}
std::optional<std::uint32_t> Host::mtu_to(const IpAddress& destination) const {
    const auto path = implementation_->path_to(destination, {});
    if (!path) return std::nullopt;
    return path->learned ? std::min(path->mtu, path->learned->mtu) : path->mtu;
}
bool Host::is_local(const IpAddress& address) const { return implementation_->is_own_address(address); }

void Host::receive(InterfaceId interface, Packet packet, Instant now) {
    implementation_->advance(now);
    implementation_->receive(interface, std::move(packet));
}
void Host::advance(Instant now) {
    implementation_->advance(now);
    tcp().advance(now);
}
void Host::poll(Instant now) { implementation_->poll(now); }
Instant Host::next_deadline() { return implementation_->next_deadline(); }

std::vector<Packet> Host::take_output(InterfaceId interface) {
    return std::exchange(implementation_->interfaces.at(static_cast<std::size_t>(interface))->output, {});
}
void Host::take_output(InterfaceId interface, std::vector<Packet>& batch) {
    implementation_->interfaces.at(static_cast<std::size_t>(interface))->output.swap(batch);
}

std::uint32_t Host::add_poller(std::function<void(Instant)> poll, std::function<Instant()> deadline) {
    const std::uint32_t id = ++implementation_->last_poller;
    implementation_->pollers.emplace(id,
                                     std::make_shared<Implementation::Poller>(std::move(poll), std::move(deadline)));
    return id;
}
void Host::remove_poller(std::uint32_t poller) { implementation_->pollers.erase(poller); }

tcp::Stack& Host::tcp() { return implementation_->tcp(); }
udp::Sockets& Host::udp() { return implementation_->udp(); }
bool Host::ping(IpAddress destination, std::uint16_t sequence, std::size_t payload_size, Instant now,
                PingHandler handler) {
    implementation_->advance(now);
    return implementation_->ping(destination, sequence, payload_size, std::move(handler));
}

const Counters& Host::counters() const { return implementation_->counters; }
const HostSettings& Host::settings() const { return implementation_->settings; }
Instant Host::now() const { return implementation_->now(); }

}  // namespace hourglass::ip
