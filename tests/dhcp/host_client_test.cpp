// A host gets its IPv4 address from another host's DHCP server.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dhcp/server.h"
#include "hourglass/dhcp/over_host.h"
#include "ip/ladder.h"

namespace hourglass::dhcp::testing {
namespace {

using namespace std::chrono_literals;
using ip::InterfaceId;
using ip::Medium;
using ip::testing::address;
using ip::testing::mac;
using ip::testing::prefix;
using ::testing::IsEmpty;

ip::HostSettings with_secret(std::uint64_t secret) {
    ip::HostSettings settings;
    settings.secret = {secret, secret};
    return settings;
}

/// A client on one end of an Ethernet link, on the other a server that gives what `terms` say.
struct Leased : ip::testing::Ladder {
    Leased()
        : a(add_host(with_secret(1))),
          b(add_host(with_secret(2))),
          at_a{&a, a.add_interface({.medium = Medium::ethernet, .mac = mac(1)}), "a"},
          at_b{&b,
               b.add_interface({.medium = Medium::ethernet,
                                .mac = mac(2),
                                .addresses = {prefix("10.0.0.1/24"), prefix("10.0.0.60/24")}}),
               "b"},
          client(std::in_place, a, InterfaceId{0}, ClientSettings{.most_start_delay = 1s}) {
        connect(at_a, at_b);
        const auto socket = b.udp().open({IpAddress::v4(0), kServerPort},
                                         [this](udp::SocketId, SocketAddress from, SocketAddress,
                                                std::span<const std::byte> bytes, Instant) { serve(from, bytes); });
        EXPECT_TRUE(socket);
        server = *socket;
        EXPECT_TRUE(client->start(now));
    }
    void serve(const SocketAddress& from, std::span<const std::byte> bytes) {
        const auto type = *MessageView::parse(bytes)->type();
        types.push_back(type);
        if (silent || (type != MessageType::discover && type != MessageType::request)) return;
        const auto reply = answer(bytes, type == MessageType::discover ? MessageType::offer : MessageType::ack, terms);
        const bool nameless = from.address.is_unspecified();
        EXPECT_TRUE(b.udp().send(*server, {nameless ? IpAddress::v4(0xffffffff) : from.address, kClientPort}, reply));
    }

    ip::Host& a;
    ip::Host& b;
    End at_a, at_b;
    Terms terms;
    bool silent = false;
    std::vector<MessageType> types;
    std::optional<udp::SocketId> server;
    std::optional<HostClient> client;
};

TEST(HostClient, GetsAnAddressARouteAndAnMtu) {
    Leased link;
    link.pass(15s);
    ASSERT_TRUE(link.client->lease());
    EXPECT_TRUE(link.a.is_local(address("10.0.0.50")));
    EXPECT_EQ(link.a.source_for(address("8.8.8.8")), address("10.0.0.50"));
    EXPECT_EQ(link.a.mtu_to(address("8.8.8.8")), 1400u);
    EXPECT_EQ(link.a.counters().arp_requests_out, 3u + 2);  // Probes and announcements.
}

TEST(HostClient, AnAddressThatAnotherHostHasIsDeclined) {
    Leased link;
    link.terms.address = address("10.0.0.60");
    link.pass(10s);
    EXPECT_FALSE(link.client->lease());
    EXPECT_EQ(link.types.back(), MessageType::decline);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.60")));
}

TEST(HostClient, WhenTheLeaseEndsNothingOfItIsLeft) {
    Leased link;
    link.pass(15s);
    link.silent = true;
    std::vector<bool> told;
    link.client->on_change([&](const std::optional<Lease>& lease) { told.push_back(lease.has_value()); });
    link.pass(1010s);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.50")));
    EXPECT_FALSE(link.a.source_for(address("8.8.8.8")));
    EXPECT_FALSE(link.a.source_for(address("10.0.0.1")));
    EXPECT_THAT(link.a.interface(InterfaceId{0}).addresses, IsEmpty());
    EXPECT_EQ(told, std::vector{false});
}

TEST(HostClient, AReleaseReachesTheServer) {
    Leased link;
    link.pass(15s);
    link.client->release(link.now);
    link.run();
    EXPECT_EQ(link.types.back(), MessageType::release);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.50")));
}

TEST(HostClient, ItsEndTakesTheAddressAwayWhileItIsTestedToo) {
    Leased link;
    link.pass(2s);
    EXPECT_EQ(link.client->client().state(), ClientState::testing);
    link.client.reset();
    link.pass(20s);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.50")));
}

TEST(HostClient, OneForAHost) {
    Leased link;
    HostClient second(link.a, InterfaceId{0});
    EXPECT_EQ(second.start(link.now).error(), udp::Error::address_in_use);
}

}  // namespace
}  // namespace hourglass::dhcp::testing
