#include "ip/router.h"

#include <algorithm>

#include "hourglass/wire/ethernet.h"

namespace hourglass::ip::testing {

namespace {

InterfaceSettings self_configuring(std::uint8_t number, std::optional<AutoconfigurationSettings> autoconfiguration) {
    return {.medium = Medium::ethernet, .mac = mac(number), .autoconfiguration = std::move(autoconfiguration)};
}

HostSettings with_secret(HostSettings settings, const SipKey& secret) {
    settings.secret = secret;
    return settings;
}

/// A frame with a message of neighbour discovery from station 9.
template <typename Message>
Bytes discovery_frame(const Message& message, const IpAddress& source, const IpAddress& destination,
                      std::uint8_t hop_limit) {
    Bytes icmp(message.size());
    message.emit(icmp, source, destination);
    const Bytes payload = datagram(source, destination, wire::IpProtocol::icmpv6, icmp, hop_limit);
    const MacAddress to = destination.is_multicast() ? wire::multicast_mac(destination) : mac(1);
    Bytes frame(wire::EthernetHeader::kSize + payload.size());
    wire::EthernetHeader{to, mac(9), wire::EtherType::ipv6}.emit(frame);
    std::ranges::copy(payload, frame.begin() + wire::EthernetHeader::kSize);
    return frame;
}

}  // namespace

RoutedLink::RoutedLink() : RoutedLink(Settings{}) {}

RoutedLink::RoutedLink(const Settings& settings)
    : a(add_host(settings.host)),
      b(add_host(with_secret(settings.host, {5, 6}))),
      at_a{&a, a.add_interface(self_configuring(1, settings.a)), "a"},
      at_b{&b, b.add_interface(self_configuring(2, settings.b)), "b"} {
    connect(at_a, at_b);
}

void RoutedLink::advertise(const wire::RouterAdvertisement& advertisement, std::string_view router, std::string_view to,
                           std::uint8_t hop_limit) {
    const Bytes frame = discovery_frame(advertisement, address(router), address(to), hop_limit);
    inject(at_a, frame);
    if (address(to).is_multicast()) inject(at_b, frame);
}

void RoutedLink::solicit(const IpAddress& source, const IpAddress& target) {
    const wire::NeighborSolicitation solicitation{.target = target, .source_link_layer = {}};
    inject(at_a, discovery_frame(solicitation, source, wire::solicited_node_multicast(target), 255));
}

void RoutedLink::claim(const IpAddress& target) {
    const wire::NeighborAdvertisement advertisement{
        .override_entry = true, .target = target, .target_link_layer = mac(9)};
    inject(at_a, discovery_frame(advertisement, target, address("ff02::1"), 255));
}

std::size_t RoutedLink::count(std::string_view line) const {
    return static_cast<std::size_t>(std::ranges::count(lines, line));
}

wire::RouterAdvertisement with_prefix(std::string_view prefix_text, std::uint32_t valid, std::uint32_t preferred) {
    wire::RouterAdvertisement advertisement;
    advertisement.router_lifetime = decltype(advertisement.router_lifetime)(1800);
    advertisement.source_link_layer = mac(9);
    advertisement.prefix_count = 1;
    wire::PrefixInformation& information = advertisement.prefixes.front();
    information = {.prefix = prefix(prefix_text), .on_link = true, .autonomous = true};
    information.valid_lifetime = decltype(information.valid_lifetime)(valid);
    information.preferred_lifetime = decltype(information.preferred_lifetime)(preferred);
    return advertisement;
}

}  // namespace hourglass::ip::testing
