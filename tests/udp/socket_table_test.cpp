#include "udp/socket_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>
#include <string>

#include "hourglass/wire/udp.h"

namespace hourglass::udp {
namespace {

using ::testing::ElementsAre;

IpAddress address(std::string_view text) { return IpAddress::parse(text).value(); }

/// A host with 10.0.0.1 and fd00::1 that keeps what is sent.
class SocketTableTest : public ::testing::Test, public DatagramOutput {
  protected:
    bool is_own_address(const IpAddress& a) const override { return a == own4 || a == own6; }
    std::optional<IpAddress> source_for(const IpAddress& destination) const override {
        if (destination == address("8.8.8.8")) return std::nullopt;
        return destination.is_v4() ? own4 : own6;
    }
    void send_datagram(Packet datagram, const IpAddress& source, const IpAddress&) override {
        sent.push_back(std::move(datagram));
        sent_from = source;
    }
    Packet datagram(const IpAddress& to, std::uint16_t port, std::string_view data, bool with_checksum = true) {
        const wire::UdpHeader header{Port{1000}, Port(port), static_cast<std::uint16_t>(data.size())};
        Packet packet = pool.packet(header.size() + data.size());
        header.emit(packet.append(header.size()));
        std::ranges::copy(std::as_bytes(std::span(data)), packet.append(data.size()).begin());
        if (with_checksum)
            wire::store_be16(packet.bytes().data() + 6, wire::udp_checksum(peer(to), to, packet.bytes()));
        return packet;
    }
    static IpAddress peer(const IpAddress& to) { return address(to.is_v4() ? "10.0.0.2" : "fd00::2"); }
    auto give(Packet packet, const IpAddress& to) { return table.receive(packet, 0, peer(to), to); }
    DatagramHandler log(std::string name) {
        return [this, name](SocketId, SocketAddress from, SocketAddress to, std::span<const std::byte> data, Instant) {
            got.push_back(name + ": " + from.to_string() + " > " + to.to_string() + " " +
                          std::string(reinterpret_cast<const char*>(data.data()), data.size()));
        };
    }

