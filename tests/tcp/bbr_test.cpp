// BBR (draft-ietf-ccwg-bbr-06) alone on a path: 100 Mbit/s, 20 ms, a queue of one bandwidth-delay product, unless a
// story says otherwise.

#include <gtest/gtest.h>

#include "path.h"
#include "tcp/congestion/max_filter.h"

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;
using testing::Path;

class BbrPath : public ::testing::Test {
  public:
    Path& on(const Path::Shape& shape) {
        path = std::make_unique<Path>(Congestion::bbr, shape);
        path->on_each_ack = [this] {
            const Bbr::State s = bbr().state();
            if (states.empty() || states.back() != s) states.push_back(s);
        };
        return *path;
    }
    [[nodiscard]] const Bbr& bbr() const { return *path->control.bbr(); }
    [[nodiscard]] bool visited(Bbr::State s) const {
        return std::find(states.begin(), states.end(), s) != states.end();
    }
    [[nodiscard]] double bdp() const { return bbr().max_bw() * to_seconds(bbr().min_rtt()); }

    std::unique_ptr<Path> path;
    std::vector<Bbr::State> states;
};

TEST_F(BbrPath, StartupFindsTheRateDrainEmptiesTheQueueAndProbingBegins_5_3) {
    on({}).run(1s);
    ASSERT_GE(states.size(), 3u);
    EXPECT_EQ(states[0], Bbr::State::startup);
    EXPECT_EQ(states[1], Bbr::State::drain);
    EXPECT_EQ(states[2], Bbr::State::probe_cruise) << "by way of DOWN, whose end is reached at once";
    EXPECT_NEAR(bbr().max_bw(), 12.5e6, 0.2e6);
    EXPECT_NEAR(to_seconds(bbr().min_rtt()), 0.020, 0.001);
}

TEST_F(BbrPath, TheCycleIsDownCruiseRefillUp_5_3_3) {
    on({}).run(300ms);
    states.clear();
    path->run(3s);
    const auto up = std::find(states.begin(), states.end(), Bbr::State::probe_up);
    ASSERT_LT(std::distance(states.begin(), up) + 2, static_cast<std::ptrdiff_t>(states.size()));
    EXPECT_EQ(*(up - 1), Bbr::State::probe_refill);
    EXPECT_EQ(*(up + 1), Bbr::State::probe_down);
    EXPECT_EQ(*(up + 2), Bbr::State::probe_cruise);
}

TEST_F(BbrPath, ItFillsTheLinkAndKeepsTheQueueShort) {
    on({}).run(20s);
    EXPECT_GT(path->utilisation(path->delivered, 20s), 0.98);
    EXPECT_LT(path->mean_rtt(), 26ms) << "1.3 times the path's";
    EXPECT_LT(path->lost, path->delivered / 1000);
}

TEST_F(BbrPath, LossesOfTheLinkAreNotCongestion) {
    on({.loss = 0.01}).run(20s);
    EXPECT_GT(path->utilisation(path->delivered, 20s), 0.95);
    on({.loss = 0.03}).run(20s);
    EXPECT_GT(path->utilisation(path->delivered, 20s), 0.94);
}

TEST_F(BbrPath, LossesOfAFullQueueBoundWhatIsInFlight_5_5_10_2) {
    on({.queue = 100'000}).run(10s);
    EXPECT_NE(bbr().inflight_longterm(), UINT64_MAX);
    EXPECT_LT(static_cast<double>(path->lost), 0.02 * static_cast<double>(path->delivered));
    EXPECT_GT(path->utilisation(path->delivered, 10s), 0.9);
}

TEST_F(BbrPath, AQueueOfATenthOfTheProductDoesNotMakeItSendIntoLoss) {
    on({.queue = 25'000}).run(10s);
    EXPECT_LT(static_cast<double>(path->lost), 0.03 * static_cast<double>(path->delivered));
    EXPECT_GT(path->utilisation(path->delivered, 10s), 0.85);
}

TEST_F(BbrPath, AStandingQueueOfOthersIsDrainedByProbeRtt_5_3_4) {
    on({}).run(2s);
    EXPECT_FALSE(visited(Bbr::State::probe_rtt)) << "an empty queue needs no probing";
    path->set_round_trip(30ms);
    path->run(6s);
    EXPECT_TRUE(visited(Bbr::State::probe_rtt));
    path->run(10s);
    EXPECT_NEAR(to_seconds(bbr().min_rtt()), 0.030, 0.001) << "the longer path is learnt";
}

TEST_F(BbrPath, MarksAreCongestion_3_7) {
    on({.mark_above = 20'000}).run(10s);
    EXPECT_LT(path->queue_peak_after_startup(), 120'000) << "half of what an unmarked queue sees";
    EXPECT_GT(path->utilisation(path->delivered, 10s), 0.9);
}

TEST_F(BbrPath, WhatWasNoLossIsUndone_5_5_11) {
    on({.queue = 100'000}).run(5s);
    const std::uint64_t longterm = bbr().inflight_longterm();
    CongestionWindow before{path->control.cwnd(), 0};
    path->control.on_congestion(path->flight, {CongestionSignal::loss, path->in_flight, Path::kMss});
    path->control.on_undo(path->flight, path->now);
    EXPECT_GE(path->control.cwnd(), before.cwnd);
    EXPECT_GE(bbr().inflight_longterm(), longterm);
}

TEST_F(BbrPath, TheWaitBetweenProbesIsChosenBySeed_5_3_3_8_3) {
    const Bbr a(1, 14'480, 20ms, Instant{1h});
    const Bbr b(1, 14'480, 20ms, Instant{1h});
    EXPECT_EQ(a.pacing_rate(), b.pacing_rate());
    EXPECT_NEAR(a.pacing_rate(), 2.77 * 14'480 / 0.020, 1) << "section 5.6.2: the initial window a round trip";
}

TEST(BbrFilter, TheGreatestOfTheLastTwoCycles_5_5_6) {
    MaxFilter<int, 2> filter;
    filter.update(10);
    filter.advance();
    filter.update(5);
    EXPECT_EQ(filter.max(), 10);
    filter.advance();
    EXPECT_EQ(filter.max(), 5);
}

}  // namespace
}  // namespace hourglass::tcp
