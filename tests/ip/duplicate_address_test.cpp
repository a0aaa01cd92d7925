// Addresses are tested before they are used: RFC 4862, section 5.4 and RFC 5227, section 2.1.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "ip/router.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// The target of the first neighbour solicitation that `a` sends.
IpAddress first_target(RoutedLink& link) {
    IpAddress target;
    link.filter = [&](std::string_view line, std::span<const std::byte> frame) {
        if (line != "a>b ICMPv6 135/0" || !target.is_unspecified()) return true;
        std::array<std::uint8_t, 16> octets{};
        std::memcpy(octets.data(), frame.data() + 14 + 40 + 8, octets.size());
        target = IpAddress::v6(octets);
        return true;
    };
    while (target.is_unspecified()) link.pass(100ms);
    return target;
}

TEST(Rfc4862Duplicates, AProbeHasNoSourceAndNoLinkLayerAddress) {
    RoutedLink link;
    std::size_t size = 0;
    link.filter = [&](std::string_view line, std::span<const std::byte> frame) {
        if (line == "a>b ICMPv6 135/0") {
            EXPECT_TRUE(wire::Ipv6View::parse(frame.subspan(14))->source().is_unspecified());
            size = frame.size();
        }
        return true;
    };
    link.pass(2s);
    EXPECT_EQ(size, 14u + 40 + 24);
}

TEST(Rfc4862Duplicates, OfATentativeAddressNobodyIsTold) {
    RoutedLink link;
    const IpAddress target = first_target(link);
    link.lines.clear();
    link.solicit(address("fe80::9"), target);
    EXPECT_THAT(link.lines, IsEmpty());
    EXPECT_FALSE(link.a.is_local(target));
    link.pass(1s);
    link.solicit(address("fe80::9"), target);
    EXPECT_EQ(link.count("a>b ICMPv6 135/0"), 1u);  // Now a answers, and asks whom to.
}

TEST(Rfc4862Duplicates, AnAdvertisementOfATentativeAddressMakesItTryAnother) {
    RoutedLink link;
    const IpAddress target = first_target(link);
    link.claim(target);
    link.pass(3s);
    EXPECT_EQ(link.a.counters().duplicate_addresses, 1u);
    ASSERT_THAT(link.addresses(), SizeIs(1));
    EXPECT_NE(link.addresses().front().address, target);
}

TEST(Rfc4862Duplicates, AnotherHostsTestOfATentativeAddressMakesItTryAnother) {
    RoutedLink link;
    const IpAddress target = first_target(link);
    link.solicit(IpAddress{}, target);
    link.pass(3s);
    EXPECT_EQ(link.a.counters().duplicate_addresses, 1u);
    EXPECT_FALSE(link.a.is_local(target));
}

TEST(Rfc7217, AfterThreeDuplicatesTheInterfaceStaysWithout) {
    RoutedLink link;
    for (int i = 0; i < 3; ++i) link.claim(first_target(link));
    link.pass(1min);
    EXPECT_THAT(link.addresses(), IsEmpty());
    EXPECT_EQ(link.count("a>b ICMPv6 135/0"), 3u);
    EXPECT_EQ(link.count("a>b ICMPv6 133/0"), 0u);
}

TEST(Rfc4862Duplicates, OfTwoHostsThatFormTheSameAddressOneGetsAnother) {
    RoutedLink link({.a = {.secret = {1, 2}}, .b = AutoconfigurationSettings{.secret = {1, 2}}});
    link.pass(10s);
    ASSERT_THAT(link.addresses(link.a), SizeIs(1));
    ASSERT_THAT(link.addresses(link.b), SizeIs(1));
    EXPECT_NE(link.addresses(link.a), link.addresses(link.b));
    EXPECT_GE(link.a.counters().duplicate_addresses + link.b.counters().duplicate_addresses, 1u);
}

