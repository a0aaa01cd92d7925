#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hourglass/ip/host.h"
#include "hourglass/tcp/network.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/icmp.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"
#include "ip/address_table.h"
#include "ip/duplicate_tests.h"
#include "ip/identification.h"
#include "ip/neighbours.h"
#include "ip/path_mtu.h"
#include "ip/pings.h"
#include "ip/rate_limiter.h"
#include "ip/reassembly.h"
#include "ip/router_discovery.h"
#include "ip/routes.h"
#include "ip/stateless_addresses.h"
#include "udp/socket_table.h"

namespace hourglass::ip {

/// How a datagram came to be here.
struct Origin {
    InterfaceId interface {};
    bool looped = false;       ///< Sent by this host to itself.
    bool reassembled = false;  ///< Put together here from its fragments, or from one that was the whole (RFC 6946).
    bool link_group = false;   ///< In a frame to a broadcast or multicast address.
};

/// A datagram that has arrived: what its headers say, and what they mean here. The bytes stay in its packet.
struct Datagram {
    Origin origin{};
    IpAddress source{};
    IpAddress destination{};
    AddressKind kind = AddressKind::foreign;  ///< Of the destination.
    wire::IpProtocol protocol{};
    std::uint8_t hop_limit = 0;
    bool later_fragment = false;     ///< Not the first: the transport header is not in it.
    std::size_t transport = 0;       ///< Where the transport header starts.
    std::size_t protocol_field = 0;  ///< Where `protocol` stands in the packet.
};

/// What the IP header of a datagram to be sent shall say.
struct Envelope {
    wire::IpProtocol protocol{};
    IpAddress source;
    IpAddress destination;
};

/// Where a datagram comes from and where it goes.
struct AddressPair {
    IpAddress source{}, destination{};
    bool operator==(const AddressPair&) const = default;
};

/// What an ICMP error says of a datagram that this host sent.
struct Complaint {
    bool hard = false;                 ///< It will not get better by waiting (RFC 1122, section 4.2.3.9).
    std::optional<std::uint32_t> mtu;  ///< It was too big: what fits.
    udp::Failure failure{};            ///< The same for UDP, which passes it on.
};

/// The parts of a host and the ways between them. input.cpp takes datagrams apart, forward.cpp passes them on,
/// icmp.cpp answers and reports, discovery.cpp finds neighbours, configuration.cpp gets addresses and gives them up,
/// output.cpp sends; host.cpp has the rest.
class Host::Implementation final : public tcp::Network,
                                   public udp::DatagramOutput,
                                   public NeighbourOutput,
                                   public DuplicateTestOutput,
                                   public RouterDiscoveryOutput,
                                   public StatelessAddressOutput {
  public:
    Implementation(HostSettings host_settings, BufferPool& pool);

    // host.cpp
    InterfaceId add_interface(InterfaceSettings interface);
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline();
    void advance(Instant now) { now_ = now_ < now ? now : now_; }

    // input.cpp
    void receive(InterfaceId id, Packet&& packet);
    void receive_frame(Origin origin, Packet&& packet);
    void receive_datagram(const Origin& origin, Packet&& packet);

    // icmp.cpp
    bool ping(const IpAddress& destination, std::uint16_t sequence, std::size_t payload_size, PingHandler handler);

    // tcp::Network, udp::DatagramOutput: output.cpp
    std::optional<tcp::Path> path_to(const IpAddress& destination, const IpAddress& source) override;
    void send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) override;
    void doubt_path(const IpAddress& destination) override;
    void learn_path_mtu(const IpAddress& destination, const tcp::PathMtu& found) override;
    [[nodiscard]] bool is_own_address(const IpAddress& address) const override;
    [[nodiscard]] std::optional<IpAddress> source_for(const IpAddress& destination) const override;
    void send_datagram(Packet datagram, const IpAddress& source, const IpAddress& destination) override;

    // NeighbourOutput: discovery.cpp
    void solicit(InterfaceId interface, const IpAddress& target, std::optional<MacAddress> unicast,
                 const Packet* waiting) override;
    void transmit_to(InterfaceId interface, Packet packet, const IpAddress& neighbour, const MacAddress& mac) override;
    void unresolved(Packet packet) override;
    void unreachable(InterfaceId interface, const IpAddress& neighbour) override;

    // DuplicateTestOutput: configuration.cpp, with the messages in discovery.cpp
    void probe(InterfaceId interface, const IpAddress& address) override;
    void announce(InterfaceId interface, const IpAddress& address) override;
    void tested(InterfaceId interface, const IpAddress& address, bool unique) override;

    // RouterDiscoveryOutput: configuration.cpp
    void solicit_routers(InterfaceId interface) override;
    void add_link_route(const Route& route) override;
    void remove_link_route(const Route& route) override;
    void set_mtu_v6(InterfaceId interface, std::uint32_t mtu) override;
    void set_hop_limit_v6(std::uint8_t hop_limit) override { hop_limit_v6_ = hop_limit; }
    void set_neighbour_times(InterfaceId interface, Duration reachable, Duration retransmit) override;

