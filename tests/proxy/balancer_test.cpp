#include "hourglass/proxy/balancer.h"

#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <map>
#include <string>

#include "hourglass/proxy/health.h"

namespace hourglass::proxy {
namespace {

using namespace std::chrono_literals;

std::vector<ServerConfiguration> servers(std::initializer_list<std::uint32_t> weights) {
    std::vector<ServerConfiguration> out;
    for (const std::uint32_t weight : weights)
        out.push_back({.name = fmt::format("10.0.0.{}:80", out.size()), .address = {}, .weight = weight});
    return out;
}

std::string choices(Balancer& balancer, const std::vector<Candidate>& candidates, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) {
        const auto chosen = balancer.choose(candidates, 0);
        out += chosen ? static_cast<char>('a' + *chosen) : '-';
    }
    return out;
}

TEST(RoundRobin, TakesTurnsAndPassesOverServersThatAreDown) {
    Balancer balancer(Balance::round_robin, servers({1, 1, 1}));
    EXPECT_EQ(choices(balancer, {{true}, {true}, {true}}, 6), "abcabc");
    EXPECT_EQ(choices(balancer, {{true}, {false}, {true}}, 4), "acac");
    EXPECT_EQ(choices(balancer, {{false}, {false}, {false}}, 1), "-");
}

TEST(RoundRobin, WeightsAreMixedSmoothly) {
    Balancer balancer(Balance::round_robin, servers({5, 1, 1}));
    EXPECT_EQ(choices(balancer, {{true}, {true}, {true}}, 7), "aabacaa");
}

TEST(LeastConnections, TakesTheServerWithTheFewestForItsWeight) {
    Balancer balancer(Balance::least_connections, servers({1, 2, 1}));
    EXPECT_EQ(choices(balancer, {{true, 2}, {true, 3}, {true, 4}}, 1), "b");
    EXPECT_EQ(choices(balancer, {{true, 1}, {true, 4}, {true, 0}}, 1), "c");
    EXPECT_EQ(choices(balancer, {{true, 1}, {true, 2}, {true, 1}}, 4).find("aaaa"), std::string::npos);
}

TEST(ConsistentHash, KeysStayWhereTheyAreWhenAnotherServerFails) {
    Balancer balancer(Balance::hash, servers({1, 1, 1}));
    const std::vector<Candidate> all = {{true}, {true}, {true}};
    const std::vector<Candidate> without_b = {{true}, {false}, {true}};
    std::map<std::size_t, int> shares;
    for (int i = 0; i < 3000; ++i) {
        const std::uint64_t key = hash_key(std::to_string(i));
        const std::size_t before = *balancer.choose(all, key);
        const std::size_t after = *balancer.choose(without_b, key);
        ++shares[before];
        EXPECT_TRUE(before == 1 ? after != 1 : after == before) << key;
    }
    for (const auto& [server, share] : shares) EXPECT_NEAR(share, 1000, 250) << server;
}

TEST(ConsistentHash, WeightsAreShares) {
    Balancer balancer(Balance::hash, servers({3, 1}));
    int first = 0;
    for (int i = 0; i < 4000; ++i)
        first += *balancer.choose(std::array{Candidate{true}, Candidate{true}}, hash_key(std::to_string(i))) == 0;
    EXPECT_NEAR(first, 3000, 300);
}

TEST(PassiveHealth, FailuresWithinTheTimeSetAServerAside) {
    PassiveHealth health(2, 10s);
    const Instant t = Instant() + 100s;
    EXPECT_FALSE(health.failed(t));
    EXPECT_FALSE(health.failed(t + 11s)) << "the first one is too long ago";
    EXPECT_TRUE(health.up(t + 11s));
    EXPECT_TRUE(health.failed(t + 12s));
    EXPECT_FALSE(health.up(t + 21s));
    EXPECT_TRUE(health.up(t + 22s)) << "it gets another try";
    EXPECT_TRUE(health.failed(t + 40s)) << "one failure is enough then";
    EXPECT_FALSE(health.up(t + 45s));
    health.succeeded();
    EXPECT_FALSE(health.failed(t + 60s));
    EXPECT_TRUE(health.up(t + 60s));
}

TEST(PassiveHealth, ZeroFailsNeverSetAside) {
    PassiveHealth health(0, 10s);
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(health.failed(Instant()));
    EXPECT_TRUE(health.up(Instant()));
}

TEST(CheckedHealth, FallsAndRisesAfterSoManyInARow) {
    CheckedHealth health(2, 3);
    EXPECT_FALSE(health.checked(false));
    EXPECT_FALSE(health.checked(false));
    EXPECT_FALSE(health.checked(true));
    EXPECT_FALSE(health.checked(false));
    EXPECT_FALSE(health.checked(false));
    EXPECT_TRUE(health.checked(false));
    EXPECT_FALSE(health.up());
    EXPECT_FALSE(health.checked(true));
    EXPECT_TRUE(health.checked(true));
    EXPECT_TRUE(health.up());
}

}  // namespace
}  // namespace hourglass::proxy
