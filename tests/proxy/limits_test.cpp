#include <gtest/gtest.h>

#include "hourglass/proxy/rate_limiter.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;

TEST(RateLimiter, ABurstAtOnceAndTheRateInTheLongRun) {
    RateLimiter limiter({.rate = 2, .burst = 3});
    const IpAddress client = IpAddress::v4(192, 0, 2, 1);
    const Instant t = Instant() + 10s;
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(limiter.take(client, t));
    EXPECT_EQ(limiter.take(client, t), Duration(500ms));
    EXPECT_FALSE(limiter.take(client, t + 500ms));
    EXPECT_TRUE(limiter.take(client, t + 600ms));
    int granted = 0;
    for (Duration d = 1s; d <= 11s; d += 10ms) granted += !limiter.take(client, t + d);
    EXPECT_NEAR(granted, 20, 1);
}

TEST(RateLimiter, ClientsAreAddressesOrNetworksOf64Bits) {
    RateLimiter limiter({.rate = 1, .burst = 1});
    EXPECT_FALSE(limiter.take(*IpAddress::parse("2001:db8::1"), Instant()));
    EXPECT_TRUE(limiter.take(*IpAddress::parse("2001:db8::ffff:1"), Instant()));
    EXPECT_FALSE(limiter.take(*IpAddress::parse("2001:db8:0:1::1"), Instant()));
    EXPECT_FALSE(limiter.take(*IpAddress::parse("192.0.2.1"), Instant()));
    EXPECT_FALSE(limiter.take(*IpAddress::parse("192.0.2.2"), Instant()));
}

TEST(RateLimiter, TableForgetsWhoWasNotThereLongest) {
    RateLimiter limiter({.rate = 1, .burst = 1, .clients = 2});
    const auto client = [](std::uint8_t n) { return IpAddress::v4(192, 0, 2, n); };
    EXPECT_FALSE(limiter.take(client(1), Instant()));
    EXPECT_FALSE(limiter.take(client(2), Instant()));
    EXPECT_TRUE(limiter.take(client(1), Instant()));
    EXPECT_FALSE(limiter.take(client(3), Instant()));
    EXPECT_EQ(limiter.clients(), 2U);
    EXPECT_TRUE(limiter.take(client(1), Instant()));
}

}  // namespace
}  // namespace hourglass::proxy
