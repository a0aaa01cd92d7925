// What a bulk flow makes of a link in 20 s of virtual time; bench_goodput prints the whole table, docs/goodput.md keeps
// it.

#include "bulk_flows.h"

#include <gtest/gtest.h>

namespace hourglass::bench {
namespace {

using namespace std::chrono_literals;
using tcp::Congestion;

BulkResult one_flow(const BulkPath& path, Congestion congestion) {
    return run_bulk(path, {{bulk_settings(congestion)}}, 20s, 1).front();
}

TEST(BulkFlows, BothFillACleanLink) {
    EXPECT_GT(one_flow({}, Congestion::cubic).goodput, 0.95);
    EXPECT_GT(one_flow({}, Congestion::bbr).goodput, 0.95);
}

TEST(BulkFlows, BbrKeepsTheQueueShort) { EXPECT_LT(one_flow({}, Congestion::bbr).mean_rtt, 26ms); }

TEST(BulkFlows, OfALinkThatLosesOnePercentBbrUsesAllAndCubicWhatLossAllows) {
    EXPECT_GT(one_flow({.loss = 0.01}, Congestion::bbr).goodput, 0.93);
    EXPECT_GT(one_flow({.loss = 0.01}, Congestion::cubic).goodput, 0.05);
}

TEST(BulkFlows, OfALinkThatLosesThreePercentToo) {
    EXPECT_GT(one_flow({.loss = 0.03}, Congestion::bbr).goodput, 0.915);
}

TEST(BulkFlows, ReorderingCostsNothing) {
    const BulkPath path{.reorder = 0.05, .reorder_delay = 4ms};
    EXPECT_GT(one_flow(path, Congestion::cubic).goodput, 0.93);
    EXPECT_GT(one_flow(path, Congestion::bbr).goodput, 0.925);
}

/// A round of late acknowledgements is no queue: the bandwidth that it showed must not bind until the next probe.
TEST(BulkFlows, HostsThatAreHeldUpCostBbrLittleMoreThanThatTime) {
    EXPECT_GT(one_flow({.loss = 0.01, .stall = 40ms}, Congestion::bbr).goodput, 0.90);
}

/// Two flows of a kind, the second 1 s later: what each has of the link in the 30 s that follow on half a minute.
std::vector<BulkResult> two_flows(Congestion congestion, std::uint64_t seed) {
    const BulkPath path{.host_jitter = 120us};
    return run_bulk(path, {{bulk_settings(congestion)}, {bulk_settings(congestion), 1s}}, 30s, seed, 30s);
}

TEST(BulkFlows, ABbrFlowThatComesLaterGetsItsShare) {
    for (const std::uint64_t seed : {1u, 2u}) {
        const auto both = two_flows(Congestion::bbr, seed);
        EXPECT_GT(both[0].goodput, 0.38) << "seed " << seed;
        EXPECT_GT(both[1].goodput, 0.38) << "seed " << seed;
        EXPECT_GT(both[0].goodput + both[1].goodput, 0.93) << "seed " << seed;
    }
}

TEST(BulkFlows, ACubicFlowThatComesLaterGetsItsShare) {
    const auto both = two_flows(Congestion::cubic, 1);
    EXPECT_GT(both[0].goodput, 0.36);
    EXPECT_GT(both[1].goodput, 0.36);
}

TEST(BulkFlows, BbrAndCubicDoNotStarveEachOther) {
    const auto both = run_bulk({}, {{bulk_settings(Congestion::cubic)}, {bulk_settings(Congestion::bbr)}}, 30s, 1);
    EXPECT_GT(both[0].goodput, 0.2);
    EXPECT_GT(both[1].goodput, 0.2);
}

}  // namespace
}  // namespace hourglass::bench
