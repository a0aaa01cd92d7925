// HyStart++ (RFC 9406): round trips of eight samples and more, and what slow start makes of them.

#include <gtest/gtest.h>

#include "path.h"

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1000;

class Rfc9406 : public ::testing::Test {
  public:
    Rfc9406() { control = CongestionControl(Congestion::cubic, {.initial_window = 10 * kMss, .now = now}); }

    /// A round trip whose segments are acknowledged one by one, all after `rtt`.
    void round(Duration rtt) {
        const std::uint32_t flying = control.cwnd() / kMss;
        std::vector<SendSnapshot> sent;
        for (std::uint32_t i = 0; i < flying; ++i) sent.push_back(flight.rate.on_sent(now, i * kMss, kMss, false));
        now += rtt;
        for (std::uint32_t i = 0; i < flying; ++i) {
            flight.rate.on_delivered(now, sent[i], Seq(i), kMss);
            control.on_ack(flight,
                           {.now = now,
                            .acked = kMss,
                            .newly_delivered = kMss,
                            .mss = kMss,
                            .rtt = rtt,
                            .srtt = rtt,
                            .rate = flight.rate.take_sample(1ms),
                            .cwnd_limited = true},
                           settings);
        }
    }
    [[nodiscard]] std::uint32_t segments() const { return control.cwnd() / kMss; }

    Settings settings;
    Instant now{1h};
    CongestionFlight flight;
    CongestionControl control;
};

TEST_F(Rfc9406, WhileRoundTripsStayTheSameTheWindowDoubles_4_2) {
    for (int i = 0; i < 4; ++i) round(40ms);
    EXPECT_EQ(segments(), 160u);
    EXPECT_EQ(control.ssthresh(), UINT32_MAX);
}

TEST_F(Rfc9406, AnEighthMoreMeansConservativeSlowStart_4_2) {
    round(40ms);
    round(40ms);
    round(46ms);  // 40 ms and an eighth of it: 5 ms
    EXPECT_TRUE(flight.hystart.conservative());
    const std::uint32_t before = segments();
    round(46ms);
    EXPECT_NEAR(segments(), before * 1.25, 2) << "a quarter of slow start's growth";
}

TEST_F(Rfc9406, LessThanFourMillisecondsMoreMeansNothing_4_3) {
    round(10ms);
    round(10ms);
    round(13ms);
    EXPECT_FALSE(flight.hystart.conservative());
}

TEST_F(Rfc9406, WhenRoundTripsFallAgainItWasAFalseAlarm_4_2) {
    round(40ms);
    round(40ms);
    round(46ms);
    ASSERT_TRUE(flight.hystart.conservative());
    round(41ms);
    EXPECT_FALSE(flight.hystart.conservative());
    const std::uint32_t before = segments();
    round(41ms);
    EXPECT_EQ(segments(), 2 * before);
}

TEST_F(Rfc9406, AfterFiveSuchRoundsSlowStartIsOver_4_2) {
    round(40ms);
    round(40ms);
    for (int i = 0; i < 5; ++i) round(46ms);  // the round in which it began counts
    EXPECT_EQ(control.ssthresh(), UINT32_MAX);
    round(46ms);
    EXPECT_NE(control.ssthresh(), UINT32_MAX);
    EXPECT_FALSE(control.cwnd() < control.ssthresh()) << "congestion avoidance";
}

TEST_F(Rfc9406, ItOvershootsADeepQueueLess) {
    Settings plain;
    plain.hystart = false;
    testing::Path with(Congestion::cubic, {.queue = 2'000'000});
    testing::Path without(Congestion::cubic, {.queue = 2'000'000}, plain);
    with.run(2s);
    without.run(2s);
    EXPECT_LT(with.lost, without.lost / 2) << "slow start alone overshoots by as much as it has";
}

}  // namespace
}  // namespace hourglass::tcp
