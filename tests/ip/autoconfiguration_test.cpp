// A host that configures itself: routers and prefixes (RFC 4861, section 6.3), addresses formed from them (RFC 4862),
// identifiers that are stable and opaque (RFC 7217).

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "ip/interface_identifier.h"
#include "ip/router.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr std::uint32_t kForever = 0xffffffff;

/// The address of `host` in the /64 that `network` names.
std::optional<IpAddress> address_in(const Host& host, std::string_view network) {
    for (const Prefix& held : host.interface(InterfaceId{0}).addresses)
        if (prefix(network).contains(held.address)) return held.address;
    return std::nullopt;
}

TEST(Rfc4862, TheLinkLocalAddressIsTestedThenRoutersAreAskedFor) {
    RoutedLink link;
    link.pass(2s);
    EXPECT_THAT(link.lines, ElementsAre("a>b ICMPv6 135/0", "a>b ICMPv6 133/0"));
    ASSERT_THAT(link.addresses(), SizeIs(1));
    EXPECT_TRUE(link.addresses().front().address.is_link_local());
}

TEST(Rfc4861RouterDiscovery, AsksThreeTimesFourSecondsApartAndThenNoMore) {
    RoutedLink link;
    std::vector<Instant> asked;
    link.filter = [&](std::string_view line, std::span<const std::byte>) {
        if (line == "a>b ICMPv6 133/0") asked.push_back(link.now);
        return true;
    };
    link.pass(1h);
    ASSERT_THAT(asked, SizeIs(3));
    EXPECT_EQ(asked[1] - asked[0], 4s);
    EXPECT_EQ(asked[2] - asked[1], 4s);
    EXPECT_EQ(link.a.next_deadline(), kNever);
}

TEST(Rfc4861RouterDiscovery, WhoHasHeardARouterAsksNoMore) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800));
    link.pass(1min);
    EXPECT_EQ(link.count("a>b ICMPv6 133/0"), 1u);
}

TEST(Rfc4861RouterDiscovery, AnAdvertisementThatMayHaveCrossedARouterIsDropped) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800), "fe80::1", "ff02::1", 254);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800), "2001:db8::1");
    link.pass(3s);
    EXPECT_EQ(link.a.counters().dropped_discovery, 2u);
    EXPECT_THAT(link.a.default_routers(InterfaceId{0}), IsEmpty());
    EXPECT_THAT(link.addresses(), SizeIs(1));
}

TEST(Rfc4862, APrefixGivesATestedAddressAndARouterGivesAWayOut) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800));
    EXPECT_FALSE(address_in(link.a, "2001:db8::/64"));
    link.pass(2s);
    const auto own = address_in(link.a, "2001:db8::/64");
    ASSERT_TRUE(own);
    EXPECT_EQ(link.count("a>b ICMPv6 135/0"), 2u);
    EXPECT_EQ(link.a.source_for(address("2001:4860:4860::8888")), own);
}

TEST(Rfc4862, TwoHostsOfOneLinkReachEachOther) {
    RoutedLink link({.b = AutoconfigurationSettings{.secret = {3, 4}}});
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800));
    link.pass(3s);
    const auto peer = address_in(link.b, "2001:db8::/64");
    ASSERT_TRUE(peer);
    bool answered = false;
    link.a.ping(*peer, 1, 8, link.now, [&](IpAddress, std::uint16_t, Duration) { answered = true; });
    link.run();
    EXPECT_TRUE(answered);
}

TEST(Rfc4862, WhatIsNotForAddressesFormsNone) {
    RoutedLink link;
    link.pass(2s);
    auto not_autonomous = with_prefix("2001:db8:1::/64", 3600, 1800);
    not_autonomous.prefixes[0].autonomous = false;
    link.advertise(not_autonomous);
    link.advertise(with_prefix("fe80::/64", 3600, 1800));        // (b)
    link.advertise(with_prefix("2001:db8:2::/64", 1800, 3600));  // (c)
    link.advertise(with_prefix("2001:db8:3::/48", 3600, 1800));  // (d)
    link.advertise(with_prefix("2001:db8:4::/64", 0, 0));        // (d)
    link.pass(3s);
    EXPECT_THAT(link.addresses(), SizeIs(1));
}

