// RFC 9293, sections 3.8.1 to 3.8.3: retransmission, congestion control, connection failures.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_18_TheRtoFollowsRfc6298) {
    settings.rto_min = 1ms;
    connect_and_establish();
    // The handshake took no time at all: SRTT and RTTVAR are as good as zero.
    const Duration before = app.stream.info().srtt;
    send_now("x");
    out();
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 2});
    const ConnectionInfo info = app.stream.info();
    EXPECT_NEAR(to_seconds(info.srtt), to_seconds(before + (100ms - before) / 8), 10e-6);
    EXPECT_NEAR(to_seconds(info.rto), to_seconds(info.srtt + 4 * info.rttvar), 10e-6);
}

TEST_F(Rfc9293, MUST_18_KarnsAlgorithmASegmentSentAgainIsNoSample) {
    connect_and_establish();
    const Duration before = app.stream.info().srtt;
    send_now("x");
    pass(1s);
    now += 300ms;
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(app.stream.info().srtt, before);
}

TEST_F(Rfc9293, MUST_19_TimeoutsBackOffExponentially) {
    accept_connection();
    send_now("x");
    out();
    for (const auto wait : {1s, 2s, 4s, 8s}) {
        pass(wait - 1ms);
        EXPECT_EQ(out(), "nothing");
        pass(1ms);
        EXPECT_EQ(out(), "P. seq=1 ack=1 len=1");
    }
}

TEST_F(Rfc9293, MUST_19_SlowStartAndCongestionAvoidance) {
    settings.initial_window_segments = 2;
    settings.congestion = Congestion::new_reno;
    accept_connection({.mss = 1000});
    send_now(text(100'000));
    EXPECT_EQ(all_out().size(), 2u);
    in({.flags = ".", .seq = 1, .ack = 2001});
    EXPECT_EQ(all_out().size(), 4u) << "slow start: twice the window";
    pass(1s);
    EXPECT_EQ(app.stream.info().cwnd, 1000u) << "a timeout begins again with one segment";
    EXPECT_EQ(app.stream.info().ssthresh, 2000u);
    all_out();
    in({.flags = ".", .seq = 1, .ack = 6001});
    const std::uint32_t reached = app.stream.info().cwnd;
    all_out();
    in({.flags = ".", .seq = 1, .ack = 6001 + reached});
    EXPECT_LE(app.stream.info().cwnd, reached + 1000) << "congestion avoidance: one segment a round trip";
}

TEST_F(Rfc9293, MAY_18_AnotherAlgorithmMayBeChosen) {
    accept_connection();
    EXPECT_EQ(app.stream.tuning().congestion, Congestion::cubic);
    tune([](Tuning& t) { t.congestion = Congestion::new_reno; });
    EXPECT_EQ(app.stream.tuning().congestion, Congestion::new_reno);
    EXPECT_GT(app.stream.info().cwnd, 0u);
}

TEST_F(Rfc9293, SHLD_8_AnEchoedCongestionMarkTakesFromTheWindow) {
    listen();
    in({.flags = "SEW", .options = {.mss = 1000}});
    out();
    in({.flags = ".", .seq = 1, .ack = 1});
    send_now(text(10'000));
    all_out();
    in({.flags = "E.", .seq = 1, .ack = 5001});
    EXPECT_LT(app.stream.info().ssthresh, 10'000u);
    in({.flags = ".", .seq = 1, .ack = 10'001});
    send_now(text(1000));
    EXPECT_EQ(out(), "P.W seq=10001 ack=1 len=1000") << "the peer may stop echoing";
}

TEST_F(Rfc9293, SHLD_8_CongestionMarksAreAgreedOnAndEchoed) {
    listen();
    in({.flags = "SEW", .options = {.mss = 1000}});
    EXPECT_EQ(out(), "S.E seq=0 ack=1 len=0") << "granted";
    in({.flags = ".", .seq = 1, .ack = 1});
    send_now(text(1000));
    out();
    EXPECT_EQ(last_ecn, wire::Ecn::ect0) << "our data may be marked";
    in({.flags = "P.", .seq = 1, .ack = 1001, .data = "marked", .ecn = wire::Ecn::ce});
    pass(500ms);
    out();
    EXPECT_TRUE(last_header.flags.ece());
}

TEST_F(Rfc9293, MUST_20_AtR1IpIsToldAndAtR2TheConnectionEnds) {
    settings.data_retries = 5;
    accept_connection();
    send_now("x");
    pass(1s + 2s);
    EXPECT_EQ(doubts, 0u);
    pass(4s);
    EXPECT_EQ(doubts, 1u) << "the third retransmission";
    EXPECT_EQ(state(), State::established);
    pass(60s);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Rfc9293, MUST_21_TheApplicationSetsR2) {
    accept_connection();
    tune([](Tuning& t) { t.user_timeout = 10s; });
    send_now("x");
    pass(10s);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Rfc9293, MUST_21_R2MayBeInfinite) {
    accept_connection();
    tune([](Tuning& t) { t.user_timeout = Duration::max(); });
    send_now("x");
    pass(24h);
    EXPECT_EQ(state(), State::established);
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(app.stream.unacknowledged(), 0u);
}

TEST_F(Rfc9293, MUST_22_ASynIsSentAgainUnderTheSameRules) {
    connect();
    pass(1s + 2s + 4s);
    EXPECT_EQ(doubts, 1u);
    EXPECT_TRUE(was_told("trouble: connection timed out"));
    pass(10min);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Rfc9293, MUST_23_ASynIsSentAgainForThreeMinutesAtLeast) {
    connect();
    all_out();
    pass(3min - 1ms);
    EXPECT_EQ(state(), State::syn_sent);
    EXPECT_EQ(all_out().size(), 7u);
}

TEST_F(Rfc9293, SHLD_9_BetweenR1AndR2TheApplicationIsToldOnce) {
    accept_connection();
    send_now("x");
    pass(60s);
    EXPECT_EQ(std::ranges::count(app.log, "trouble: connection timed out"), 1);
    EXPECT_EQ(state(), State::established);
}

TEST(Rfc9293Defaults, SHLD_10_R1IsThreeRetransmissionsAtLeast) { EXPECT_GE(Settings{}.advice_retries, 3); }

TEST_F(Rfc9293, SHLD_11_R2Is100SecondsAtLeast) {
    accept_connection();
    send_now("x");
    pass(100s);
    EXPECT_EQ(state(), State::established);
}

}  // namespace hourglass::tcp::testing
