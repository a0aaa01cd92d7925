// CUBIC and NewReno by themselves: what each acknowledgement and each sign of congestion does to the window.

#include <gtest/gtest.h>

#include "path.h"

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1000;

/// A connection's congestion control whose window of `segments` is acknowledged as a whole, round trip by round trip.
class Window : public ::testing::Test {
  public:
    void begin(Congestion algorithm, std::uint32_t segments) {
        settings.hystart = false;
        settings.slow_start_limit = 0;
        control = CongestionControl(algorithm, {.initial_window = segments * kMss, .now = now});
    }
    /// One round trip of 100 ms in which the window was used up, or not.
    void round(bool cwnd_limited = true) {
        now += 100ms;
        const std::uint32_t acked = control.cwnd();
        control.on_ack(flight,
                       {.now = now,
                        .acked = acked,
                        .newly_delivered = acked,
                        .mss = kMss,
                        .rtt = 100ms,
                        .srtt = 100ms,
                        .cwnd_limited = cwnd_limited},
                       settings);
    }
    void congestion(CongestionSignal signal = CongestionSignal::loss) {
        control.on_congestion(flight, {signal, control.cwnd(), kMss, settings.abe});
        control.on_recovered();
    }
    void timeout() { control.on_timeout(flight, {CongestionSignal::timeout, control.cwnd(), kMss}, true); }
    [[nodiscard]] double segments() const { return control.cwnd() / 1000.0; }
    /// The rounds until the window is `target` segments, at most 1,000.
    int rounds_until(double target) {
        int n = 0;
        while (segments() < target && n < 1000) {
            round();
            ++n;
        }
        return n;
    }

    Settings settings;
    Instant now{1h};
    CongestionFlight flight;
    CongestionControl control;
};

using Rfc9438 = Window;
using Rfc5681 = Window;
using Rfc3465 = Window;
using Rfc8511 = Window;
using Rfc7661 = Window;

