// What is wrong with a datagram is counted by its reason, and nothing worse happens.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::IpProtocol;
using wire::ParseError;

const IpAddress kA = address("10.0.0.1"), kB = address("10.0.0.2");
const IpAddress kA6 = address("fd00::1"), kB6 = address("fd00::2");

std::uint64_t of(const MalformedCounts& counts, ParseError reason) { return counts[static_cast<std::size_t>(reason)]; }

/// A host b that is given datagrams.
class Input : public ::testing::Test {
  protected:
    void give(std::span<const std::byte> packet) { pair.inject(pair.at_b, packet); }
    const Counters& counters() { return pair.b.counters(); }
    Bytes ping() { return datagram(kA, kB, IpProtocol::icmp, echo_request(kA, kB, counting(8))); }
    Bytes ping6() { return datagram(kA6, kB6, IpProtocol::icmpv6, echo_request(kA6, kB6, counting(8))); }

    Pair pair{Medium::ip};
};

TEST_F(Input, EveryMalformedHeaderHasItsReason) {
    give({});
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::truncated), 1u);
    Bytes p = ping();
    p[0] = std::byte{0x55};
    give(p);
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::bad_version), 1u);
    p[0] = std::byte{0x44};
    give(p);
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::bad_header_length), 1u);
    p = ping();
    give(std::span(p).first(30));
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::truncated), 2u);
    p = ping6();
    give(std::span(p).first(50));
    EXPECT_EQ(of(counters().malformed_ipv6, ParseError::truncated), 1u);
    EXPECT_EQ(total_dropped(counters()), 5u);
    EXPECT_THAT(pair.lines, IsEmpty());
}

TEST_F(Input, Rfc1122ABadChecksumIsDroppedOnEveryLayer) {
    Bytes header = ping();
    header[8] ^= std::byte{1};
    give(header);
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::bad_checksum), 1u);
    Bytes icmp = ping(), icmp6 = ping6();
    icmp.back() ^= std::byte{1};
    icmp6.back() ^= std::byte{1};
    give(icmp);
    give(icmp6);
    EXPECT_EQ(of(counters().malformed_icmp, ParseError::bad_checksum), 2u);
    Bytes datagram_bytes = datagram(kA, kB, IpProtocol::udp, udp(kA, kB, 1, 2, bytes("x")));
    datagram_bytes.back() ^= std::byte{1};
    give(datagram_bytes);
    EXPECT_EQ(of(counters().malformed_udp, ParseError::bad_checksum), 1u);
    EXPECT_THAT(pair.lines, IsEmpty());
}

TEST_F(Input, OptionsAreSkipped) {
    Bytes p = ping();
    p.insert(p.begin() + 20, {std::byte{1}, std::byte{1}, std::byte{1}, std::byte{0}});
    p[0] = std::byte{0x46};
    wire::store_be16(p.data() + 2, static_cast<std::uint16_t>(p.size()));
    wire::store_be16(p.data() + 10, 0);
    wire::store_be16(p.data() + 10, wire::checksum(wire::partial_sum(std::span<const std::byte>(p).first(24))));
    give(p);
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMP 0/0"));
}

TEST_F(Input, Rfc1122ASourceThatIsNoSingleHostIsDropped) {
    for (const auto* source :
         {"224.0.0.1", "255.255.255.255", "127.0.0.1", "10.0.0.255", "0.0.0.0", "0.1.2.3", "240.0.0.1", "10.0.0.2"}) {
        const IpAddress from = address(source);
        give(datagram(from, kB, IpProtocol::icmp, echo_request(from, kB, {})));
    }
    for (const auto* source : {"ff02::1", "::1", "::", "fd00::2"}) {
        const IpAddress from = address(source);
        give(datagram(from, kB6, IpProtocol::icmpv6, echo_request(from, kB6, {})));
    }
    EXPECT_EQ(counters().dropped_bad_source, 12u);
    EXPECT_THAT(pair.lines, IsEmpty());
}

TEST_F(Input, AnIpv4MappedAddressInAnIpv6PacketIsNoIpv4Address) {
    wire::Ipv6Header header;
    header.next_header = IpProtocol::icmpv6;
    header.source = address("::ffff:10.0.0.1");
    header.destination = kB6;
    give(v6_datagram(header, counting(16)));
    header.source = kA6;
    header.destination = address("::ffff:10.0.0.2");
    give(v6_datagram(header, counting(16)));
    EXPECT_EQ(of(counters().malformed_ipv6, ParseError::bad_address), 2u);
}

TEST_F(Input, Rfc1122ALoopbackDestinationOnALinkIsDropped) {
    for (const auto* destination : {"127.0.0.1", "127.1.2.3"})
        give(datagram(kA, address(destination), IpProtocol::icmp, echo_request(kA, kB, {})));
    give(datagram(kA6, address("::1"), IpProtocol::icmpv6, echo_request(kA6, address("::1"), {})));
    EXPECT_EQ(counters().dropped_bad_destination, 3u);
}

