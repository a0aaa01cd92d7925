// Echoes and errors: RFC 792, RFC 1122, section 3.2.2, RFC 4443.

#include "hourglass/wire/icmp.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/tcp.h"
#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::IpProtocol;

const IpAddress kA = address("10.0.0.1"), kB = address("10.0.0.2");
const IpAddress kA6 = address("fd00::1"), kB6 = address("fd00::2");

class Ping : public ::testing::TestWithParam<std::string_view> {
  protected:
    IpAddress to = address(GetParam());
};
INSTANTIATE_TEST_SUITE_P(Families, Ping, ::testing::Values("10.0.0.2", "fd00::2"));

TEST_P(Ping, IsAnsweredWithItsTime) {
    Pair pair(Medium::ip);
    Duration round_trip{};
    IpAddress from;
    std::uint16_t sequence = 0;
    pair.a.ping(to, 7, 56, pair.now,
                [&](IpAddress f, std::uint16_t s, Duration d) { from = f, sequence = s, round_trip = d; });
    pair.now += 3ms;
    pair.run();
    EXPECT_EQ(from, to);
    EXPECT_EQ(sequence, 7);
    EXPECT_EQ(round_trip, 3ms);
    EXPECT_EQ(pair.lines.size(), 2u);
}

TEST_P(Ping, OfTheLargestSizeIsFragmentedAndPutTogetherInAnyOrder) {
    for (const bool reverse : {false, true}) {
        Pair pair(Medium::ip);
        pair.reverse = reverse;
        int answers = 0;
        const std::size_t largest = to.is_v4() ? 65507 : 65527;
        ASSERT_TRUE(pair.a.ping(to, 1, largest, pair.now, [&](IpAddress, std::uint16_t, Duration) { ++answers; }));
        EXPECT_FALSE(pair.a.ping(to, 1, largest + 1, pair.now, {}));
        pair.run();
        EXPECT_EQ(answers, 1);
        EXPECT_EQ(pair.b.counters().reassembled, 1u);
        EXPECT_EQ(pair.a.counters().reassembled, 1u);
        EXPECT_GE(pair.lines.size(), 2u * 45);
    }
}

TEST_P(Ping, NoFragmentIsLargerThanTheMtu) {
    Pair pair(Medium::ip, 1281);
    std::size_t largest = 0;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        largest = std::max(largest, packet.size());
        return true;
    };
    pair.a.ping(to, 1, 4000, pair.now, {});
    pair.run();
    EXPECT_LE(largest, 1281u);
    EXPECT_GT(largest, 1281u - 8);
}

TEST_P(Ping, ALostFragmentIsToldAfterAMinute) {
    Pair pair(Medium::ip);
    pair.filter = [](std::string_view line, std::span<const std::byte>) {
        return line != "a>b fragment 1448" && line != "a>b fragment 1480";
    };
    pair.a.ping(to, 1, 4000, pair.now, {});
    pair.run();
    pair.lines.clear();
    pair.pass(59s);
    EXPECT_THAT(pair.lines, IsEmpty());
    pair.pass(1s);
    EXPECT_THAT(pair.lines, ElementsAre(to.is_v4() ? "b>a ICMP 11/1" : "b>a ICMPv6 3/1"));
}

TEST_P(Ping, WithoutItsFirstFragmentNobodyIsTold) {
    Pair pair(Medium::ip);
    pair.filter = [](std::string_view line, std::span<const std::byte>) { return line != "a>b fragment 0"; };
    pair.a.ping(to, 1, 4000, pair.now, {});
    pair.run();
    pair.lines.clear();
    pair.pass(61s);
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.b.counters().dropped_reassembly_timeout, 1u);
}

TEST_P(Ping, ToOurselvesNeverReachesTheLink) {
    Pair pair(Medium::ip);
    int answers = 0;
    const IpAddress own = to.is_v4() ? kA : kA6;
    for (const IpAddress& self : {own, address(to.is_v4() ? "127.0.0.1" : "::1")})
        ASSERT_TRUE(pair.a.ping(self, 1, 100, pair.now, [&](IpAddress, std::uint16_t, Duration) { ++answers; }));
    EXPECT_EQ(pair.a.next_deadline(), Instant::min());
    pair.run();
    EXPECT_EQ(answers, 2);
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.a.counters().looped_back, 4u);
}

TEST(PingWithoutRoute, SaysSo) {
    Pair pair(Medium::ip);
    EXPECT_FALSE(pair.a.ping(address("8.8.8.8"), 1, 56, pair.now, {}));
    EXPECT_FALSE(pair.a.ping(address("2001:db8::1"), 1, 56, pair.now, {}));
}

TEST(Rfc4443Echo, ToAllNodesIsAnsweredFromAUnicastAddress) {
    Pair pair(Medium::ip);
    IpAddress from;
    pair.a.ping(address("ff02::1"), 1, 8, pair.now, [&](IpAddress f, std::uint16_t, Duration) { from = f; });
    pair.run();
    EXPECT_EQ(from, kB6);
}