TEST_F(Rfc9438, ALossTakesThreeTenths_4_6) {
    begin(Congestion::cubic, 100);
    congestion();
    EXPECT_EQ(segments(), 70);
    EXPECT_EQ(control.ssthresh(), 70'000u);
}

TEST_F(Rfc9438, TheWindowIsBackAtItsOldHeightAfterK_4_2) {
    begin(Congestion::cubic, 1000);
    congestion();
    // K is the cube root of (1000 - 700) / 0.4: 9.1 s, or 91 round trips.
    EXPECT_NEAR(rounds_until(999.9), 91, 8);
}

TEST_F(Rfc9438, NearTheOldHeightItGrowsSlowestAndBeyondItFasterAndFaster_4_4_4_5) {
    begin(Congestion::cubic, 1000);
    congestion();
    round();
    const double concave_begin = segments();
    round();
    const double first = segments() - concave_begin;
    rounds_until(995);
    const double plateau_begin = segments();
    round();
    EXPECT_LT(segments() - plateau_begin, first);
    rounds_until(1100);
    const double convex_begin = segments();
    round();
    EXPECT_GT(segments() - convex_begin, 2);
}

TEST_F(Rfc9438, OnSmallWindowsItGrowsNoSlowerThanReno_4_3) {
    begin(Congestion::cubic, 20);
    congestion();
    const double after = segments();
    for (int i = 0; i < 10; ++i) round();
    // alpha is 3 * 0.3 / 1.7: about half a segment each round trip.
    EXPECT_NEAR(segments() - after, 5.3, 1.0);
}

TEST_F(Rfc9438, ASecondLossBelowTheOldHeightGivesWayToOthers_4_7) {
    begin(Congestion::cubic, 1000);
    congestion();
    congestion();  // at 700, below 1000: the next plateau is at 700 * 0.85
    EXPECT_NEAR(segments(), 490, 0.01);
    // cube root of (595 - 490) / 0.4: 6.4 s.
    EXPECT_NEAR(rounds_until(594.9), 64, 7);
}

TEST_F(Rfc9438, TimeInWhichTheApplicationHeldTheSenderDoesNotCount_4_2) {
    begin(Congestion::cubic, 1000);
    congestion();
    round();
    const double before = segments();
    round();
    const double step = segments() - before;
    for (int i = 0; i < 50; ++i) round(false);
    const double held = segments();
    round();
    EXPECT_LE(segments() - held, step + 0.01);
}

TEST_F(Rfc9438, WhatWasNoLossIsUndone_4_9) {
    begin(Congestion::cubic, 1000);
    congestion();
    for (int i = 0; i < 20; ++i) round();
    const double before = segments();
    control.on_congestion(flight, {CongestionSignal::loss, control.cwnd(), kMss, true});
    EXPECT_LT(segments(), before);
    control.on_undo(flight, now);
    EXPECT_EQ(segments(), before);
    round();
    EXPECT_NEAR(rounds_until(999.9), 91 - 21, 8) << "the curve goes on where it was";
}

TEST_F(Rfc9438, AfterATimeoutSlowStartGoesToSevenTenths_4_8) {
    begin(Congestion::cubic, 100);
    timeout();
    EXPECT_EQ(segments(), 1);
    EXPECT_EQ(control.ssthresh(), 70'000u);
    EXPECT_EQ(rounds_until(64), 6);
}

TEST_F(Rfc5681, NewRenoHalvesAndAddsASegmentEachRoundTrip_3_1) {
    begin(Congestion::new_reno, 100);
    congestion();
    EXPECT_EQ(segments(), 50);
    for (int i = 0; i < 10; ++i) round();
    EXPECT_EQ(segments(), 60);
}

TEST_F(Rfc5681, SlowStartDoublesEachRoundTrip_3_1) {
    begin(Congestion::new_reno, 10);
    round();
    EXPECT_EQ(segments(), 20);
    round();
    EXPECT_EQ(segments(), 40);
}

TEST_F(Rfc5681, AfterATimeoutsSilenceTheWindowIsTheInitialOne_4_1) {
    begin(Congestion::new_reno, 10);
    for (int i = 0; i < 3; ++i) round();
    control.on_restart(now, 900ms, 1s, 10 * kMss, settings);
    EXPECT_EQ(segments(), 80);
    control.on_restart(now, 1100ms, 1s, 10 * kMss, settings);
    EXPECT_EQ(segments(), 10);
}

TEST_F(Rfc3465, OneAcknowledgementRaisesTheWindowByNoMoreThanL_2_2) {
    begin(Congestion::new_reno, 20);
    settings.slow_start_limit = 8;
    round();
    EXPECT_EQ(segments(), 28);
}

TEST_F(Rfc8511, AMarkTakesLessThanALoss_3_1) {
    begin(Congestion::cubic, 100);
    congestion(CongestionSignal::ecn);
    EXPECT_EQ(segments(), 85);
    begin(Congestion::new_reno, 100);
    congestion(CongestionSignal::ecn);
    EXPECT_EQ(segments(), 80);
    settings.abe = false;
    begin(Congestion::new_reno, 100);
    congestion(CongestionSignal::ecn);
    EXPECT_EQ(segments(), 50);
}

TEST_F(Rfc7661, ALossIsJudgedByWhatWasProvenToFit_4_4_1) {
    begin(Congestion::new_reno, 40);
    for (int i = 0; i < 3; ++i) round(false);
    control.on_congestion(flight, {CongestionSignal::loss, 5 * kMss, kMss, false});
    EXPECT_EQ(control.ssthresh(), 20'000u)
        << "half of pipeACK: the five segments in flight are only what was asked for";
}

TEST_F(Rfc7661, AValidatedWindowOutlivesSilenceForFiveMinutes_4_4_3) {
    begin(Congestion::cubic, 10);
    settings.idle_window = IdleWindow::validated;
    for (int i = 0; i < 3; ++i) round();
    control.on_restart(now + 4min, 4min, 1s, 10 * kMss, settings);
    EXPECT_EQ(segments(), 80);
    control.on_restart(now + 6min, 6min, 1s, 10 * kMss, settings);
    EXPECT_EQ(segments(), 40);
    EXPECT_EQ(control.ssthresh(), 60'000u) << "three quarters of what was";
}

}  // namespace
}  // namespace hourglass::tcp
