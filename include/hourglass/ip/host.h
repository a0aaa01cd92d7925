#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/counters.h"
#include "hourglass/ip/interface.h"
#include "hourglass/tcp/stack.h"
#include "hourglass/udp/sockets.h"

namespace hourglass::ip {

struct HostSettings {
    tcp::Settings tcp;
    SipKey secret;            ///< Keys everything that an attacker must not guess.
    bool forwarding = false;  ///< Pass on datagrams that are not for this host.
    std::uint8_t ttl = 64;    ///< RFC 1700's default; the IPv6 hop limit too.
    // Limits.
    std::uint32_t max_neighbours = 1024;
    std::uint32_t packets_per_unresolved_neighbour = 3;  ///< RFC 1122, section 2.3.2.2: at least one.
    std::uint32_t max_reassembly_bytes = 4 << 20;        ///< Over all datagrams (RFC 791, section 3.2).
    std::uint32_t max_fragments_per_datagram = 64;
    Duration reassembly_timeout = std::chrono::seconds(60);  ///< RFC 1122, section 3.3.2; RFC 8200, section 4.5.
    std::uint32_t max_udp_sockets = 4096;
    std::uint32_t max_udp_queue = 1024;          ///< Datagrams that wait for their sockets' handlers.
    std::uint32_t max_pings = 256;               ///< Echo requests without an answer yet.
    std::uint32_t max_path_mtus = 1024;          ///< Destinations whose path MTU is remembered.
    std::uint32_t max_output_packets = 1 << 16;  ///< Waiting for an interface to take them; further ones are dropped.
    std::uint32_t icmp_errors_per_second = 100;  ///< RFC 4443, section 2.4 (f); RFC 1812, section 4.3.2.8.
    std::uint32_t max_tentative_addresses = 64;  ///< Addresses that are being tested for duplicates.
};

/// Told of an answer to `Host::ping`.
using PingHandler = std::function<void(IpAddress from, std::uint16_t sequence, Duration round_trip)>;

/// A host of the Internet (RFC 1122): interfaces, routes, neighbours, ICMP, UDP and TCP, with no clock, lock or system
/// call of its own. A world feeds it packets and time, and takes its packets away:
///
///     host.receive(interface, std::move(packet), now);   // any number of times
///     host.poll(now);                                     // callbacks, timers, output
///     for (Packet& p : host.take_output(interface)) ...   // to the wire
///     wait until a packet arrives or host.next_deadline()
class Host {
  public:
    Host(HostSettings settings, BufferPool& pool);
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    InterfaceId add_interface(InterfaceSettings settings);
    void add_route(const Route& route);
    /// Takes away a route that was added; nothing happens when there is none like it.
    void remove_route(const Route& route);
    [[nodiscard]] const InterfaceSettings& interface(InterfaceId id) const;
    [[nodiscard]] std::size_t interface_count() const;
    [[nodiscard]] bool is_local(const IpAddress& address) const;
    /// Gives an interface one more address, with the prefix that is on its link.
    void add_address(InterfaceId interface, const Prefix& address);
    /// Adds an address once a test has shown that no other host of an Ethernet link has it (RFC 5227, section 2.1; RFC
    /// 4862, section 5.4). Until then it is tentative: nothing is sent from it, and nobody is answered. False when too
    /// many addresses are being tested; the handler is then not called.
    bool try_address(InterfaceId interface, const Prefix& address, const DuplicateTest& test, Instant now,
                     TrialHandler handler);
    /// Gives an address up, tentative or not, with the route to its link. Connections from it get no further.
    void remove_address(InterfaceId interface, const Prefix& address);
    /// One handler for all interfaces; an empty one ends it.
    void on_address_change(AddressHandler handler);
    /// The routers that autoconfiguration has found, the one in use first.
    [[nodiscard]] std::vector<IpAddress> default_routers(InterfaceId interface) const;
    /// Lowers the largest IPv4 datagram of an interface below that of its device (RFC 2132, section 5.1); at least 576
    /// octets are kept, and a value above the device's means the device's.
    void set_mtu_v4(InterfaceId interface, std::uint32_t mtu);
    /// Sends a UDP datagram from 0.0.0.0 to every host of the link, whether this one has an address or not (RFC 2131,
    /// section 4.1). Precondition: `bytes` fit the link.
    void broadcast(InterfaceId interface, Port source, Port destination, std::span<const std::byte> bytes);
    /// The local address that is used towards `destination` (RFC 6724); nothing when there is no route.
    [[nodiscard]] std::optional<IpAddress> source_for(const IpAddress& destination) const;
    /// The largest datagram that fits the way to `destination`, as far as known; nothing when there is no route.
    [[nodiscard]] std::optional<std::uint32_t> mtu_to(const IpAddress& destination) const;

    /// A packet has arrived: a frame or a datagram, as the interface's medium says. What is wrong with it is counted.
    void receive(InterfaceId interface, Packet packet, Instant now);
    /// Runs what is due: neighbour and reassembly timers, TCP, `add_poller`'s functions. Packets to send are then
    /// ready.
    void poll(Instant now);
    /// Tells what time it is and does nothing else: for a world in which somebody calls from outside of `poll`.
    void advance(Instant now);
    /// When `poll` is to be called next, as `tcp::Stack::next_deadline`.
    [[nodiscard]] Instant next_deadline();
    /// The packets that wait for this interface, oldest first; the caller owns them now.
    [[nodiscard]] std::vector<Packet> take_output(InterfaceId interface);
    /// Swaps the waiting packets into `batch`, which must be empty: no allocation when called in a loop.
    void take_output(InterfaceId interface, std::vector<Packet>& batch);

    /// Lets an application of the machine have timers: `poll` is called in every `Host::poll`, `deadline` is part of
    /// `next_deadline`. Returns a number for `remove_poller`.
    std::uint32_t add_poller(std::function<void(Instant)> poll, std::function<Instant()> deadline);
    void remove_poller(std::uint32_t poller);

    [[nodiscard]] tcp::Stack& tcp();
    [[nodiscard]] udp::Sockets& udp();
    /// Sends an ICMP echo request; `handler` is told of the answer. False when there is no route.
    bool ping(IpAddress destination, std::uint16_t sequence, std::size_t payload_size, Instant now,
              PingHandler handler);

    [[nodiscard]] const Counters& counters() const;
    [[nodiscard]] const HostSettings& settings() const;
    /// The latest time given to `receive`, `poll` or `advance`.
    [[nodiscard]] Instant now() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::ip
