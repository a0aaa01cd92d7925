#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Recover : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.congestion = Congestion::new_reno;
        mss_1000.mss = 1000;
    }
    /// Ten segments of 1000 octets are in flight.
    void fly_ten() {
        accept_connection(mss_1000);
        send(std::string(20'000, 'x'));
        poll();
        for (std::uint32_t i = 0; i < 10; ++i) ASSERT_EQ(out(), fmt::format(". seq={} ack=1 len=1000", 1 + 1000 * i));
        ASSERT_EQ(out(), "nothing") << "IW10 (RFC 6928)";
    }
    void duplicate_ack() { in({.flags = ".", .seq = 1, .ack = 1}); }
    wire::TcpOptions mss_1000;
};

TEST_F(Recover, TheFirstTwoDuplicateAcksSendNewData_Rfc3042) {
    fly_ten();
    duplicate_ack();
    EXPECT_EQ(out(), ". seq=10001 ack=1 len=1000");
    duplicate_ack();
    EXPECT_EQ(out(), ". seq=11001 ack=1 len=1000");
    EXPECT_EQ(app.stream.info().cwnd, 10'000u);
}

TEST_F(Recover, TheThirdDuplicateAckSendsTheFirstSegmentAgain_Rfc5681_3_2) {
    fly_ten();
    duplicate_ack();
    duplicate_ack();
    out();
    out();
    duplicate_ack();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1000");
    EXPECT_EQ(app.stream.info().ssthresh, 5000u) << "half of what is in flight, limited transmit not counted";
    EXPECT_EQ(out(), "nothing");
    for (int i = 0; i < 6; ++i) duplicate_ack();
    EXPECT_EQ(out(), ". seq=12001 ack=1 len=1000") << "as segments leave the network, new ones enter it";
}

TEST_F(Recover, APartialAckSendsTheNextHoleAgain_Rfc6582_3_2) {
    fly_ten();
    for (int i = 0; i < 3; ++i) duplicate_ack();
    while (out() != "nothing") {
    }
    in({.flags = ".", .seq = 1, .ack = 3001});
    EXPECT_EQ(out(), ". seq=3001 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 12'001});
    EXPECT_EQ(app.stream.info().cwnd, app.stream.info().ssthresh) << "recovery is complete";
}

TEST_F(Recover, ATimeoutBeginsAgainWithOneSegment_Rfc5681_3_1) {
    settings.frto = false;
    fly_ten();
    pass(1s);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1000");
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(app.stream.info().cwnd, 1000u);
    EXPECT_EQ(app.stream.info().ssthresh, 5000u);
    in({.flags = ".", .seq = 1, .ack = 1001});
    EXPECT_EQ(out(), ". seq=1001 ack=1 len=1000");
    EXPECT_EQ(out(), ". seq=2001 ack=1 len=1000");
    EXPECT_EQ(out(), "nothing") << "slow start";
}

TEST_F(Recover, DuplicateAcksAfterATimeoutDoNotRetransmitFast_Rfc6582_4) {
    fly_ten();
    pass(1s);
    out();
    for (int i = 0; i < 5; ++i) duplicate_ack();
    EXPECT_EQ(stack().counters().fast_retransmits, 0u);
}

TEST_F(Recover, ASecondTimeoutDoesNotLowerSsthreshAgain_Rfc5681_3_1) {
    fly_ten();
    pass(1s);
    pass(2s);
    EXPECT_EQ(app.stream.info().ssthresh, 5000u);
}

TEST_F(Recover, AckedDataIsNotSentAgainAfterATimeout) {
    settings.frto = false;
    fly_ten();
    pass(1s);
    out();
    in({.flags = ".", .seq = 1, .ack = 9001});
    EXPECT_EQ(out(), ". seq=9001 ack=1 len=1000");
}

TEST_F(Recover, AnAckWithDataOrANewWindowIsNoDuplicate_Rfc5681_2) {
    fly_ten();
    in({.flags = ".", .seq = 1, .ack = 1, .data = "a"});
    in({.flags = ".", .seq = 2, .ack = 1, .data = "b"});
    in({.flags = ".", .seq = 3, .ack = 1, .win = 60'000});
    in({.flags = ".", .seq = 3, .ack = 1, .win = 59'000});
    EXPECT_EQ(stack().counters().fast_retransmits, 0u);
}

TEST_F(Recover, SlowStartDoublesAndCongestionAvoidanceAddsOneSegment_Rfc5681_3_1) {
    settings.send_buffer = 1 << 20;
    settings.slow_start_limit = 0;
    accept_connection(mss_1000);
    send(std::string(200'000, 'x'));
    poll();
    in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(app.stream.info().cwnd, 20'000u);
    while (out() != "nothing") {
    }
    for (int i = 0; i < 3; ++i) in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(app.stream.info().ssthresh, 10'000u) << "half of the window of 20,000";
    const std::uint32_t all = 10'000 + app.stream.info().in_flight;
    in({.flags = ".", .seq = 1, .ack = all + 1});
    EXPECT_EQ(app.stream.info().cwnd, 10'000u);
    const std::uint32_t flight = app.stream.info().in_flight;
    EXPECT_EQ(flight, 10'000u);
    in({.flags = ".", .seq = 1, .ack = all + 1 + flight});
    EXPECT_EQ(app.stream.info().cwnd, 11'000u) << "one segment for a window of data";
    while (out() != "nothing") {
    }
}

TEST_F(Recover, TheWindowDoesNotGrowWhileTheApplicationHoldsTheSender) {
    accept_connection(mss_1000);
    for (std::uint32_t i = 0; i < 20; ++i) {
        send(std::string(1000, 'x'));
        poll();
        out();
        in({.flags = ".", .seq = 1, .ack = 1001 + 1000 * i});
    }
    EXPECT_EQ(app.stream.info().cwnd, 10'000u);
}

TEST_F(Recover, AfterALongSilenceTheWindowIsTheRestartWindow_Rfc5681_4_1) {
    accept_connection(mss_1000);
    send(std::string(100'000, 'x'));
    poll();
    for (std::uint32_t acked = 0; acked < 100'000;) {
        acked += app.stream.info().in_flight;
        in({.flags = ".", .seq = 1, .ack = acked + 1});
    }
    EXPECT_GT(app.stream.info().cwnd, 10'000u);
    pass(10s);
    send("x");
    poll();
    EXPECT_EQ(app.stream.info().cwnd, 10'000u);
    while (out() != "nothing") {
    }
}

TEST_F(Recover, APathMtuReportMakesSegmentsSmaller_Rfc1191) {
    fly_ten();
    const FlowKey flow = app.stream.info().flow;
    stack().path_mtu(flow, our_iss + 1, 640);
    poll();
    EXPECT_EQ(app.stream.info().mss, 600);
    stack().path_mtu(flow, our_iss + 99'999, 100);
    EXPECT_EQ(app.stream.info().mss, 600) << "about data that is not in flight: forged";
    while (out() != "nothing") {
    }
}

}  // namespace
}  // namespace hourglass::tcp::testing
