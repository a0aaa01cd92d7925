#include "tcp/recovery/rto.h"
#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Timer : public Single {};

TEST_F(Timer, DataIsSentAgainAfterTheRtoWithBackoff_Rfc6298_5) {
    accept_connection();
    send("x");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1");
    for (const auto wait : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
        pass(wait - 1ms);
        EXPECT_EQ(out(), "nothing") << wait.count();
        pass(1ms);
        EXPECT_EQ(out(), "P. seq=1 ack=1 len=1") << wait.count();
    }
}

TEST_F(Timer, ItGivesUpAfterTheAllowedAttempts_Rfc9293_3_8_3) {
    settings.data_retries = 2;
    accept_connection();
    send("x");
    poll();
    out();
    pass(1s);
    out();
    pass(2s);
    out();
    pass(4s);
    EXPECT_EQ(out().substr(0, 2), "R.");
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Timer, TheBackoffEndsAtTheLargestTimeout_Rfc6298_2_5) {
    Rto rto;
    rto.on_sample(60s);
    for (int i = 0; i < 100; ++i) rto.on_timeout();
    EXPECT_EQ(rto.value(settings), settings.rto_max);
}

TEST_F(Timer, ManySamplesInARoundWeighAsOne_Rfc7323_G) {
    Rto once, often;
    once.on_sample(100ms);
    often.on_sample(100ms);
    once.on_sample(200ms);
    for (int i = 0; i < 10; ++i) often.on_sample(200ms, 10);
    EXPECT_NEAR(to_seconds(often.srtt()), to_seconds(once.srtt()), 0.001);
    EXPECT_NEAR(to_seconds(often.rttvar()), to_seconds(once.rttvar()), 0.005);
}

TEST_F(Timer, TheRtoFollowsTheRoundTrip_Rfc6298_2) {
    settings.rto_min = 1ms;
    accept_connection();
    send("x");
    poll();
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(app.stream.info().srtt, 100ms);
    EXPECT_EQ(app.stream.info().rttvar, 50ms);
    EXPECT_EQ(app.stream.info().rto, 300ms);
}

TEST_F(Timer, ARetransmittedSegmentGivesNoRttSample_Rfc6298_3) {
    accept_connection();
    send("x");
    poll();
    pass(1s);
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(app.stream.info().srtt, 0ms);
}

TEST_F(Timer, AfterALostSynTheRtoIsThreeSeconds_Rfc6298_5_7) {
    connect();
    out();
    pass(1s);
    in({.flags = "S.", .ack = 1});
    EXPECT_EQ(app.stream.info().rto, 3s);
    EXPECT_EQ(app.stream.info().cwnd, app.stream.info().mss) << "and the initial window one segment (RFC 5681 3.1)";
}

TEST_F(Timer, OneSegmentIsAcknowledgedLateTwoAtOnce_Rfc9293_3_8_6_3) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1, .data = "one"});
    EXPECT_EQ(out(), "nothing");
    pass(40ms);
    EXPECT_EQ(out(), ". seq=1 ack=4 len=0");
    in({.flags = ".", .seq = 4, .ack = 1, .data = "two"});
    in({.flags = ".", .seq = 7, .ack = 1, .data = "three"});
    EXPECT_EQ(out(), ". seq=1 ack=12 len=0");
    pass(1s);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Timer, ABatchIsAcknowledgedOnce) {
    accept_connection();
    for (std::uint32_t i = 0; i < 10; ++i) deliver({.flags = ".", .seq = 1 + i, .ack = 1, .data = "x"});
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=11 len=0");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Timer, AnAnswerCarriesTheAck) {
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "ping"});
    send("pong");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=5 len=4");
    pass(10ms);
    EXPECT_EQ(stack().connections().back().timer, "retransmit") << "no delayed ACK is left";
}

TEST_F(Timer, KeepaliveIsOffByDefault_Rfc9293_3_8_4) {
    accept_connection();
    EXPECT_EQ(stack().next_deadline(), kNever);
}

TEST_F(Timer, KeepaliveFindsADeadPeerAfter2HoursAnd9Probes_Rfc9293_3_8_4) {
    settings.keepalive = true;
    accept_connection();
    pass(2h - 1ms);
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0") << "an octet that was acknowledged long ago";
    for (int i = 0; i < 8; ++i) {
        pass(75s);
        EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
    }
    pass(75s);
    EXPECT_EQ(out().substr(0, 2), "R.");
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Timer, AnAnsweredKeepaliveBeginsTheIdleTimeAgain) {
    settings.keepalive = true;
    accept_connection();
    pass(2h);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    pass(75s);
    EXPECT_EQ(out(), "nothing");
    pass(2h);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
}

TEST_F(Timer, AKeepaliveFromThePeerIsAnswered) {
    accept_connection();
    in({.flags = ".", .seq = 0, .ack = 1});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
}

TEST_F(Timer, AnOrphanGivesUpEarlier) {
    settings.orphan_retries = 1;
    accept_connection();
    app.stream.close();
    poll();
    pass(5min);
    EXPECT_EQ(stack().size(), 0u);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

}  // namespace
}  // namespace hourglass::tcp::testing
