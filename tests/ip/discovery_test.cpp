// ARP (RFC 826) and neighbour discovery (RFC 4861) between two hosts.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/neighbor_discovery.h"
#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr auto kIgnore = [](IpAddress, std::uint16_t, Duration) {};

Bytes frame(const MacAddress& destination, const MacAddress& source, wire::EtherType type, const Bytes& payload) {
    Bytes out(14 + payload.size());
    wire::EthernetHeader{destination, source, type}.emit(out);
    std::ranges::copy(payload, out.begin() + 14);
    return out;
}

Bytes arp_frame(const MacAddress& to, const wire::ArpPacket& arp) {
    Bytes payload(wire::ArpPacket::kSize);
    arp.emit(payload);
    return frame(to, arp.sender_mac, wire::EtherType::arp, payload);
}

TEST(Rfc826Arp, ARequestAndAReplyComeBeforeTheFirstDatagramOnly) {
    Pair pair(Medium::ethernet);
    pair.a.ping(address("10.0.0.2"), 1, 56, pair.now, kIgnore);
    pair.run();
    EXPECT_THAT(pair.lines,
                ElementsAre("a>b ARP request 10.0.0.2", "b>a ARP reply 10.0.0.1", "a>b ICMP 8/0", "b>a ICMP 0/0"));
    pair.lines.clear();
    pair.a.ping(address("10.0.0.2"), 2, 56, pair.now, kIgnore);
    pair.run();
    EXPECT_THAT(pair.lines, ElementsAre("a>b ICMP 8/0", "b>a ICMP 0/0"));
}

TEST(Rfc826Arp, TheRequestTellsTheAskedOneOfTheAsker) {
    Pair pair(Medium::ethernet);
    pair.a.ping(address("10.0.0.2"), 1, 56, pair.now, kIgnore);
    pair.run();
    EXPECT_EQ(pair.b.counters().arp_requests_out, 0u);
    EXPECT_EQ(pair.b.counters().arp_requests_in, 1u);
}

TEST(Rfc826Arp, AskedThreeTimesThenTheDatagramIsLost) {
    Pair pair(Medium::ethernet);
    pair.a.ping(address("10.0.0.77"), 1, 56, pair.now, kIgnore);
    pair.pass(10s);
    EXPECT_THAT(pair.lines,
                ElementsAre("a>b ARP request 10.0.0.77", "a>b ARP request 10.0.0.77", "a>b ARP request 10.0.0.77"));
    EXPECT_EQ(pair.a.counters().dropped_unresolved, 1u);
    EXPECT_EQ(pair.a.counters().neighbours_failed, 1u);
}

TEST(Rfc826Arp, AnUnaskedReplyFromAStrangerChangesNothing) {
    Pair pair(Medium::ethernet);
    pair.inject(pair.at_a, arp_frame(mac(1), {.operation = wire::ArpOperation::reply,
                                              .sender_mac = mac(66),
                                              .sender_ip = address("10.0.0.2"),
                                              .target_mac = mac(1),
                                              .target_ip = address("10.0.0.1")}));
    pair.a.ping(address("10.0.0.2"), 1, 8, pair.now, kIgnore);
    pair.run();
    EXPECT_EQ(pair.lines.front(), "a>b ARP request 10.0.0.2");
}

TEST(Rfc826Arp, AClaimToOurOwnAddressIsDropped) {
    Pair pair(Medium::ethernet);
    pair.inject(pair.at_a, arp_frame(MacAddress::broadcast(), {.operation = wire::ArpOperation::request,
                                                               .sender_mac = mac(66),
                                                               .sender_ip = address("10.0.0.1"),
                                                               .target_mac = {},
                                                               .target_ip = address("10.0.0.1")}));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.a.counters().dropped_arp, 1u);
}

TEST(Rfc5227Arp, AProbeForOurAddressIsAnswered) {
    Pair pair(Medium::ethernet);
    pair.inject(pair.at_a, arp_frame(MacAddress::broadcast(), {.operation = wire::ArpOperation::request,
                                                               .sender_mac = mac(66),
                                                               .sender_ip = IpAddress::v4(0),
                                                               .target_mac = {},
                                                               .target_ip = address("10.0.0.1")}));
    EXPECT_THAT(pair.lines, ElementsAre("a>b ARP reply 0.0.0.0"));
}

TEST(Rfc4861Discovery, SolicitationAndAdvertisementComeBeforeTheFirstDatagram) {
    Pair pair(Medium::ethernet);
    MacAddress asked;
    pair.filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "a>b ICMPv6 135/0") asked = wire::EthernetView::parse(packet)->destination();
        return true;
    };
    pair.a.ping(address("fd00::2"), 1, 56, pair.now, kIgnore);
    pair.run();
    EXPECT_THAT(pair.lines,
                ElementsAre("a>b ICMPv6 135/0", "b>a ICMPv6 136/0", "a>b ICMPv6 128/0", "b>a ICMPv6 129/0"));
    EXPECT_EQ(asked, (MacAddress{{0x33, 0x33, 0xff, 0, 0, 2}}));  // RFC 4291, section 2.7.1.
}

TEST(Rfc4861Discovery, AReachableNeighbourIsProbedByUnicastOnceItIsStaleAndUsed) {
    Pair pair(Medium::ethernet);
    pair.a.ping(address("fd00::2"), 1, 56, pair.now, kIgnore);
    pair.pass(20s);  // b has heard a and probed it when it answered.
    pair.lines.clear();
    pair.pass(31s);
    EXPECT_THAT(pair.lines, IsEmpty());
    MacAddress probed;
    pair.filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "a>b ICMPv6 135/0") probed = wire::EthernetView::parse(packet)->destination();
        return true;
    };
    pair.a.ping(address("fd00::2"), 2, 56, pair.now, kIgnore);
    pair.pass(6s);
    EXPECT_EQ(probed, mac(2));
    EXPECT_EQ(pair.a.counters().neighbours_failed, 0u);
}

