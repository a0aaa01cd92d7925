// Routes, addresses, path MTUs, rates and identification numbers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <set>

#include "hourglass/ip/counters.h"
#include "ip/address_table.h"
#include "ip/identification.h"
#include "ip/ladder.h"
#include "ip/path_mtu.h"
#include "ip/rate_limiter.h"
#include "ip/routes.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;

TEST(Rfc1122Routes, TheLongestPrefixWinsWhateverTheOrder) {
    RouteTable routes;
    routes.add({prefix("0.0.0.0/0"), address("10.0.0.254"), InterfaceId{0}});
    routes.add({prefix("10.0.0.0/24"), std::nullopt, InterfaceId{1}});
    routes.add({prefix("10.0.0.128/25"), address("10.0.0.3"), InterfaceId{2}});

    EXPECT_EQ(routes.find(address("8.8.8.8"))->neighbour, address("10.0.0.254"));
    EXPECT_EQ(routes.find(address("10.0.0.5"))->interface, InterfaceId{1});
    EXPECT_EQ(routes.find(address("10.0.0.5"))->neighbour, address("10.0.0.5"));
    EXPECT_EQ(routes.find(address("10.0.0.200"))->interface, InterfaceId{2});
}

TEST(Rfc1122Routes, AmongEqualsTheFirstWins) {
    RouteTable routes;
    routes.add({prefix("10.0.0.0/24"), std::nullopt, InterfaceId{1}});
    routes.add({prefix("10.0.0.0/24"), std::nullopt, InterfaceId{2}});
    EXPECT_EQ(routes.find(address("10.0.0.1"))->interface, InterfaceId{1});
}

TEST(Routes, ADefaultRouteOfOneFamilyIsNoneOfTheOther) {
    RouteTable routes;
    routes.add({prefix("::/0"), address("fe80::1"), InterfaceId{0}});
    EXPECT_FALSE(routes.find(address("10.0.0.1")));
    EXPECT_TRUE(routes.find(address("2001:db8::1")));
}

TEST(AddressTable, FindsEachOfAThousandAddressesAndNoOther) {
    AddressTable table;
    for (std::uint32_t i = 0; i < 1000; ++i) table.add({IpAddress::v4(0x0a000000 + i), AddressKind::unicast, {}});
    for (std::uint32_t i = 0; i < 1000; ++i) ASSERT_TRUE(table.is_unicast(IpAddress::v4(0x0a000000 + i)));
    EXPECT_EQ(table.find(IpAddress::v4(0x0a000000 + 1000)), nullptr);
    EXPECT_EQ(table.find(IpAddress{}), nullptr);
}

TEST(Rfc8201PathMtu, IsForgottenAfterTenMinutes) {
    PathMtuCache cache(4);
    cache.report(address("fd00::1"), 1300, Instant{});
    EXPECT_EQ(cache.find(address("fd00::1"), Instant{} + 9min), 1300u);
    EXPECT_FALSE(cache.find(address("fd00::1"), Instant{} + 10min));
}

TEST(Rfc8201PathMtu, NoReportRaisesIt) {
    PathMtuCache cache(4);
    cache.report(address("fd00::1"), 1300, Instant{});
    cache.report(address("fd00::1"), 1400, Instant{} + 1s);
    EXPECT_EQ(cache.find(address("fd00::1"), Instant{} + 2s), 1300u);
}

TEST(PathMtu, AFullTableGivesUpWhatEndsFirst) {
    PathMtuCache cache(2);
    cache.report(address("fd00::1"), 1300, Instant{});
    cache.report(address("fd00::2"), 1300, Instant{} + 1s);
    cache.report(address("fd00::3"), 1300, Instant{} + 2s);
    EXPECT_EQ(cache.size(), 2u);
    EXPECT_FALSE(cache.find(address("fd00::1"), Instant{} + 3s));
    EXPECT_TRUE(cache.find(address("fd00::2"), Instant{} + 3s));
}

TEST(Rfc4443RateLimit, AllowsTheBurstAndThenTheRate) {
    RateLimiter limiter(10);
    int allowed = 0;
    for (int i = 0; i < 100; ++i) allowed += limiter.allow(Instant{} + 1s);
    EXPECT_EQ(allowed, 10);
    EXPECT_FALSE(limiter.allow(Instant{} + 1s + 99ms));
    EXPECT_TRUE(limiter.allow(Instant{} + 1s + 100ms));
    for (int i = 0; i < 100; ++i) allowed += limiter.allow(Instant{} + 1h);
    EXPECT_EQ(allowed, 20);
}

TEST(Rfc7739Identification, DoesNotRepeatForOnePairAndDiffersBetweenPairs) {
    Identification identification({1, 2});
    std::set<std::uint16_t> seen;
    for (int i = 0; i < 60000; ++i)
        seen.insert(static_cast<std::uint16_t>(identification.next(address("10.0.0.1"), address("10.0.0.2"))));
    EXPECT_EQ(seen.size(), 60000u);
    Identification fresh({1, 2});
    EXPECT_NE(fresh.next(address("10.0.0.1"), address("10.0.0.2")),
              fresh.next(address("10.0.0.1"), address("10.0.0.3")));
}

TEST(Counters, AreListedByNameWithTheReasonOfWhatIsMalformed) {
    Counters counters;
    counters.dropped_no_route = 3;
    counters.malformed_ipv4[static_cast<std::size_t>(wire::ParseError::bad_checksum)] = 2;
    const auto entries = list(counters);
    EXPECT_THAT(entries, ::testing::Contains(CounterEntry{"dropped_no_route", 3}));
    EXPECT_THAT(entries, ::testing::Contains(CounterEntry{"malformed_ipv4_bad_checksum", 2}));
    EXPECT_EQ(entries.size(), sizeof(Counters) / sizeof(std::uint64_t));
    EXPECT_EQ(total_dropped(counters), 5u);
}

}  // namespace
}  // namespace hourglass::ip::testing