    // StatelessAddressOutput: configuration.cpp
    bool begin_test(InterfaceId interface, const IpAddress& address, const DuplicateTest& test) override;
    void cancel_test(InterfaceId interface, const IpAddress& address) override;
    void take_address(InterfaceId interface, const Prefix& address) override;
    void drop_address(InterfaceId interface, const Prefix& address) override;
    void set_deprecated(InterfaceId interface, const Prefix& address, bool deprecated) override;

    // configuration.cpp
    void add_address(InterfaceId id, const Prefix& prefix);
    void remove_address(InterfaceId id, const Prefix& prefix);
    bool try_address(InterfaceId id, const Prefix& prefix, const DuplicateTest& test, TrialHandler handler);
    void set_mtu_v4(InterfaceId id, std::uint32_t mtu);
    void broadcast(InterfaceId id, Port source, Port destination, std::span<const std::byte> bytes);

    /// What configures an interface from what its link says.
    struct Autoconfiguration {
        StatelessAddresses addresses;
        RouterDiscovery routers;
        bool started = false;
    };
    struct Interface {
        InterfaceSettings settings;
        std::vector<Packet> output{};
        std::uint32_t mtu_v4 = 0;  ///< Of the link, at most the device's.
        std::uint32_t mtu_v6 = 0;
        std::unique_ptr<Autoconfiguration> autoconfiguration{};

        [[nodiscard]] std::uint32_t mtu(bool v4) const { return v4 ? mtu_v4 : mtu_v6; }
    };
    struct Poller {
        std::function<void(Instant)> poll;
        std::function<Instant()> deadline;
    };

    HostSettings settings;
    Counters counters;
    std::vector<std::unique_ptr<Interface>> interfaces;
    RouteTable routes;
    std::map<std::uint32_t, std::shared_ptr<Poller>> pollers;
    std::uint32_t last_poller = 0;
    AddressHandler on_address_change;

    /// Addresses or routes have changed: nothing that was found out by them holds any more.
    void forget_last_hop() {
        last_destination_ = last_source_ = sending_source_ = {};
        last_admitted_.reset();
    }
    [[nodiscard]] tcp::Stack& tcp() { return tcp_; }
    [[nodiscard]] udp::Sockets& udp() { return udp_; }
    [[nodiscard]] Instant now() const { return now_; }

  private:
    // host.cpp
    [[gnu::noinline]] void run_queues();
    [[gnu::noinline]] void run_pollers();
    [[gnu::cold]] void expire_reassembly();
    void report_unresolved();
    [[nodiscard]] bool has_work() const;

    // configuration.cpp
    struct Trial {
        InterfaceId interface {};
        Prefix address{};
        TrialHandler handler;
    };
    void set_up_autoconfiguration(InterfaceId id, std::uint64_t seed);
    [[gnu::cold]] void poll_configuration();
    /// When an address that is tested or an interface that configures itself wants to be polled.
    [[nodiscard]] Instant configuration_deadline() const {
        return configures_ ? self_configuration_deadline() : duplicate_tests_.next_deadline();
    }
    [[nodiscard, gnu::cold]] Instant self_configuration_deadline() const;
    void assign(InterfaceId id, const Prefix& address);
    void withdraw(InterfaceId id, const Prefix& address);
    void join_groups(InterfaceId id, const IpAddress& address);
    void leave_groups(const IpAddress& address);
    void end_trial(InterfaceId id, const IpAddress& address, bool unique);
    void tell(InterfaceId id, const Prefix& address, AddressChange change);
    void receive_router_advertisement(const Datagram& datagram, const wire::Icmpv6View& message);

    // input.cpp
    void receive_v4(const Origin& origin, Packet&& packet);
    void receive_v6(const Origin& origin, Packet&& packet);
    [[nodiscard]] AddressKind classify(const IpAddress& destination) const;
    [[nodiscard]] bool admit(Datagram& datagram);
    [[nodiscard]] bool recognise(Datagram& datagram);
    [[gnu::cold]] void reassemble_v4(const Datagram& datagram, const wire::Ipv4View& view, Packet&& packet);
    [[gnu::cold]] void reassemble_v6(const Datagram& datagram, const wire::Ipv6Chain& chain, Packet&& packet);
    [[gnu::cold]] void refuse_chain(const Datagram& datagram, const wire::Ipv6ChainError& error, const Packet& packet);
    void deliver(const Datagram& datagram, Packet&& packet);
    void deliver_udp(const Datagram& datagram, Packet&& packet);
    [[gnu::cold]] void refuse_protocol(const Datagram& datagram, const Packet& packet);
    [[gnu::cold]] void count(MalformedCounts& counts, wire::ParseError reason) {
        ++counts[static_cast<std::size_t>(reason)];
    }

