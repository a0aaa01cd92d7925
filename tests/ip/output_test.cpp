// The way of what is sent: routes, sources, TCP and UDP over a host.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/udp.h"
#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Reads all that comes and remembers how it ended.
struct Reader : tcp::ConnectionHandler, tcp::AcceptHandler {
    void on_established(tcp::Stream) override { established = true; }
    void on_readable(tcp::Stream stream) override {
        for (;;) {
            std::array<std::byte, 4096> buffer;
            const std::size_t n = stream.receive(buffer);
            received.append(text(std::span(buffer).first(n)));
            if (n == 0) break;
        }
        if (stream.at_end()) stream.close();
    }
    void on_closed(tcp::Stream, tcp::Error why) override { closed = why; }
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(this)) continue;
    }
    bool established = false;
    std::string received;
    std::optional<tcp::Error> closed;
};

TEST(Rfc6864Identification, OnlyWhatMayBeFragmentedHasANumberOfItsOwn) {
    BufferPool pool;
    Host host({}, pool);
    const InterfaceId link = host.add_interface({.addresses = {prefix("10.0.0.1/24")}});
    const auto numbers = [&] {
        std::vector<std::uint16_t> all;
        for (const Packet& p : host.take_output(link)) {
            const auto view = *wire::Ipv4View::parse(p.bytes());
            EXPECT_EQ(view.dont_fragment(), view.protocol() == wire::IpProtocol::tcp);
            all.push_back(view.identification());
        }
        return all;
    };
    ASSERT_TRUE(host.tcp().connect({address("10.0.0.2"), Port{80}}, {}));
    host.poll(Instant{1s});
    EXPECT_EQ(numbers(), (std::vector<std::uint16_t>{0})) << "a datagram that is atomic needs none (section 4.1)";
    for (std::uint16_t i = 0; i < 2; ++i) ASSERT_TRUE(host.ping(address("10.0.0.2"), i, 10, Instant{1s}, {}));
    host.poll(Instant{1s});
    const auto pings = numbers();
    ASSERT_EQ(pings.size(), 2u);
    EXPECT_NE(pings[0], pings[1]) << "others must not repeat soon (section 4.3)";
}

class OverEveryLink : public ::testing::TestWithParam<std::tuple<Medium, std::string_view>> {};
INSTANTIATE_TEST_SUITE_P(Media, OverEveryLink,
                         ::testing::Combine(::testing::Values(Medium::ip, Medium::ethernet),
                                            ::testing::Values("10.0.0.2", "fd00::2")));