TEST_F(Input, WhatIsForAnotherHostIsDroppedWithoutForwarding) {
    give(datagram(kA, address("10.0.0.3"), IpProtocol::icmp, echo_request(kA, kB, {})));
    give(datagram(kA6, address("ff02::1234"), IpProtocol::icmpv6, echo_request(kA6, kB6, {})));
    EXPECT_EQ(counters().dropped_not_local, 2u);
}

TEST_F(Input, Rfc1122TcpToAGroupIsDropped) {
    const IpAddress broadcast = address("10.0.0.255");
    give(datagram(kA, broadcast, IpProtocol::tcp, tcp(kA, broadcast, 1, 2, 3, {})));
    EXPECT_EQ(counters().dropped_not_unicast, 1u);
    EXPECT_EQ(pair.b.tcp().counters().segments_in, 0u);
}

TEST_F(Input, ASegmentReachesTcpWithoutItsHeader) {
    give(datagram(kA, kB, IpProtocol::tcp, tcp(kA, kB, 1000, 80, 3, {})));
    give(datagram(kA6, kB6, IpProtocol::tcp, tcp(kA6, kB6, 1000, 80, 3, {})));
    EXPECT_EQ(pair.b.tcp().counters().segments_in, 2u);
    EXPECT_EQ(pair.b.tcp().counters().dropped_malformed + pair.b.tcp().counters().dropped_checksum, 0u);
    EXPECT_THAT(pair.lines, ElementsAre("b>a TCP", "b>a TCP"));  // No listener: a reset each.
}

TEST_F(Input, FragmentsOfImpossibleSizesAreMalformed) {
    wire::Ipv4Header header;
    header.protocol = IpProtocol::udp;
    header.source = kA;
    header.destination = kB;
    header.more_fragments = true;
    give(v4_datagram(header, counting(9)));  // Not a multiple of eight.
    give(v4_datagram(header, {}));
    header.more_fragments = false;
    header.fragment_offset = 65528;
    give(v4_datagram(header, counting(100)));  // The ping of death.
    EXPECT_EQ(of(counters().malformed_ipv4, ParseError::bad_length), 3u);
    EXPECT_EQ(pair.pool.in_use(), 0u);
}

Bytes fragment_v6(IpProtocol next, std::uint16_t offset, bool more, const Bytes& data) {
    Bytes payload(8 + data.size());
    wire::Ipv6Fragment{next, offset, more, 7}.emit(payload);
    std::ranges::copy(data, payload.begin() + 8);
    return datagram(kA6, kB6, IpProtocol::fragment, payload);
}

TEST_F(Input, Rfc8200FragmentsOfImpossibleSizesAreAnswered) {
    give(fragment_v6(IpProtocol::udp, 0, true, counting(9)));
    give(fragment_v6(IpProtocol::udp, 65528, false, counting(100)));
    EXPECT_EQ(of(counters().malformed_ipv6, ParseError::bad_length), 2u);
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMPv6 4/0", "b>a ICMPv6 4/0"));
}

TEST_F(Input, Rfc7112AFirstFragmentWithoutTheTransportHeaderIsRefused) {
    Bytes options(8);
    options[0] = static_cast<std::byte>(IpProtocol::udp);
    options[2] = std::byte{1};
    options[3] = std::byte{4};
    give(fragment_v6(IpProtocol::destination_options, 0, true, options));
    EXPECT_EQ(of(counters().malformed_ipv6, ParseError::truncated), 1u);
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMPv6 4/3"));
}

TEST_F(Input, Rfc6946AnAtomicFragmentIsAWholeDatagram) {
    give(fragment_v6(IpProtocol::icmpv6, 0, false, echo_request(kA6, kB6, counting(8))));
    EXPECT_THAT(pair.lines, ElementsAre("b>a ICMPv6 129/0"));
    EXPECT_EQ(counters().fragments_in, 0u);
}

TEST_F(Input, AFragmentWithinAReassembledDatagramIsRefused) {
    Bytes inner(8 + 16);
    wire::Ipv6Fragment{IpProtocol::udp, 8, true, 9}.emit(inner);
    const Bytes head(inner.begin(), inner.begin() + 16), tail(inner.begin() + 16, inner.end());
    give(fragment_v6(IpProtocol::fragment, 0, true, head));
    give(fragment_v6(IpProtocol::fragment, 16, false, tail));
    EXPECT_EQ(counters().reassembled, 1u);
    EXPECT_EQ(of(counters().malformed_ipv6, ParseError::bad_option), 1u);
    EXPECT_EQ(pair.pool.in_use(), 0u);
}

TEST_F(Input, WhatTheDeviceHasVerifiedIsNotVerifiedAgain) {
    int arrived = 0;
    const auto socket = pair.b.udp().open({kB, Port{53}}, [&](auto&&...) { ++arrived; });
    ASSERT_TRUE(socket);
    Bytes wrong = udp(kA, kB, 1, 53, bytes("x"));
    wrong[6] ^= std::byte{1};
    Packet packet = pair.pool.packet(datagram(kA, kB, IpProtocol::udp, wrong));
    packet.offload.checksum = Offload::Checksum::partial;
    pair.b.receive(pair.at_b.interface, std::move(packet), pair.now);
    pair.run();
    EXPECT_EQ(arrived, 1);
}

}  // namespace
}  // namespace hourglass::ip::testing