TEST(Rfc4862, AnAddressIsDeprecatedThenGivenUpAsItsLifetimesSay) {
    RoutedLink link;
    std::vector<AddressChange> changes;
    link.a.on_address_change([&](InterfaceId, const Prefix& changed, AddressChange change) {
        if (!changed.address.is_link_local()) changes.push_back(change);
    });
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 100, 10));
    link.pass(5s);
    EXPECT_THAT(changes, ElementsAre(AddressChange::added));
    link.pass(6s);
    EXPECT_THAT(changes, ElementsAre(AddressChange::added, AddressChange::deprecated));
    EXPECT_TRUE(address_in(link.a, "2001:db8::/64"));
    link.pass(90s);
    EXPECT_FALSE(address_in(link.a, "2001:db8::/64"));
    EXPECT_EQ(changes.back(), AddressChange::removed);
}

TEST(Rfc6724, ADeprecatedAddressIsNotChosenWhereThereIsAnother) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8:1::/64", 10000, 5));
    link.advertise(with_prefix("2001:db8:2::/64", 10000, 10000));
    link.pass(10s);
    EXPECT_EQ(link.a.source_for(address("2001:db8:1::99")), address_in(link.a, "2001:db8:2::/64"));
}

TEST(Rfc4862TwoHours, AForgedLifetimeEndsNoAddressSooner) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", kForever, kForever));
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 60, 60));
    link.pass(2h - 1s);
    EXPECT_TRUE(address_in(link.a, "2001:db8::/64"));
    link.pass(2s);
    EXPECT_FALSE(address_in(link.a, "2001:db8::/64"));
}

TEST(Rfc4862TwoHours, BelowThemAShorterLifetimeIsIgnoredAndALongerOneTaken) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 3600));
    link.pass(3s);
    link.advertise(with_prefix("2001:db8::/64", 60, 60));
    link.pass(10min);
    EXPECT_TRUE(address_in(link.a, "2001:db8::/64"));
    link.advertise(with_prefix("2001:db8::/64", 7000, 60));
    link.pass(6900s);
    EXPECT_TRUE(address_in(link.a, "2001:db8::/64"));
    link.pass(100s);
    EXPECT_FALSE(address_in(link.a, "2001:db8::/64"));
}

TEST(Rfc4861RouterDiscovery, APrefixIsOnTheLinkUntilItsLifetimeEnds) {
    RoutedLink link;
    link.pass(2s);
    auto advertisement = with_prefix("2001:db8::/64", 3600, 1800);
    advertisement.router_lifetime = {};
    link.advertise(advertisement);
    link.pass(2s);
    EXPECT_TRUE(link.a.source_for(address("2001:db8::99")));
    EXPECT_FALSE(link.a.source_for(address("2001:db8:1::99")));
    advertisement.prefixes[0].valid_lifetime = {};
    advertisement.prefixes[0].preferred_lifetime = {};
    link.advertise(advertisement);
    EXPECT_FALSE(link.a.source_for(address("2001:db8::99")));
    EXPECT_TRUE(address_in(link.a, "2001:db8::/64"));  // RFC 4862, section 5.5.3 (e)
}

TEST(Rfc4861RouterDiscovery, ADefaultRouterLastsForItsLifetime) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", kForever, kForever));
    link.pass(1800s);
    EXPECT_THAT(link.a.default_routers(InterfaceId{0}), IsEmpty());
    EXPECT_FALSE(link.a.source_for(address("2001:db8:1::99")));
    auto resigning = with_prefix("2001:db8::/64", kForever, kForever);
    link.advertise(resigning);
    EXPECT_THAT(link.a.default_routers(InterfaceId{0}), ElementsAre(address("fe80::1")));
    resigning.router_lifetime = {};
    link.advertise(resigning);
    EXPECT_THAT(link.a.default_routers(InterfaceId{0}), IsEmpty());
}

TEST(Rfc4861RouterDiscovery, ARouterThatDoesNotAnswerGivesWayToTheNext) {
    RoutedLink link;
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", kForever, kForever), "fe80::1");
    link.advertise(with_prefix("2001:db8::/64", kForever, kForever), "fe80::2");
    EXPECT_EQ(link.a.default_routers(InterfaceId{0}).front(), address("fe80::1"));
    link.pass(3s);
    link.a.ping(address("2001:db8:1::99"), 1, 8, link.now, {});
    link.pass(10s);  // DELAY, then three probes without an answer
    EXPECT_EQ(link.a.default_routers(InterfaceId{0}).front(), address("fe80::2"));
}