TEST(Rfc1122Echo, ToTheBroadcastAddressIsNotAnswered) {
    Pair pair(Medium::ip);
    for (const auto* to : {"10.0.0.255", "255.255.255.255", "224.0.0.1"})
        pair.inject(pair.at_b, datagram(kA, address(to), IpProtocol::icmp, echo_request(kA, address(to), {})));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.b.counters().dropped_icmp_ignored, 3u);
}

TEST(Rfc1122Unreachable, ADatagramWithoutSocketIsAnsweredPortUnreachable) {
    Pair pair(Medium::ip);
    pair.inject(pair.at_b, datagram(kA, kB, IpProtocol::udp, udp(kA, kB, 1000, 9, bytes("x"))));
    pair.inject(pair.at_b, datagram(kA6, kB6, IpProtocol::udp, udp(kA6, kB6, 1000, 9, bytes("x"))));
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMP 3/3", "b>a ICMPv6 1/4"));
    EXPECT_EQ(pair.b.counters().dropped_udp_no_socket, 2u);
}

TEST(Rfc1122Unreachable, NeverForGroupsLaterFragmentsOrErrors) {
    Pair pair(Medium::ip);
    const auto broadcast = address("10.0.0.255");
    pair.inject(pair.at_b, datagram(kA, broadcast, IpProtocol::udp, udp(kA, broadcast, 1000, 9, bytes("x"))));
    const auto nodes = address("ff02::1");
    pair.inject(pair.at_b, datagram(kA6, nodes, IpProtocol::udp, udp(kA6, nodes, 1000, 9, bytes("x"))));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.b.counters().dropped_udp_no_socket, 2u);
}

TEST(Rfc4443RateLimit, AFloodIsAnsweredAtTheRate) {
    HostSettings settings;
    settings.icmp_errors_per_second = 10;
    Pair pair(Medium::ip, 1500, settings);
    pair.now += 1s;
    for (int i = 0; i < 100; ++i)
        pair.inject(pair.at_b, datagram(kA, kB, IpProtocol::udp, udp(kA, kB, 1000, 9, bytes("x"))));
    EXPECT_EQ(pair.lines.size(), 10u);
    EXPECT_EQ(pair.b.counters().dropped_icmp_rate_limit, 90u);
}

TEST(Rfc1122Unreachable, AnUnknownProtocolIsToldSo) {
    Pair pair(Medium::ip);
    std::uint32_t pointer = 0;
    pair.filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "b>a ICMPv6 4/1") pointer = wire::Icmpv6View::parse(packet.subspan(40))->pointer();
        return true;
    };
    pair.inject(pair.at_b, datagram(kA, kB, static_cast<IpProtocol>(200), counting(20)));
    pair.inject(pair.at_b, datagram(kA6, kB6, static_cast<IpProtocol>(200), counting(20)));
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMP 3/2", "b>a ICMPv6 4/1"));
    EXPECT_EQ(pointer, 6u);  // The Next Header field of the fixed header.
    EXPECT_EQ(pair.b.counters().dropped_unknown_protocol, 2u);
}

TEST(Rfc8200NoNextHeader, IsDroppedInSilence) {
    Pair pair(Medium::ip);
    pair.inject(pair.at_b, datagram(kA6, kB6, IpProtocol::no_next_header, {}));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.b.counters().dropped_no_next_header, 1u);
}

TEST(Rfc8200Options, AnUnknownOptionThatMustBeUnderstoodIsAnsweredWithItsPlace) {
    Pair pair(Medium::ip);
    std::uint32_t pointer = 0;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        pointer = wire::Icmpv6View::parse(packet.subspan(40))->pointer();
        return true;
    };
    Bytes options(8);
    options[0] = static_cast<std::byte>(IpProtocol::no_next_header);
    options[2] = std::byte{0x80 | 0x1e};  // Discard and tell.
    options[3] = std::byte{4};
    pair.inject(pair.at_b, datagram(kA6, kB6, IpProtocol::destination_options, options));
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMPv6 4/2"));
    EXPECT_EQ(pointer, 42u);
}

TEST(Rfc792Errors, QuoteWhatTheyAreAboutWithinTheirLimits) {
    Pair pair(Medium::ip);
    std::vector<std::size_t> sizes;
    bool quoted = true;
    const auto big = datagram(kA, kB, IpProtocol::udp, udp(kA, kB, 1, 9, counting(1400)));
    const auto big6 = datagram(kA6, kB6, IpProtocol::udp, udp(kA6, kB6, 1, 9, counting(1400)));
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        sizes.push_back(packet.size());
        const bool v4 = sizes.size() == 1;
        const auto quote = packet.subspan(v4 ? 28 : 48);
        quoted = quoted && std::ranges::equal(quote, std::span(v4 ? big : big6).first(quote.size()));
        return true;
    };
    pair.inject(pair.at_b, big);
    pair.inject(pair.at_b, big6);
    EXPECT_THAT(sizes, ElementsAre(576u, 1280u));
    EXPECT_TRUE(quoted);
}