Bytes solicitation_frame(std::uint8_t hop_limit, const IpAddress& source, bool with_mac, bool fragment = false) {
    const IpAddress target = address("fd00::1");
    const IpAddress group = wire::solicited_node_multicast(target);
    wire::NeighborSolicitation solicitation{.target = target, .source_link_layer = {}};
    if (with_mac) solicitation.source_link_layer = mac(2);
    Bytes message(solicitation.size());
    solicitation.emit(message, source, group);
    wire::IpProtocol protocol = wire::IpProtocol::icmpv6;
    if (fragment) {
        message.insert(message.begin(), wire::Ipv6Fragment::kSize, std::byte{0});
        wire::Ipv6Fragment{.next_header = protocol, .identification = 7}.emit(message);
        protocol = wire::IpProtocol::fragment;
    }
    return frame(wire::multicast_mac(group), mac(2), wire::EtherType::ipv6,
                 datagram(source, group, protocol, message, hop_limit));
}

TEST(Rfc4861Discovery, WhatCanHaveCrossedARouterIsDropped) {
    Pair pair(Medium::ethernet);
    pair.inject(pair.at_a, solicitation_frame(254, address("fd00::2"), true));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.a.counters().dropped_discovery, 1u);
    pair.inject(pair.at_a, solicitation_frame(255, address("fd00::2"), true));
    EXPECT_THAT(pair.lines, ElementsAre("a>b ICMPv6 136/0"));
}

TEST(Rfc6980Discovery, WhatHasAFragmentHeaderIsDropped) {
    Pair pair(Medium::ethernet);
    pair.inject(pair.at_a, solicitation_frame(255, address("fd00::2"), true, true));
    EXPECT_THAT(pair.lines, IsEmpty());
    EXPECT_EQ(pair.a.counters().dropped_discovery, 1u);
}

TEST(Rfc4861Discovery, ATestForDuplicatesIsAnsweredToAllNodes) {
    Pair pair(Medium::ethernet);
    MacAddress told;
    pair.filter = [&](std::string_view, std::span<const std::byte> packet) {
        told = wire::EthernetView::parse(packet)->destination();
        return true;
    };
    pair.inject(pair.at_a, solicitation_frame(255, IpAddress{}, false));
    EXPECT_EQ(told, (MacAddress{{0x33, 0x33, 0, 0, 0, 1}}));
    pair.inject(pair.at_a, solicitation_frame(255, IpAddress{}, true));  // RFC 4861, section 7.1.1: no option then.
    EXPECT_EQ(pair.a.counters().dropped_discovery, 1u);
}

TEST(Ethernet, AFrameForAnotherStationIsDropped) {
    Pair pair(Medium::ethernet);
    const auto ping = datagram(address("10.0.0.2"), address("10.0.0.1"), wire::IpProtocol::icmp,
                               echo_request(address("10.0.0.2"), address("10.0.0.1"), {}));
    pair.inject(pair.at_a, frame(mac(9), mac(2), wire::EtherType::ipv4, ping));
    EXPECT_EQ(pair.a.counters().dropped_other_station, 1u);
    pair.inject(pair.at_a, frame(mac(1), mac(2), static_cast<wire::EtherType>(0x88cc), ping));
    EXPECT_EQ(pair.a.counters().dropped_ethertype, 1u);
    EXPECT_EQ(pair.a.counters().echo_requests_in, 0u);
}

TEST(Ethernet, Rfc1122UnicastInABroadcastFrameIsDropped) {
    Pair pair(Medium::ethernet);
    const auto ping = datagram(address("10.0.0.2"), address("10.0.0.1"), wire::IpProtocol::icmp,
                               echo_request(address("10.0.0.2"), address("10.0.0.1"), {}));
    pair.inject(pair.at_a, frame(MacAddress::broadcast(), mac(2), wire::EtherType::ipv4, ping));
    EXPECT_EQ(pair.a.counters().dropped_link_broadcast, 1u);
}

TEST(Ethernet, PaddingOfAShortFrameIsNotData) {
    Pair pair(Medium::ethernet);
    auto ping = datagram(address("10.0.0.2"), address("10.0.0.1"), wire::IpProtocol::icmp,
                         echo_request(address("10.0.0.2"), address("10.0.0.1"), counting(4)));
    ping.resize(46, std::byte{0xee});
    std::size_t answered = 0;
    pair.filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "a>b ICMP 0/0") answered = packet.size();
        return true;
    };
    pair.inject(pair.at_a, frame(mac(1), mac(2), wire::EtherType::ipv4, ping));
    EXPECT_EQ(answered, 14u + 20 + 8 + 4);
}

TEST(NeighbourLimit, AFloodOfAskersFillsNoMoreThanTheTable) {
    HostSettings settings;
    settings.max_neighbours = 16;
    Pair pair(Medium::ethernet, 1500, settings);
    for (std::uint8_t i = 3; i < 250; ++i)
        pair.inject(pair.at_a, arp_frame(MacAddress::broadcast(), {.operation = wire::ArpOperation::request,
                                                                   .sender_mac = mac(i),
                                                                   .sender_ip = IpAddress::v4(10, 0, 0, i),
                                                                   .target_mac = {},
                                                                   .target_ip = address("10.0.0.1")}));
    EXPECT_EQ(pair.a.counters().neighbours_evicted, 247u - 16);
    EXPECT_EQ(pair.a.counters().arp_replies_out, 247u);
}

}  // namespace
}  // namespace hourglass::ip::testing