/// `a` tries 10.0.0.1/24 on a link where `b` is 10.0.0.2.
struct Trial : Ladder {
    Trial()
        : a(add_host()),
          b(add_host()),
          at_a{&a, a.add_interface({.medium = Medium::ethernet, .mac = mac(1)}), "a"},
          at_b{&b, b.add_interface({.medium = Medium::ethernet, .mac = mac(2), .addresses = {prefix("10.0.0.2/24")}}),
               "b"} {
        connect(at_a, at_b);
    }
    bool attempt(std::string_view text) {
        return a.try_address(InterfaceId{0}, prefix(text), kDuplicateTestV4, now,
                             [this](bool ours, Instant) { result = ours; });
    }
    Host& a;
    Host& b;
    End at_a, at_b;
    std::optional<bool> result;
};

TEST(Rfc5227, ThreeProbesThenTheAddressThenTwoAnnouncements) {
    Trial link;
    ASSERT_TRUE(link.attempt("10.0.0.1/24"));
    link.pass(2s);
    EXPECT_FALSE(link.result);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.1")));
    link.pass(10s);
    EXPECT_EQ(link.result, true);
    EXPECT_TRUE(link.a.is_local(address("10.0.0.1")));
    EXPECT_EQ(link.a.counters().arp_requests_out, 3u + 2);
}

TEST(Rfc5227, WhoHasTheAddressSaysSoAndItIsNotUsed) {
    Trial link;
    ASSERT_TRUE(link.attempt("10.0.0.2/24"));
    link.pass(10s);
    EXPECT_EQ(link.result, false);
    EXPECT_FALSE(link.a.is_local(address("10.0.0.2")));
    EXPECT_THAT(link.lines, ElementsAre("a>b ARP request 10.0.0.2", "b>a ARP reply 0.0.0.0"));
}

TEST(Rfc5227, OfTwoHostsThatTryTheSameAddressNotBothGetIt) {
    Trial link;
    std::optional<bool> other;
    ASSERT_TRUE(link.attempt("10.0.0.7/24"));
    ASSERT_TRUE(link.b.try_address(InterfaceId{0}, prefix("10.0.0.7/24"), kDuplicateTestV4, link.now,
                                   [&](bool ours, Instant) { other = ours; }));
    link.pass(15s);
    EXPECT_FALSE(link.result.value() && other.value());
}

TEST(Addresses, WhatIsGivenUpIsNotAnsweredAndNotSentFrom) {
    Trial link;
    ASSERT_TRUE(link.attempt("10.0.0.1/24"));
    link.pass(15s);
    link.b.ping(address("10.0.0.1"), 1, 8, link.now, {});
    link.run();
    EXPECT_EQ(link.a.counters().echo_requests_in, 1u);
    link.a.remove_address(InterfaceId{0}, prefix("10.0.0.1/24"));
    link.b.ping(address("10.0.0.1"), 2, 8, link.now, {});
    link.run();
    EXPECT_EQ(link.a.counters().echo_requests_in, 1u);
    EXPECT_FALSE(link.a.source_for(address("10.0.0.2")));
}

TEST(Addresses, ATrialThatIsTakenBackEndsWithoutAResult) {
    Trial link;
    ASSERT_TRUE(link.attempt("10.0.0.1/24"));
    link.a.remove_address(InterfaceId{0}, prefix("10.0.0.1/24"));
    link.pass(15s);
    EXPECT_FALSE(link.result);
    EXPECT_THAT(link.lines, IsEmpty());
}

TEST(Rfc2131, ABroadcastNeedsNoAddressAndIsHeardWithoutOne) {
    Trial link;
    std::string heard;
    const auto socket =
        link.b.udp().open({IpAddress::v4(0), Port{67}},
                          [&](udp::SocketId, SocketAddress from, SocketAddress, std::span<const std::byte> data,
                              Instant) { heard = from.to_string() + " " + text(data); });
    ASSERT_TRUE(socket);
    link.a.broadcast(InterfaceId{0}, Port{68}, Port{67}, bytes("who am I"));
    link.run();
    EXPECT_EQ(heard, "0.0.0.0:68 who am I");
}

}  // namespace
}  // namespace hourglass::ip::testing
