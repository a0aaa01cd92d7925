#include "tcp/recovery/tlp.h"

#include "tcp/single.h"

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;
using Verdict = TailLossProbe::Verdict;

TEST(TailLossProbeTimeout, IsTwoRoundTrips_Rfc8985_7_2) {
    EXPECT_EQ(TailLossProbe::timeout(100ms, false), 200ms);
    EXPECT_EQ(TailLossProbe::timeout(100ms, true), 400ms) << "the peer may delay the ACK of one segment";
    EXPECT_EQ(TailLossProbe::timeout(0ms, false), 1s) << "no round trip is known";
}

TEST(TailLossProbeEpisode, OneProbeUntilARoundTripIsMeasured_Rfc8985_7_3) {
    TailLossProbe probe;
    EXPECT_TRUE(probe.may_probe());
    probe.on_sent(Seq(5'000), true);
    EXPECT_FALSE(probe.may_probe());
    EXPECT_EQ(probe.on_ack(Seq(5'000), true, false), Verdict::needless);
    EXPECT_FALSE(probe.may_probe());
    probe.on_rtt_sample();
    EXPECT_TRUE(probe.may_probe());
}

TEST(TailLossProbeEpisode, NewDataThatIsAcknowledgedWasNeedless_Rfc8985_7_4_2) {
    TailLossProbe probe;
    probe.on_sent(Seq(5'000), false);
    EXPECT_EQ(probe.on_ack(Seq(4'000), false, false), Verdict::none);
    EXPECT_EQ(probe.on_ack(Seq(5'000), false, false), Verdict::needless);
}

TEST(TailLossProbeEpisode, AnAckBeyondTheCopyWithoutDsackMeansALoss_Rfc8985_7_4_2) {
    TailLossProbe probe;
    probe.on_sent(Seq(5'000), true);
    EXPECT_EQ(probe.on_ack(Seq(5'000), false, false), Verdict::none) << "the original's or the copy's";
    EXPECT_EQ(probe.on_ack(Seq(6'000), false, false), Verdict::repaired_loss);
    EXPECT_FALSE(probe.outstanding());
}

TEST(TailLossProbeEpisode, APlainDuplicateIsTheCopysAck_Rfc8985_7_4_2) {
    TailLossProbe probe;
    probe.on_sent(Seq(5'000), true);
    probe.on_ack(Seq(5'000), false, false);
    EXPECT_EQ(probe.on_ack(Seq(5'000), false, true), Verdict::needless);
}

}  // namespace
}  // namespace hourglass::tcp

namespace hourglass::tcp::testing {
namespace {

/// A round trip of 100 ms, SACK agreed, ten segments in flight.
class Probe : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.sack = true;
        settings.congestion = Congestion::new_reno;
        settings.rto_min = 1s;
    }
    void establish_with_rtt() {
        listen();
        in({.flags = "S", .options = {.mss = 1000, .sack_permitted = true}});
        ASSERT_EQ(out(), "S. seq=0 ack=1 len=0");
        now += 100ms;
        in({.flags = ".", .seq = 1, .ack = 1});
    }
    wire::TcpOptions blocks(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> list) {
        wire::TcpOptions options;
        for (const auto& [left, right] : list) options.sack[options.sack_count++] = {our_iss + left, our_iss + right};
        return options;
    }
};

TEST_F(Probe, SendsTheLastSegmentAgainAfterTwoRoundTrips_Rfc8985_7_3) {
    establish_with_rtt();
    send(std::string(3'000, 'x'));
    poll();
    for (int i = 0; i < 3; ++i) out();
    pass(199ms);
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    EXPECT_EQ(out(), "P. seq=2001 ack=1 len=1000");
    EXPECT_EQ(stack().counters().tail_loss_probes, 1u);
    EXPECT_EQ(stack().counters().retransmission_timeouts, 0u);
    EXPECT_EQ(app.stream.info().cwnd, 10'000u) << "no congestion is known of";
}

TEST_F(Probe, SendsNewDataWhenThereIsSomeThoughCwndIsFull_Rfc8985_7_3) {
    establish_with_rtt();
    send(std::string(20'000, 'x'));
    poll();
    for (int i = 0; i < 10; ++i) out();
    ASSERT_EQ(out(), "nothing");
    pass(200ms);
    EXPECT_EQ(out(), ". seq=10001 ack=1 len=1000");
}

TEST_F(Probe, ShowsALostTailToRack_Rfc8985_7_1) {
    establish_with_rtt();
    send(std::string(4'000, 'x'));
    poll();
    for (int i = 0; i < 4; ++i) out();
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 1001});
    pass(200ms);
    ASSERT_EQ(out(), "P. seq=3001 ack=1 len=1000");
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 1001, .options = blocks({{3001, 4001}})});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::recovery) << "two are missing, sent a round trip before";
    EXPECT_EQ(out(), ". seq=1001 ack=1 len=1000");
    EXPECT_EQ(out(), "nothing") << "one for one delivered (RFC 9937)";
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 2001, .options = blocks({{3001, 4001}})});
    EXPECT_EQ(out(), ". seq=2001 ack=1 len=1000");
    EXPECT_EQ(stack().counters().retransmission_timeouts, 0u);
}

TEST_F(Probe, ThatRepairedTheLossReducesTheWindow_Rfc8985_7_4) {
    establish_with_rtt();
    send(std::string(10'000, 'x'));
    poll();
    for (int i = 0; i < 10; ++i) out();
    pass(200ms);
    ASSERT_EQ(out(), "P. seq=9001 ack=1 len=1000");
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(app.stream.info().ssthresh, UINT32_MAX);
    send(std::string(1'000, 'x'));
    poll();
    out();
    now += 100ms;
    in({.flags = ".", .seq = 1, .ack = 11'001});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::open);
}

TEST_F(Probe, IsFollowedByTheTimeoutWhenNothingIsHeard_Rfc8985_7_3) {
    establish_with_rtt();
    send(std::string(3'000, 'x'));
    poll();
    pass(200ms);
    EXPECT_EQ(stack().counters().tail_loss_probes, 1u);
    pass(1s);
    EXPECT_EQ(stack().counters().retransmission_timeouts, 1u);
    EXPECT_EQ(stack().counters().tail_loss_probes, 1u) << "one probe in a row";
    while (out() != "nothing") {
    }
}

TEST_F(Probe, IsNotSentWithoutSack_Rfc8985_7_2) {
    settings.sack = false;
    establish_with_rtt();
    send(std::string(3'000, 'x'));
    poll();
    for (int i = 0; i < 3; ++i) out();
    pass(900ms);
    EXPECT_EQ(out(), "nothing");
}

}  // namespace
}  // namespace hourglass::tcp::testing
