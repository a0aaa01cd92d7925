#include "tcp/recovery/spurious.h"

#include "tcp/single.h"

namespace hourglass::tcp {
namespace {

using Verdict = ForwardRto::Verdict;

TEST(Eifel, AnEchoOlderThanTheRetransmissionIsTheOriginals_Rfc3522_3_2) {
    SpuriousRetransmission s;
    s.begin(Seq(0), Seq(10'000));
    s.on_retransmitted(Seq(0), 1'000, 500);
    EXPECT_TRUE(s.is_spurious_by_echo(true, 499));
    s.begin(Seq(0), Seq(10'000));
    s.on_retransmitted(Seq(0), 1'000, 500);
    EXPECT_FALSE(s.is_spurious_by_echo(true, 500));
    EXPECT_FALSE(s.is_spurious_by_echo(true, 400)) << "only the first acceptable ACK tells";
}

TEST(Eifel, TheEchoTellsNothingOfASegmentBehindAGapFromBefore_Rfc3522_3_2) {
    SpuriousRetransmission s;
    s.begin(Seq(0), Seq(10'000));
    s.on_retransmitted(Seq(5'000), 1'000, 500);
    EXPECT_FALSE(s.is_spurious_by_echo(true, 499)) << "what filled the gap was sent before";
}

TEST(DsackUndo, AllThatWasSentAgainMustBeReported_Rfc3708) {
    SpuriousRetransmission s;
    s.begin(Seq(0), Seq(10'000));
    s.on_retransmitted(Seq(0), 1'000, 500);
    s.on_retransmitted(Seq(0), 1'000, 500);
    EXPECT_FALSE(s.is_spurious_by_duplicate(Seq(0), Seq(1'000)));
    EXPECT_FALSE(s.is_spurious_by_duplicate(Seq(20'000), Seq(21'000))) << "not of this flight";
    EXPECT_TRUE(s.is_spurious_by_duplicate(Seq(1'000), Seq(2'000)));
}

TEST(Frto, OriginalDataInTheSecondAckMeansSpurious_Rfc5682_2_1) {
    ForwardRto f;
    f.begin();
    EXPECT_EQ(f.on_ack(true, false, false), Verdict::none);
    EXPECT_TRUE(f.wants_new_data());
    f.on_new_data(true);
    EXPECT_EQ(f.on_ack(true, false, true), Verdict::spurious);
}

TEST(Frto, ADuplicateAfterTheTimeoutMeansLoss_Rfc5682_2_1) {
    ForwardRto first;
    first.begin();
    EXPECT_EQ(first.on_ack(false, false, false), Verdict::genuine);
    ForwardRto second;
    second.begin();
    second.on_ack(true, false, false);
    second.on_new_data(true);
    EXPECT_EQ(second.on_ack(false, false, false), Verdict::genuine);
}

TEST(Frto, WithoutNewDataTheUsualRecoveryGoesOn_Rfc5682_2_1) {
    ForwardRto f;
    f.begin();
    f.on_ack(true, false, false);
    f.on_new_data(false);
    EXPECT_FALSE(f.wants_new_data());
    EXPECT_EQ(f.on_ack(true, false, true), Verdict::none);
}

}  // namespace
}  // namespace hourglass::tcp

namespace hourglass::tcp::testing {
namespace {

class Spurious : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.congestion = Congestion::new_reno;
    }
    /// Ten segments of 1000 octets in flight, and more queued.
    void fly_ten(const wire::TcpOptions& options, std::uint32_t queued = 20'000) {
        accept_connection(options);
        send(std::string(queued, 'x'));
        poll();
        for (std::uint32_t i = 0; i < 10; ++i) ASSERT_EQ(out().substr(0, 5), ". seq");
        ASSERT_EQ(out(), "nothing");
    }
    wire::TcpOptions blocks(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> list) {
        wire::TcpOptions options;
        for (const auto& [left, right] : list) options.sack[options.sack_count++] = {our_iss + left, our_iss + right};
        return options;
    }
};

TEST_F(Spurious, ATimeoutIsUndoneWhenOriginalsAreAcknowledged_Rfc5682_2_1) {
    fly_ten({.mss = 1000});
    pass(1s);
    ASSERT_EQ(out(), ". seq=1 ack=1 len=1000");
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::loss);
    in({.flags = ".", .seq = 1, .ack = 1001});
    EXPECT_EQ(out(), ". seq=10001 ack=1 len=1000") << "new data, not old";
    EXPECT_EQ(out(), ". seq=11001 ack=1 len=1000");
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 3001});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::open);
    EXPECT_EQ(app.stream.info().ssthresh, UINT32_MAX);
    EXPECT_GE(app.stream.info().cwnd, 10'000u);
    EXPECT_EQ(stack().counters().spurious_timeouts, 1u);
    EXPECT_EQ(out(), ". seq=12001 ack=1 len=1000") << "and nothing old again";
    while (out() != "nothing") {
    }
}

TEST_F(Spurious, ATimeoutThatWasRealGoesOnAsUsual_Rfc5682_2_1) {
    fly_ten({.mss = 1000});
    pass(1s);
    out();
    in({.flags = ".", .seq = 1, .ack = 1001});
    ASSERT_EQ(out(), ". seq=10001 ack=1 len=1000");
    ASSERT_EQ(out(), ". seq=11001 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 1001});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::loss);
    EXPECT_EQ(out(), ". seq=1001 ack=1 len=1000") << "cwnd of three segments (step 3a)";
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 2001});
    EXPECT_EQ(out(), ". seq=2001 ack=1 len=1000");
    EXPECT_EQ(app.stream.info().ssthresh, 5'000u);
}

TEST_F(Spurious, AnOldTimestampUndoesATimeout_Rfc3522_3_2) {
    settings.timestamps = true;
    listen();
    in({.flags = "S", .options = {.timestamps = {{7, 0}}, .mss = 1012}});
    out();
    const std::uint32_t base = last_header.options.timestamps->value;
    in({.flags = ".", .seq = 1, .ack = 1, .options = {.timestamps = {{7, base}}}});
    send(std::string(20'000, 'x'));
    poll();
    for (int i = 0; i < 10; ++i) out();
    pass(1s);
    ASSERT_EQ(out(), ". seq=1 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 1001, .options = {.timestamps = {{8, base}}}});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::open) << "it was the original that arrived";
    EXPECT_EQ(stack().counters().spurious_timeouts, 1u);
    EXPECT_EQ(out(), ". seq=10001 ack=1 len=1000");
    while (out() != "nothing") {
    }
}

TEST_F(Spurious, DsackOfEachRetransmissionUndoesARecovery_Rfc2883_Rfc3708) {
    fly_ten({.mss = 1000, .sack_permitted = true});
    in({.flags = ".", .seq = 1, .ack = 1, .options = blocks({{1001, 5001}})});
    ASSERT_EQ(out(), ". seq=1 ack=1 len=1000");
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::recovery);
    while (out() != "nothing") {
    }
    in({.flags = ".", .seq = 1, .ack = 5001});
    in({.flags = ".", .seq = 1, .ack = 5001, .options = blocks({{1, 1001}})});
    EXPECT_EQ(app.stream.info().recovery, RecoveryState::open);
    EXPECT_EQ(app.stream.info().ssthresh, UINT32_MAX);
    EXPECT_EQ(stack().counters().spurious_recoveries, 1u);
    EXPECT_EQ(stack().counters().dsack_in, 1u);
    while (out() != "nothing") {
    }
}

}  // namespace
}  // namespace hourglass::tcp::testing