/// An error about `quoted`, as a router would send it to host a.
Bytes error_v4(const wire::IcmpHeader& header, std::span<const std::byte> quoted) {
    Bytes message(8 + quoted.size());
    header.emit_message(message, quoted);
    return datagram(address("10.0.0.9"), kA, IpProtocol::icmp, message);
}
Bytes error_v6(const wire::Icmpv6Header& header, std::span<const std::byte> quoted) {
    Bytes message(8 + quoted.size());
    header.emit_message(message, quoted, address("fd00::9"), kA6);
    return datagram(address("fd00::9"), kA6, IpProtocol::icmpv6, message);
}

TEST(Rfc1122Errors, AboutWhatWasNeverSentAreDropped) {
    Pair pair(Medium::ip);
    const auto unreachable = wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::port);
    const auto foreign = datagram(address("10.0.0.3"), kB, IpProtocol::udp, udp(kA, kB, 1, 2, {}));
    pair.inject(pair.at_a, error_v4(unreachable, foreign));
    const auto no_socket = datagram(kA, kB, IpProtocol::udp, udp(kA, kB, 1, 2, {}));
    pair.inject(pair.at_a, error_v4(unreachable, no_socket));
    EXPECT_EQ(pair.a.counters().dropped_icmp_mismatch, 2u);
    EXPECT_EQ(pair.a.counters().udp_unreachable, 0u);
    EXPECT_THAT(pair.lines, IsEmpty());
}

TEST(Rfc1122Errors, AboutADatagramOfASocketAreCounted) {
    Pair pair(Medium::ip);
    const auto socket = pair.a.udp().open({kA, Port{}}, {});
    ASSERT_TRUE(pair.a.udp().send(*socket, {kB, Port{9}}, bytes("x")));
    pair.run();
    EXPECT_THAT(pair.lines, ElementsAre("a>b UDP 9", "b>a ICMP 3/3"));
    EXPECT_EQ(pair.a.counters().udp_unreachable, 1u);
}

TEST(Rfc9293Errors, APortUnreachableReachesTheConnectionItIsAbout) {
    Pair pair(Medium::ip);
    Bytes syn;
    pair.filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "a>b TCP" && syn.empty()) syn.assign(packet.begin(), packet.end());
        return false;
    };
    const auto stream = pair.a.tcp().connect({kB, Port{80}});
    ASSERT_TRUE(stream);
    pair.run();
    ASSERT_FALSE(syn.empty());
    const auto unreachable = wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::protocol);
    Bytes other = syn;
    other[24] ^= std::byte{0x40};  // Its sequence number: a guess.
    pair.inject(pair.at_a, error_v4(unreachable, other));
    EXPECT_EQ(stream->state(), tcp::State::syn_sent);
    EXPECT_EQ(pair.a.counters().icmp_errors_in, 1u);
}

TEST(Rfc8201PathMtu, APacketTooBigIsHeededByLaterDatagrams) {
    Pair pair(Medium::ip);
    const auto socket = pair.a.udp().open({kA6, Port{5000}}, {});
    const Bytes data = counting(1400);
    const auto sent = datagram(kA6, kB6, IpProtocol::udp, udp(kA6, kB6, 5000, 9, data));
    pair.inject(pair.at_a, error_v6(wire::Icmpv6Header::packet_too_big(1279), sent));  // RFC 8201, section 4.
    EXPECT_EQ(pair.a.counters().dropped_icmp_mismatch, 1u);
    pair.inject(pair.at_a, error_v6(wire::Icmpv6Header::packet_too_big(1300), sent));
    ASSERT_TRUE(pair.a.udp().send(*socket, {kB6, Port{9}}, data));
    pair.run();
    EXPECT_THAT(pair.lines, ElementsAre("a>b fragment 0", "a>b fragment 1248", "b>a ICMPv6 1/4"));
}

TEST(Rfc792EchoReply, ThatNobodyAskedForIsDropped) {
    Pair pair(Medium::ip);
    Bytes reply = echo_request(kB, kA, {});
    reply[0] = std::byte{0};
    reply[2] = reply[3] = std::byte{0};
    wire::store_be16(reply.data() + 2, wire::checksum(wire::partial_sum(reply)));
    pair.inject(pair.at_a, datagram(kB, kA, IpProtocol::icmp, reply));
    EXPECT_EQ(pair.a.counters().dropped_icmp_mismatch, 1u);
}

}  // namespace
}  // namespace hourglass::ip::testing