TEST(Rfc4861RouterDiscovery, TheLinksMtuAndHopLimitAreTaken) {
    RoutedLink link;
    link.pass(2s);
    auto advertisement = with_prefix("2001:db8::/64", 3600, 1800);
    advertisement.mtu = 1400;
    advertisement.hop_limit = 77;
    link.advertise(advertisement);
    link.pass(2s);
    EXPECT_EQ(link.a.mtu_to(address("2001:db8::99")), 1400u);
    int sent_with = 0;
    link.filter = [&](std::string_view line, std::span<const std::byte> frame) {
        if (line == "a>b ICMPv6 128/0") sent_with = std::to_integer<int>(frame[14 + 7]);
        return true;
    };
    link.a.ping(address("ff02::1"), 1, 8, link.now, {});
    link.run();
    EXPECT_EQ(sent_with, 77);
}

TEST(Rfc4861RouterDiscovery, WhatWouldCutTheHostOffIsNotTaken) {
    RoutedLink link;
    link.pass(2s);
    auto advertisement = with_prefix("2001:db8::/64", 3600, 1800);
    for (const std::uint32_t mtu : {0u, 1279u, 1501u, 0xffffffffu}) {
        advertisement.mtu = mtu;
        link.advertise(advertisement);
        link.pass(2s);
        EXPECT_EQ(link.a.mtu_to(address("2001:db8::99")), 1500u);
    }
}

TEST(Rfc4861RouterDiscovery, TheRetransmissionTimerIsTaken) {
    RoutedLink link;
    link.pass(2s);
    auto advertisement = with_prefix("2001:db8::/64", kForever, kForever);
    advertisement.retransmit_timer = decltype(advertisement.retransmit_timer)(300);
    link.advertise(advertisement);
    link.pass(3s);
    link.lines.clear();
    link.a.ping(address("2001:db8::99"), 1, 8, link.now, {});
    link.pass(700ms);
    EXPECT_EQ(link.count("a>b ICMPv6 135/0"), 3u);
}

TEST(Rfc4861RouterDiscovery, TablesStayWithinTheirLimits) {
    RoutedLink link({.a = {.max_routers = 3, .max_prefixes = 4, .max_addresses = 5}});
    link.pass(2s);
    for (unsigned i = 1; i < 100; ++i)
        link.advertise(with_prefix(fmt::format("2001:db8:{:x}::/64", i), kForever, kForever),
                       fmt::format("fe80::{:x}", i));
    link.pass(5s);
    EXPECT_THAT(link.addresses(), SizeIs(5));
    EXPECT_THAT(link.a.default_routers(InterfaceId{0}), SizeIs(3));
}

TEST(Rfc4861RouterDiscovery, AHostThatForwardsObeysNoRouter) {
    HostSettings forwarding;
    forwarding.forwarding = true;
    RoutedLink link({.host = forwarding});
    link.pass(2s);
    link.advertise(with_prefix("2001:db8::/64", 3600, 1800));
    link.pass(3s);
    EXPECT_THAT(link.addresses(), IsEmpty());
}

TEST(Rfc7217, TheSameSecretAndPrefixGiveTheSameAddress) {
    const SipKey secret{1, 2};
    const IpAddress first = form_address(prefix("2001:db8::/64"), {.interface = "hg0"}, secret);
    EXPECT_EQ(first, form_address(prefix("2001:db8::/64"), {.interface = "hg0"}, secret));
    EXPECT_TRUE(prefix("2001:db8::/64").contains(first));
    const std::set<IpAddress> all{first,
                                  form_address(prefix("2001:db8:1::/64"), {.interface = "hg0"}, secret),
                                  form_address(prefix("2001:db8::/64"), {.interface = "hg1"}, secret),
                                  form_address(prefix("2001:db8::/64"), {.interface = "hg0", .network = "x"}, secret),
                                  form_address(prefix("2001:db8::/64"), {.interface = "hg0", .counter = 1}, secret),
                                  form_address(prefix("2001:db8::/64"), {.interface = "hg0"}, {1, 3})};
    std::set<std::uint64_t> identifiers;
    for (const IpAddress& one : all) identifiers.insert(std::bit_cast<std::array<std::uint64_t, 2>>(one.octets())[1]);
    EXPECT_THAT(identifiers, SizeIs(6));
}

TEST(Rfc7217, ReservedIdentifiersAreNone) {
    EXPECT_TRUE(is_reserved_identifier(0));
    EXPECT_TRUE(is_reserved_identifier(0x02005efffe005213));
    EXPECT_TRUE(is_reserved_identifier(0xfdffffffffffff80));
    EXPECT_TRUE(is_reserved_identifier(0xfdffffffffffffff));
    EXPECT_FALSE(is_reserved_identifier(0xfdffffffffffff7f));
    EXPECT_FALSE(is_reserved_identifier(0x02005effff000000));
}

}  // namespace
}  // namespace hourglass::ip::testing
