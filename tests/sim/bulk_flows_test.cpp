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

TEST(BulkFlows, BbrAndCubicDoNotStarveEachOther) {
    const auto both = run_bulk({}, {{bulk_settings(Congestion::cubic)}, {bulk_settings(Congestion::bbr)}}, 30s, 1);
    EXPECT_GT(both[0].goodput, 0.2);
    EXPECT_GT(both[1].goodput, 0.2);
}

}  // namespace
}  // namespace hourglass::bench