    // forward.cpp
    void forward(Datagram datagram, Packet&& packet);
    [[nodiscard]] bool may_leave_its_link(const Datagram& datagram) const;
    [[gnu::cold]] void refuse_too_big(const Datagram& datagram, std::uint32_t mtu, const Packet& packet);
    void emit_forwarded(const NextHop& hop, Packet&& packet, bool too_big);

    // icmp.cpp
    [[gnu::cold]] void receive_icmp(const Datagram& datagram, Packet&& packet);
    [[gnu::cold]] void receive_icmpv6(const Datagram& datagram, Packet&& packet);
    void answer_echo(const Datagram& datagram, Packet&& packet);
    void receive_error(const Datagram& datagram, const wire::IcmpView& message);
    void receive_error(const Datagram& datagram, const wire::Icmpv6View& message);
    void complain(const Envelope& quoted, std::span<const std::byte> transport, const Complaint& complaint);
    bool complain_to_udp(const Envelope& quoted, std::span<const std::byte> transport, const Complaint& complaint);
    [[nodiscard]] std::optional<Datagram> describe(const Packet& packet, InterfaceId interface) const;
    [[nodiscard]] bool may_report(const Datagram& datagram, const Packet& packet) const;
    [[nodiscard]] IpAddress reporting_address(const Datagram& datagram) const;
    [[gnu::cold]] void report(const Datagram& datagram, const Packet& packet, const wire::IcmpHeader& error);
    [[gnu::cold]] void report(const Datagram& datagram, const Packet& packet, const wire::Icmpv6Header& error);

    // discovery.cpp
    void receive_arp(const Origin& origin, const Packet& packet);
    void send_arp(InterfaceId id, wire::ArpOperation operation, const IpAddress& sender, const MacAddress& target_mac,
                  const IpAddress& target);
    void send_discovery(InterfaceId id, Packet message, const AddressPair& addresses, const MacAddress& mac);
    void receive_discovery(const Datagram& datagram, const wire::Icmpv6View& message);
    void receive_solicitation(const Datagram& datagram, const wire::Icmpv6View& message);
    void receive_advertisement(const Datagram& datagram, const wire::Icmpv6View& message);
    [[nodiscard]] std::optional<IpAddress> solicitor(InterfaceId id, const IpAddress& target,
                                                     const Packet* waiting) const;
    [[nodiscard]] bool is_own_on(InterfaceId id, const IpAddress& address) const;

    // output.cpp
    bool send(Packet&& payload, const Envelope& envelope);
    void loop_back(Packet&& packet);
    [[nodiscard]] bool is_broadcast(const IpAddress& address) const;
    [[nodiscard]] std::optional<NextHop> next_hop(const IpAddress& destination) const;
    [[nodiscard]] std::optional<IpAddress> select_source(InterfaceId id, const IpAddress& destination) const;
    void prepend_header(Packet& packet, const Envelope& envelope, bool dont_fragment);
    [[gnu::cold]] void move_to_fresh_buffer(Packet& packet);
    /// Moves to a fresh buffer when what came in front of the packet left too little room.
    void need_headroom(Packet& packet, std::size_t needed) {
        if (packet.headroom() < needed) move_to_fresh_buffer(packet);
    }
    const NextHop* segment_hop(const IpAddress& destination);
    [[nodiscard]] bool is_current_source(const IpAddress& source);
    [[gnu::cold]] void send_fragments(const NextHop& hop, std::uint32_t mtu, const Packet& payload,
                                      const Envelope& envelope);
    void fragment_v4(const NextHop& hop, std::uint32_t mtu, const Packet& whole);
    void transmit(const NextHop& hop, Packet&& packet);
    [[gnu::noinline]] void transmit_to_neighbour(const NextHop& hop, Packet&& packet);
    void push(Interface& interface, Packet&& packet);
    [[nodiscard]] Interface& at(InterfaceId id) { return *interfaces[static_cast<std::size_t>(id)]; }
    [[nodiscard]] const Interface& at(InterfaceId id) const { return *interfaces[static_cast<std::size_t>(id)]; }

    BufferPool& pool_;
    NextHop last_hop_;
    IpAddress last_destination_;
    IpAddress last_source_;     ///< Chosen for that destination; unspecified: not yet.
    IpAddress sending_source_;  ///< Of the last segment: an address of this host.
    /// The addresses of the last datagram from a link that was admitted as one for this host: datagrams come in trains.
    std::optional<AddressPair> last_admitted_;
    Instant now_{};
    AddressTable addresses_;
    NeighbourTable neighbours_;
    Reassembler reassembler_;
    Identification identification_;
    PathMtuCache path_mtu_;
    PingTable pings_;
    RateLimiter icmp_limiter_;
    DuplicateTests duplicate_tests_;
    std::vector<Trial> trials_;  // Of addresses that `try_address` is to add.
    std::vector<std::function<void()>> notices_;
    std::uint8_t hop_limit_v6_;
    bool configures_ = false;  // An interface does so itself.
    std::vector<Packet> looped_;
    std::vector<Packet> unresolved_;
    udp::SocketTable udp_;
    tcp::Stack tcp_;
};

}  // namespace hourglass::ip
