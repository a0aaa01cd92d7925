#include "sim/channel.h"

#include <gtest/gtest.h>
#include <vector>

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart{};

Fate send(Channel& channel, const Impairments& impairments, std::size_t size, Instant now = kStart) {
    return channel.decide(impairments, size, Verdict{}, now);
}

TEST(SimChannel, DelayIsExact) {
    Channel channel{Random(1)};
    EXPECT_EQ(send(channel, {.delay = 12'345us}, 1500).arrival, kStart + 12'345us);
}

TEST(SimChannel, RateGivesEachPacketItsTimeOnTheWire) {
    Channel channel{Random(1)};
    const Impairments impairments{.delay = 10ms, .rate = 1'000'000};  // 8 us an octet
    EXPECT_EQ(send(channel, impairments, 1250).arrival, kStart + 10ms + 10ms);
    EXPECT_EQ(send(channel, impairments, 125).arrival, kStart + 10ms + 11ms) << "it waits for the first";
    EXPECT_EQ(send(channel, impairments, 125, kStart + 1s).arrival, kStart + 1s + 10ms + 1ms)
        << "the wire is idle again";
}

TEST(SimChannel, OverheadTakesTimeOnTheWire) {
    Channel channel{Random(1)};
    EXPECT_EQ(send(channel, {.rate = 8'000'000, .overhead = 24}, 76).arrival, kStart + 100us);
}

TEST(SimChannel, BusyWireKeepsItsRateWithoutRoundingErrors) {
    Channel channel{Random(1)};
    const Impairments impairments{.rate = 3'000'000'000, .queue_packets = 1'000'000};  // 2.67 ns an octet
    Fate last;
    for (int i = 0; i < 3000; ++i) last = send(channel, impairments, 100);
    EXPECT_EQ(last.arrival, kStart + 800us);
}

TEST(SimChannel, QueueDropsTheLastWhenItsPacketsAreFull) {
    Channel channel{Random(1)};
    const Impairments impairments{.rate = 8'000'000, .queue_packets = 2};  // 1 us an octet
    EXPECT_FALSE(send(channel, impairments, 1000).lost) << "on the wire";
    EXPECT_FALSE(send(channel, impairments, 1000).lost) << "waits";
    EXPECT_FALSE(send(channel, impairments, 1000).lost) << "waits";
    EXPECT_EQ(send(channel, impairments, 1000).lost, LossReason::queue);
    EXPECT_FALSE(send(channel, impairments, 1000, kStart + 1ms).lost)
        << "the first has left, the second is on the wire";
    EXPECT_EQ(send(channel, impairments, 1000, kStart + 1ms).lost, LossReason::queue);
}

TEST(SimChannel, QueueDropsTheLastWhenItsOctetsAreFull) {
    Channel channel{Random(1)};
    const Impairments impairments{.rate = 8'000'000, .queue_bytes = 1500};
    EXPECT_FALSE(send(channel, impairments, 1000).lost);
    EXPECT_FALSE(send(channel, impairments, 1000).lost);
    EXPECT_EQ(send(channel, impairments, 1000).lost, LossReason::queue);
    EXPECT_FALSE(send(channel, impairments, 500).lost) << "a smaller one still fits";
}

TEST(SimChannel, ChancesComeAsOftenAsTheySay) {
    Channel channel{Random(7)};
    const Impairments impairments{
        .loss = 0.1, .duplicate = 0.05, .reorder = 0.2, .reorder_delay = 1ms, .corrupt = 0.02};
    constexpr int kPackets = 100'000;
    int lost = 0, duplicated = 0, reordered = 0, corrupted = 0;
    for (int i = 0; i < kPackets; ++i) {
        const Fate fate = send(channel, impairments, 100);
        lost += fate.lost ? 1 : 0;
        duplicated += fate.second_arrival ? 1 : 0;
        reordered += fate.reordered ? 1 : 0;
        corrupted += fate.corrupted ? 1 : 0;
    }
    // Five standard deviations of a binomial distribution; what is lost has no other fate.
    EXPECT_NEAR(lost, 10'000, 475);
    EXPECT_NEAR(duplicated, 4'500, 330);
    EXPECT_NEAR(reordered, 18'000, 610);
    EXPECT_NEAR(corrupted, 1'800, 210);
}

TEST(SimChannel, BurstsAreAsLongAsTheyShouldBe) {
    Channel channel{Random(3)};
    const Impairments impairments{.burst = {.enter = 0.01, .leave = 0.25, .loss = 1}};
    int lost = 0, bursts = 0;
    bool before = false;
    for (int i = 0; i < 100'000; ++i) {
        const bool now = send(channel, impairments, 100).lost == LossReason::burst;
        lost += now ? 1 : 0;
        bursts += now && !before ? 1 : 0;
        before = now;
    }
    EXPECT_NEAR(static_cast<double>(lost) / bursts, 4.0, 0.3);
    EXPECT_NEAR(lost, 100'000 * 0.01 / 0.26, 400);
}

TEST(SimChannel, JitterLetsPacketsOvertakeUnlessOrderIsKept) {
    for (const bool keep : {false, true}) {
        Channel channel{Random(5)};
        int overtaken = 0;
        Instant latest{};
        for (int i = 0; i < 1000; ++i) {
            const Instant now = kStart + i * 100us;
            const Fate fate = send(channel, {.delay = 1ms, .jitter = 2ms, .keep_order = keep}, 100, now);
            EXPECT_GE(fate.arrival, now + 1ms);
            overtaken += fate.arrival < latest ? 1 : 0;
            latest = std::max(latest, fate.arrival);
        }
        EXPECT_EQ(overtaken == 0, keep);
    }
}

TEST(SimChannel, OneSettingLeavesTheChancesOfTheOthersAlone) {
    std::vector<bool> lost[2];
    for (const int with_duplicates : {0, 1}) {
        Channel channel{Random(9)};
        const Impairments impairments{.jitter = with_duplicates * 5ms, .loss = 0.3, .duplicate = with_duplicates * 0.5};
        for (int i = 0; i < 500; ++i) lost[with_duplicates].push_back(send(channel, impairments, 100).lost.has_value());
    }
    EXPECT_EQ(lost[0], lost[1]);
}

TEST(SimChannel, ScriptLosesDelaysAndDoubles) {
    Channel channel{Random(1)};
    EXPECT_EQ(channel.decide({}, 100, {.lose = true}, kStart).lost, LossReason::scripted);
    EXPECT_EQ(channel.decide({.delay = 1ms}, 100, {.delay = 5ms}, kStart).arrival, kStart + 6ms);
    EXPECT_EQ(channel.decide({.delay = 1ms}, 100, {.duplicate = true}, kStart).second_arrival, kStart + 1ms);
    EXPECT_TRUE(channel.decide({}, 100, {.corrupt = true}, kStart).corrupted);
}

}  // namespace
}  // namespace hourglass::sim