TEST_P(OverEveryLink, AConnectionCarriesBytesAndCloses) {
    const auto [medium, server] = GetParam();
    Pair pair(medium);
    Reader reader, writer;
    ASSERT_TRUE(pair.b.tcp().listen({address(server), Port{80}}, {.handler = &reader}));
    auto stream = pair.a.tcp().connect({address(server), Port{80}}, {.local = {}, .handler = &writer});
    ASSERT_TRUE(stream);
    pair.pass(10ms);
    ASSERT_TRUE(writer.established);
    const Bytes data = counting(100'000);
    EXPECT_EQ(stream->send(data), data.size());
    stream->close();
    pair.pass(10s);
    EXPECT_EQ(reader.received, text(data));
    EXPECT_EQ(reader.closed, tcp::Error::none);
    EXPECT_EQ(writer.closed, tcp::Error::none);
    EXPECT_EQ(total_dropped(pair.a.counters()) + total_dropped(pair.b.counters()), 0u);
}

TEST_P(OverEveryLink, ADatagramIsEchoed) {
    const auto [medium, server] = GetParam();
    Pair pair(medium);
    const IpAddress any = address(server).is_v4() ? IpAddress::v4(0) : IpAddress{};
    const auto echo =
        pair.b.udp().open({any, Port{7}}, [&](udp::SocketId socket, SocketAddress from, SocketAddress, auto data,
                                              Instant) { EXPECT_TRUE(pair.b.udp().send(socket, from, data)); });
    ASSERT_TRUE(echo);
    std::vector<std::string> answers;
    SocketAddress answered_by;
    const auto client = pair.a.udp().open({any, Port{}}, [&](auto, SocketAddress from, auto, auto data, Instant) {
        answers.push_back(text(data));
        answered_by = from;
    });
    const Bytes large = counting(20000);
    ASSERT_TRUE(pair.a.udp().send(*client, {address(server), Port{7}}, bytes("hello")));
    pair.run();
    ASSERT_TRUE(pair.a.udp().send(*client, {address(server), Port{7}}, {}));
    ASSERT_TRUE(pair.a.udp().send(*client, {address(server), Port{7}}, large));
    pair.run();
    EXPECT_THAT(answers, ElementsAre("hello", "", text(large)));
    EXPECT_EQ(answered_by, (SocketAddress{address(server), Port{7}}));
    EXPECT_GT(pair.a.counters().fragments_out, 13u);
}

TEST(Loopback, TcpToOurselvesStaysInside) {
    Pair pair(Medium::ip);
    Reader reader, writer;
    ASSERT_TRUE(pair.a.tcp().listen({IpAddress::v4(0), Port{80}}, {.handler = &reader}));
    auto stream = pair.a.tcp().connect({address("127.0.0.1"), Port{80}}, {.local = {}, .handler = &writer});
    ASSERT_TRUE(stream);
    pair.pass(1ms);
    stream->send(bytes("to myself"));
    stream->close();
    pair.pass(1s);
    EXPECT_EQ(reader.received, "to myself");
    EXPECT_THAT(pair.lines, IsEmpty());
}

TEST(Loopback, TwoSocketsThatEchoEachOtherDoNotHoldTheHost) {
    Pair pair(Medium::ip);
    const auto bounce = [&](udp::SocketId socket, SocketAddress from, SocketAddress, auto data, Instant) {
        ASSERT_TRUE(pair.a.udp().send(socket, from, data));
    };
    const auto one = pair.a.udp().open({address("10.0.0.1"), Port{1}}, bounce);
    ASSERT_TRUE(pair.a.udp().open({address("10.0.0.1"), Port{2}}, bounce));
    ASSERT_TRUE(pair.a.udp().send(*one, {address("10.0.0.1"), Port{2}}, bytes("x")));
    pair.a.poll(pair.now);  // Comes back.
    EXPECT_EQ(pair.a.next_deadline(), Instant::min());
    EXPECT_GT(pair.a.counters().looped_back, 10u);
}

/// A host with two links, each with a router behind it.
class Sources : public ::testing::Test {
  protected:
    Sources() {
        host.add_interface(
            {.mtu = 1400,
             .max_gso = 65535,
             .checksum_offload = true,
             .addresses = {prefix("10.0.0.1/24"), prefix("10.0.1.1/24"), prefix("fd00::1/64"), prefix("fe80::1/64")}});
        host.add_interface({.addresses = {prefix("192.168.0.1/24")}});
        host.add_route({prefix("0.0.0.0/0"), address("192.168.0.254"), InterfaceId{1}});
    }
    std::string source_towards(std::string_view destination) {
        std::string source = "none";
        const IpAddress to = address(destination);
        const auto socket = host.udp().open({to.is_v4() ? IpAddress::v4(0) : IpAddress{}, Port{}}, {});
        if (!host.udp().send(*socket, {to, Port{9}}, bytes("x"))) return "no route";
        for (const auto id : {InterfaceId{0}, InterfaceId{1}})
            for (const Packet& packet : host.take_output(id))
                source = to.is_v4() ? wire::Ipv4View::parse(packet.bytes())->source().to_string()
                                    : wire::Ipv6View::parse(packet.bytes())->source().to_string();
        return source;
    }
    BufferPool pool;
    Host host{{}, pool};
};

TEST_F(Sources, Rfc6724TheAddressOfTheSamePrefixOnTheOutgoingLink) {
    EXPECT_EQ(source_towards("10.0.0.9"), "10.0.0.1");
    EXPECT_EQ(source_towards("10.0.1.9"), "10.0.1.1");
    EXPECT_EQ(source_towards("8.8.8.8"), "192.168.0.1");
    EXPECT_EQ(source_towards("fd00::9"), "fd00::1");
    EXPECT_EQ(source_towards("fe80::9"), "fe80::1");
    EXPECT_EQ(source_towards("2001:db8::1"), "no route");
}

TEST_F(Sources, Rfc6724ForAGroupTheScopeDecides) {
    EXPECT_EQ(source_towards("255.255.255.255"), "10.0.0.1");
    EXPECT_EQ(source_towards("192.168.0.255"), "192.168.0.1");
    EXPECT_EQ(source_towards("ff02::fb"), "fe80::1");
}

TEST_F(Sources, ANonLocalAddressCanNotBeUsed) {
    EXPECT_EQ(host.udp().open({address("10.0.0.2"), Port{5}}, {}).error(), udp::Error::bad_address);
    EXPECT_TRUE(host.is_local(address("10.0.1.1")));
    EXPECT_FALSE(host.is_local(address("10.0.0.255")));
}

TEST(Ethernet, BroadcastAndMulticastNeedNoNeighbour) {
    Pair pair(Medium::ethernet);
    std::vector<std::string> to;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        to.push_back(wire::EthernetView::parse(packet)->destination().to_string());
        return true;
    };
    int arrived = 0;
    const auto handler = [&](auto&&...) { ++arrived; };
    ASSERT_TRUE(pair.b.udp().open({IpAddress::v4(0), Port{67}}, handler));
    ASSERT_TRUE(pair.b.udp().open({address("224.0.0.251"), Port{5353}}, handler));
    const auto socket = pair.a.udp().open({IpAddress::v4(0), Port{68}}, {});
    ASSERT_TRUE(pair.a.udp().send(*socket, {address("255.255.255.255"), Port{67}}, bytes("x")));
    ASSERT_TRUE(pair.a.udp().send(*socket, {address("10.0.0.255"), Port{67}}, bytes("x")));
    ASSERT_TRUE(pair.a.udp().send(*socket, {address("224.0.0.251"), Port{5353}}, bytes("x")));
    ASSERT_TRUE(pair.a.udp().send(*socket, {address("224.0.0.251"), Port{67}}, bytes("x")));
    pair.run();
    EXPECT_THAT(to, ElementsAre("ff:ff:ff:ff:ff:ff", "ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:fb", "01:00:5e:00:00:fb"));
    EXPECT_EQ(arrived, 4);
}