    const IpAddress own4 = address("10.0.0.1"), own6 = address("fd00::1");
    BufferPool pool;
    SocketTable table{{.sockets = 4, .queued_datagrams = 3}, {1, 2}, *this, pool};
    std::vector<Packet> sent;
    IpAddress sent_from;
    std::vector<std::string> got;
};

TEST_F(SocketTableTest, ADatagramWaitsForPoll) {
    ASSERT_TRUE(table.open({own4, Port{53}}, log("dns")));
    EXPECT_EQ(give(datagram(own4, 53, "hi"), own4), Delivery::queued);
    EXPECT_TRUE(got.empty());
    EXPECT_TRUE(table.has_work());
    table.poll({});
    EXPECT_THAT(got, ElementsAre("dns: 10.0.0.2:1000 > 10.0.0.1:53 hi"));
    EXPECT_FALSE(table.has_work());
    EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(SocketTableTest, TheSocketWithTheVeryAddressGoesFirst) {
    ASSERT_TRUE(table.open({IpAddress::v4(0), Port{53}}, log("any")));
    ASSERT_TRUE(table.open({own4, Port{53}}, log("own")));
    ASSERT_TRUE(give(datagram(own4, 53, "1"), own4));
    const IpAddress broadcast = address("10.0.0.255");
    ASSERT_TRUE(give(datagram(broadcast, 53, "2"), broadcast));
    table.poll({});
    EXPECT_THAT(got, ElementsAre("own: 10.0.0.2:1000 > 10.0.0.1:53 1", "any: 10.0.0.2:1000 > 10.0.0.255:53 2"));
}

TEST_F(SocketTableTest, AnySocketOfOneFamilyIsNoneOfTheOther) {
    ASSERT_TRUE(table.open({IpAddress{}, Port{53}}, log("six")));
    EXPECT_EQ(give(datagram(own4, 53, "x"), own4), Delivery::no_socket);
    EXPECT_EQ(give(datagram(own6, 53, "x"), own6), Delivery::queued);
}

TEST_F(SocketTableTest, Rfc768ANonZeroChecksumMustBeRight) {
    ASSERT_TRUE(table.open({own4, Port{53}}, log("dns")));
    Packet wrong = datagram(own4, 53, "x");
    wrong.bytes()[6] ^= std::byte{1};
    EXPECT_EQ(give(std::move(wrong), own4).error(), wire::ParseError::bad_checksum);
    EXPECT_EQ(give(datagram(own4, 53, "x", /*with_checksum=*/false), own4), Delivery::queued);
}

TEST_F(SocketTableTest, Rfc8200OverIpv6ThereMustBeAChecksum) {
    ASSERT_TRUE(table.open({own6, Port{53}}, log("dns")));
    EXPECT_EQ(give(datagram(own6, 53, "x", /*with_checksum=*/false), own6).error(), wire::ParseError::bad_checksum);
}

TEST_F(SocketTableTest, ADatagramWithoutSocketIsLeftToTheCaller) {
    Packet packet = datagram(own4, 99, "x");
    EXPECT_EQ(table.receive(packet, 0, peer(own4), own4), Delivery::no_socket);
    EXPECT_EQ(packet.size(), 9u);
}

TEST_F(SocketTableTest, TheQueueHasALimit) {
    ASSERT_TRUE(table.open({own4, Port{53}}, log("dns")));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(give(datagram(own4, 53, "x"), own4), Delivery::queued);
    EXPECT_EQ(give(datagram(own4, 53, "x"), own4), Delivery::queue_full);
}

TEST_F(SocketTableTest, AHandlerMayCloseItsOwnSocket) {
    int calls = 0;
    ASSERT_TRUE(table.open({own4, Port{53}}, [&, text = std::string(100, 'x')](SocketId self, auto, auto, auto, auto) {
        table.close(self);
        calls += static_cast<int>(text.size());  // The handler itself is still there.
    }));
    ASSERT_TRUE(give(datagram(own4, 53, "1"), own4));
    ASSERT_TRUE(give(datagram(own4, 53, "2"), own4));
    table.poll({});
    EXPECT_EQ(calls, 100);
    EXPECT_EQ(give(datagram(own4, 53, "3"), own4), Delivery::no_socket);
}

TEST_F(SocketTableTest, Rfc6056EphemeralPortsAreSpreadAndUnique) {
    std::set<std::uint16_t> ports;
    for (int i = 0; i < 200; ++i) {
        const auto socket = table.open({own4, Port{}}, {});
        ASSERT_TRUE(socket);
        ports.insert(to_number(table.local(*socket).port));
        table.close(*socket);
    }
    EXPECT_GT(ports.size(), 190u);
    EXPECT_GE(*ports.begin(), SocketTable::kFirstEphemeralPort);
}

TEST_F(SocketTableTest, WhatCanNotBeOpenedSaysWhy) {
    EXPECT_EQ(table.open({address("10.0.0.9"), Port{1}}, {}).error(), Error::bad_address);
    ASSERT_TRUE(table.open({own4, Port{1}}, {}));
    EXPECT_EQ(table.open({own4, Port{1}}, {}).error(), Error::address_in_use);
    for (std::uint16_t port = 2; port < 5; ++port) ASSERT_TRUE(table.open({own4, Port(port)}, {}));
    EXPECT_EQ(table.open({own4, Port{9}}, {}).error(), Error::limit_reached);
    EXPECT_EQ(to_string(Error::limit_reached), "too many sockets");
}

TEST_F(SocketTableTest, WhatCanNotBeSentSaysWhy) {
    const auto socket = *table.open({own4, Port{1}}, {});
    const std::vector<std::byte> large(65508);
    EXPECT_EQ(table.send(socket, {own6, Port{1}}, {}).error(), Error::bad_address);
    EXPECT_EQ(table.send(socket, {own4, Port{}}, {}).error(), Error::bad_address);
    EXPECT_EQ(table.send(socket, {address("8.8.8.8"), Port{1}}, {}).error(), Error::no_route);
    EXPECT_EQ(table.send(socket, {address("10.0.0.2"), Port{1}}, large).error(), Error::too_large);
    EXPECT_TRUE(table.send(socket, {address("10.0.0.2"), Port{1}}, std::span(large).first(65507)));
    table.close(socket);
    EXPECT_EQ(table.send(socket, {address("10.0.0.2"), Port{1}}, {}).error(), Error::no_such_socket);
    EXPECT_EQ(table.local(socket), SocketAddress{});
}

TEST_F(SocketTableTest, ASocketOfAGroupJoinsIt) {
    const IpAddress group = address("224.0.0.251");
    EXPECT_FALSE(table.is_joined(group));
    const auto one = *table.open({group, Port{5353}}, log("mdns"));
    const auto two = *table.open({group, Port{5354}}, log("mdns"));
    table.close(one);
    EXPECT_TRUE(table.is_joined(group));
    ASSERT_TRUE(table.send(two, {group, Port{5353}}, {}));
    EXPECT_EQ(sent_from, own4);  // Never from the group itself.
    table.close(two);
    EXPECT_FALSE(table.is_joined(group));
}

}  // namespace
}  // namespace hourglass::udp
