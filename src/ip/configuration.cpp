// Addresses that come and go: given, tried, formed from what routers say (RFC 4862), and given up. What is decided is
// in duplicate_tests.cpp, router_discovery.cpp and stateless_addresses.cpp; here it takes effect.

#include <algorithm>
#include <cstring>
#include <utility>

#include "hourglass/wire/neighbor_discovery.h"
#include "hourglass/wire/udp.h"
#include "ip/groups.h"
#include "ip/implementation.h"

namespace hourglass::ip {

namespace {

constexpr std::uint32_t kMinMtuV4 = 576;  // RFC 1122, section 3.3.2: less would only hurt.

}  // namespace

void Host::Implementation::set_up_autoconfiguration(InterfaceId id, std::uint64_t seed) {
    Interface& interface = at(id);
    const AutoconfigurationSettings& wanted = *interface.settings.autoconfiguration;
    interface.autoconfiguration = std::make_unique<Autoconfiguration>(
        Autoconfiguration{.addresses = {id, interface.settings, wanted, *this},
                          .routers = {id, wanted, interface.settings.mtu, *this, seed}});
    configures_ = true;
}

void Host::Implementation::poll_configuration() {
    duplicate_tests_.poll(now_);
    for (const auto& interface : interfaces) {
        Autoconfiguration* configuration = interface->autoconfiguration.get();
        if (configuration == nullptr) continue;
        if (!std::exchange(configuration->started, true)) configuration->addresses.start();
        configuration->addresses.poll(now_);
        configuration->routers.poll(now_);
    }
}

Instant Host::Implementation::self_configuration_deadline() const {
    Instant first = duplicate_tests_.next_deadline();
    for (const auto& interface : interfaces) {
        const Autoconfiguration* configuration = interface->autoconfiguration.get();
        if (configuration == nullptr) continue;
        if (!configuration->started) return Instant::min();
        first = std::min({first, configuration->addresses.next_deadline(), configuration->routers.next_deadline()});
    }
    return first;
}

void Host::Implementation::add_address(InterfaceId id, const Prefix& prefix) {
    assign(id, prefix);
    routes.add({.destination = prefix, .gateway = {}, .interface = id});
    forget_last_hop();
}

void Host::Implementation::remove_address(InterfaceId id, const Prefix& prefix) {
    duplicate_tests_.cancel(id, prefix.address);
    if (std::erase_if(trials_, [&](const Trial& t) { return t.interface == id && t.address == prefix; }) > 0)
        return leave_groups(prefix.address);
    const auto& held = at(id).settings.addresses;
    if (std::ranges::find(held, prefix) == held.end()) return;
    routes.remove({.destination = prefix, .gateway = {}, .interface = id});
    withdraw(id, prefix);
}

/// From now on this host answers to the address.
void Host::Implementation::assign(InterfaceId id, const Prefix& prefix) {
    const IpAddress& address = prefix.address;
    at(id).settings.addresses.push_back(prefix);
    addresses_.add({address, AddressKind::unicast, id});
    join_groups(id, address);
    // RFC 3021: no broadcast address on a link of two.
    if (address.is_v4() && prefix.length < 31) addresses_.add({prefix.broadcast(), AddressKind::broadcast, id});
    forget_last_hop();
    tell(id, prefix, AddressChange::added);
}

void Host::Implementation::withdraw(InterfaceId id, const Prefix& prefix) {
    const IpAddress& address = prefix.address;
    auto& held = at(id).settings.addresses;
    held.erase(std::ranges::find(held, prefix));
    addresses_.remove(address);
    leave_groups(address);
    if (address.is_v4() && prefix.length < 31) addresses_.remove(prefix.broadcast());
    forget_last_hop();
    tell(id, prefix, AddressChange::removed);
}

/// The groups that come with an address (RFC 1122, section 3.2.3; RFC 4291, section 2.8), tentative ones included (RFC
/// 4862, section 5.4.2).
void Host::Implementation::join_groups(InterfaceId id, const IpAddress& address) {
    if (address.is_v6()) {
        addresses_.add({kAllNodes, AddressKind::multicast, id});
        addresses_.add({wire::solicited_node_multicast(address), AddressKind::multicast, id});
    } else {
        addresses_.add({IpAddress::v4(0xffffffff), AddressKind::broadcast, id});
        addresses_.add({kAllHosts, AddressKind::multicast, id});
    }
    last_admitted_.reset();
}

void Host::Implementation::leave_groups(const IpAddress& address) {
    addresses_.remove(address.is_v6() ? kAllNodes : IpAddress::v4(0xffffffff));
    addresses_.remove(address.is_v6() ? wire::solicited_node_multicast(address) : kAllHosts);
}

bool Host::Implementation::try_address(InterfaceId id, const Prefix& prefix, const DuplicateTest& test,
                                       TrialHandler handler) {
    const bool askable = at(id).settings.medium == Medium::ethernet;
    if (!begin_test(id, prefix.address, askable ? test : DuplicateTest{.probes = 0})) return false;
    trials_.push_back({id, prefix, std::move(handler)});
    return true;
}

bool Host::Implementation::begin_test(InterfaceId id, const IpAddress& address, const DuplicateTest& test) {
    if (addresses_.find(address) != nullptr || !duplicate_tests_.start(id, address, test, now_)) return false;
    join_groups(id, address);
    return true;
}

void Host::Implementation::cancel_test(InterfaceId id, const IpAddress& address) {
    duplicate_tests_.cancel(id, address);
    leave_groups(address);
}

/// The test of an address is over: its owner decides what follows.
void Host::Implementation::tested(InterfaceId id, const IpAddress& address, bool unique) {
    using Result = StatelessAddresses::TestResult;
    leave_groups(address);
    if (!unique) {
        ++counters.duplicate_addresses;
        tell(id, {address, static_cast<std::uint8_t>(address.is_v4() ? 32 : 128)}, AddressChange::duplicate);
    }
    Autoconfiguration* configuration = at(id).autoconfiguration.get();
    const Result result =
        configuration != nullptr ? configuration->addresses.tested(address, unique) : Result::not_ours;
    if (result == Result::link_local_ready) configuration->routers.start(now_);
    if (result == Result::not_ours) end_trial(id, address, unique);
}

void Host::Implementation::end_trial(InterfaceId id, const IpAddress& address, bool unique) {
    const auto trial = std::ranges::find_if(
        trials_, [&](const Trial& t) { return t.interface == id && t.address.address == address; });
    if (trial == trials_.end()) return;
    Trial ended = std::move(*trial);
    trials_.erase(trial);
    if (unique) add_address(id, ended.address);
    notices_.emplace_back([handler = std::move(ended.handler), unique, this] {
        if (handler) handler(unique, now_);
    });
}

void Host::Implementation::tell(InterfaceId id, const Prefix& address, AddressChange change) {
    if (!on_address_change) return;
    notices_.emplace_back([this, id, address, change] {
        const AddressHandler handler = on_address_change;  // It may set another one.
        if (handler) handler(id, address, change);
    });
}

void Host::Implementation::take_address(InterfaceId id, const Prefix& address) {
    if (address.address.is_link_local()) return add_address(id, address);
    assign(id, address);
}

void Host::Implementation::drop_address(InterfaceId id, const Prefix& address) { withdraw(id, address); }

void Host::Implementation::set_deprecated(InterfaceId id, const Prefix& address, bool deprecated) {
    addresses_.set_deprecated(address.address, deprecated);
    forget_last_hop();
    tell(id, address, deprecated ? AddressChange::deprecated : AddressChange::preferred);
}

void Host::Implementation::add_link_route(const Route& route) {
    routes.add(route);
    forget_last_hop();
}

void Host::Implementation::remove_link_route(const Route& route) {
    routes.remove(route);
    forget_last_hop();
}

void Host::Implementation::set_mtu_v6(InterfaceId id, std::uint32_t mtu) { at(id).mtu_v6 = mtu; }

void Host::Implementation::set_mtu_v4(InterfaceId id, std::uint32_t mtu) {
    const std::uint32_t device = at(id).settings.mtu;
    at(id).mtu_v4 = std::clamp(mtu, std::min(kMinMtuV4, device), device);
}

void Host::Implementation::set_neighbour_times(InterfaceId id, Duration reachable, Duration retransmit) {
    neighbours_.set_times_v6(id, reachable, retransmit);
}

void Host::Implementation::unreachable(InterfaceId id, const IpAddress& neighbour) {
    if (Autoconfiguration* configuration = at(id).autoconfiguration.get()) configuration->routers.failed(neighbour);
}

/// RFC 4861, section 6.1.2; a host that forwards does not obey other routers (section 6.2.7).
void Host::Implementation::receive_router_advertisement(const Datagram& datagram, const wire::Icmpv6View& message) {
    Autoconfiguration* configuration = at(datagram.origin.interface).autoconfiguration.get();
    if (configuration == nullptr) {
        ++counters.dropped_icmp_ignored;
        return;
    }
    ++counters.router_advertisements_in;
    const auto advertisement = wire::RouterAdvertisement::parse(message);
    if (!advertisement) return count(counters.malformed_icmp, advertisement.error());
    const auto& mac = advertisement->source_link_layer;
    if (!datagram.source.is_link_local() || (mac && mac->is_group())) {
        ++counters.dropped_discovery;
        return;
    }
    const InterfaceId id = datagram.origin.interface;
    if (mac) neighbours_.heard(id, datagram.source, *mac, true);
    configuration->routers.advertised(datagram.source, *advertisement, now_);
    const bool to_group = datagram.kind == AddressKind::multicast;
    for (const wire::PrefixInformation& information : advertisement->announced())
        configuration->addresses.offered(information, to_group, configuration->routers.retransmit_time(), now_);
}

void Host::Implementation::broadcast(InterfaceId id, Port source, Port destination, std::span<const std::byte> bytes) {
    const AddressPair addresses{IpAddress::v4(0), IpAddress::v4(0xffffffff)};
    Packet packet = pool_.packet(wire::UdpHeader::kSize + bytes.size());
    const wire::UdpHeader header{.source_port = source,
                                 .destination_port = destination,
                                 .payload_length = static_cast<std::uint16_t>(bytes.size())};
    header.emit(packet.append(wire::UdpHeader::kSize));
    if (!bytes.empty()) std::memcpy(packet.append(bytes.size()).data(), bytes.data(), bytes.size());
    const auto sum = wire::udp_checksum(addresses.source, addresses.destination, std::as_const(packet).bytes());
    wire::store_be16(packet.bytes().data() + wire::UdpHeader::kChecksumOffset, sum);
    prepend_header(packet, {wire::IpProtocol::udp, addresses.source, addresses.destination}, false);
    ++counters.udp_out;
    transmit({id, addresses.destination}, std::move(packet));
}

}  // namespace hourglass::ip