TEST(OutputLimit, AnInterfaceThatNobodyEmptiesHoldsNoMoreThanItsLimit) {
    HostSettings settings;
    settings.max_output_packets = 10;
    BufferPool pool;
    Host host(settings, pool);
    const InterfaceId link = host.add_interface({.addresses = {prefix("10.0.0.1/24")}});
    for (std::uint16_t i = 0; i < 100; ++i) host.ping(address("10.0.0.2"), i, 8, Instant{}, {});
    EXPECT_EQ(host.take_output(link).size(), 10u);
    EXPECT_EQ(host.counters().dropped_output_full, 90u);
}

TEST(Poller, RunsInEveryPollAndMayRemoveItself) {
    BufferPool pool;
    Host host({}, pool);
    int runs = 0;
    std::uint32_t self = 0;
    self = host.add_poller(
        [&](Instant) {
            if (++runs == 2) host.remove_poller(self);
        },
        [] { return Instant{} + 5s; });
    EXPECT_EQ(host.next_deadline(), Instant{} + 5s);
    for (int i = 0; i < 4; ++i) host.poll(Instant{} + std::chrono::seconds(i));
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(host.next_deadline(), kNever);
    EXPECT_EQ(host.now(), Instant{} + 3s);
}

TEST(Rfc768Checksum, ADatagramLeavesWithAValidOne) {
    Pair pair(Medium::ip);
    const auto socket = pair.a.udp().open({address("fd00::1"), Port{}}, {});
    bool valid = false;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        const auto view = wire::UdpView::parse(packet.subspan(40));
        valid = view->checksum() != 0 && view->checksum_is_valid(address("fd00::1"), address("fd00::2"));
        return false;
    };
    ASSERT_TRUE(pair.a.udp().send(*socket, {address("fd00::2"), Port{9}}, bytes("x")));
    pair.run();
    EXPECT_TRUE(valid);
}

}  // namespace
}  // namespace hourglass::ip::testing
