#include <initializer_list>
#include <utility>

#include "tcp/pair.h"
#include "tcp/recovery/sack_blocks.h"
#include "tcp/single.h"

namespace hourglass::tcp {
namespace {

using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

Blocks told(const SackBlocks& sack, std::size_t most = 3) {
    wire::TcpOptions options;
    sack.fill(options, most);
    Blocks blocks;
    for (const wire::SackBlock& b : options.sack_blocks()) blocks.emplace_back(b.left.raw(), b.right.raw());
    return blocks;
}

TEST(Rfc2018, TheBlockOfTheLastSegmentComesFirst) {
    SackBlocks sack;
    sack.on_received(Seq(100), Seq(200));
    sack.on_received(Seq(500), Seq(600));
    sack.on_received(Seq(300), Seq(400));
    EXPECT_EQ(told(sack), (Blocks{{300, 400}, {500, 600}, {100, 200}}));
    sack.on_received(Seq(600), Seq(700));
    EXPECT_EQ(told(sack), (Blocks{{500, 700}, {300, 400}, {100, 200}})) << "it grows, and moves to the front";
}

TEST(Rfc2018, SegmentsThatTouchAreOneBlock) {
    SackBlocks sack;
    sack.on_received(Seq(100), Seq(200));
    sack.on_received(Seq(300), Seq(400));
    sack.on_received(Seq(200), Seq(300));
    EXPECT_EQ(told(sack), (Blocks{{100, 400}}));
}

TEST(Rfc2018, WhatFindsNoRoomIsToldWhenItIsTheNewest) {
    SackBlocks sack;
    for (std::uint32_t i = 0; i < 6; ++i) sack.on_received(Seq(i * 200 + 100), Seq(i * 200 + 200));
    EXPECT_EQ(told(sack, 3), (Blocks{{1100, 1200}, {900, 1000}, {700, 800}}));
    EXPECT_EQ(told(sack, 4).size(), 4u) << "four without timestamps";
}

TEST(Rfc2018, BlocksBelowTheAcknowledgementAreForgotten) {
    SackBlocks sack;
    sack.on_received(Seq(100), Seq(200));
    sack.on_received(Seq(300), Seq(400));
    sack.on_advance(Seq(250));
    EXPECT_EQ(told(sack), (Blocks{{300, 400}}));
    sack.on_advance(Seq(400));
    EXPECT_TRUE(sack.empty());
}

TEST(Rfc2883, ADuplicateIsToldFirstAndOnce) {
    SackBlocks sack;
    sack.on_received(Seq(100), Seq(200));
    ASSERT_TRUE(sack.overlap(Seq(150), Seq(250)).has_value());
    sack.on_duplicate(Seq(150), Seq(200));
    EXPECT_EQ(told(sack), (Blocks{{150, 200}, {100, 200}})) << "then the block it lies in (section 4.2)";
    sack.on_told();
    EXPECT_EQ(told(sack), (Blocks{{100, 200}}));
}

}  // namespace
}  // namespace hourglass::tcp

namespace hourglass::tcp::testing {
namespace {

class Sack : public Single {
  public:
    void SetUp() override {
        Single::SetUp();
        settings.congestion = Congestion::new_reno;
    }
    wire::TcpOptions offer() const { return {.mss = 1000, .sack_permitted = true}; }
    wire::TcpOptions blocks(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> list) {
        wire::TcpOptions options;
        for (const auto& [left, right] : list) options.sack[options.sack_count++] = {our_iss + left, our_iss + right};
        return options;
    }
    /// The SACK blocks of the segment that `out` has shown, relative to the peer's ISS.
    Blocks last_blocks() const {
        Blocks list;
        for (const wire::SackBlock& b : last_header.options.sack_blocks())
            list.emplace_back(b.left.raw() - kPeerIss, b.right.raw() - kPeerIss);
        return list;
    }
    void fly_ten() {
        listen();
        in({.flags = "S", .options = offer()});
        ASSERT_EQ(out(), "S. seq=0 ack=1 len=0");
        now += 100ms;
        in({.flags = ".", .seq = 1, .ack = 1});
        send(std::string(30'000, 'x'));
        poll();
        for (std::uint32_t i = 0; i < 10; ++i) ASSERT_EQ(out(), fmt::format(". seq={} ack=1 len=1000", 1 + 1000 * i));
        ASSERT_EQ(out(), "nothing");
    }
    void sack(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> list) {
        in({.flags = ".", .seq = 1, .ack = 1, .options = blocks(list)});
    }
    void drain() {
        while (out() != "nothing") {
        }
    }
    ConnectionInfo info() { return app.stream.info(); }
};

TEST_F(Sack, IsOfferedInTheSynAndAgreedInTheSynAck_Rfc2018_2) {
    connect();
    out();
    EXPECT_TRUE(last_header.options.sack_permitted);
    in({.flags = "S.", .seq = 0, .ack = 1});
    out();
    EXPECT_FALSE(info().sack) << "the peer did not say so";
}

TEST_F(Sack, SurvivesTheHalfOpenEntry_Rfc2018_2) {
    accept_connection(offer());
    EXPECT_TRUE(last_header.options.sack_permitted);
    EXPECT_TRUE(info().sack);
}

TEST_F(Sack, IsNotAnsweredWhenThePeerDidNotAsk_Rfc2018_2) {
    accept_connection({.mss = 1000});
    EXPECT_FALSE(last_header.options.sack_permitted);
    in({.flags = ".", .seq = 101, .ack = 1, .data = "late"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(last_header.options.sack_count, 0);
}

TEST_F(Sack, CanBeTurnedOff) {
    settings.sack = false;
    accept_connection(offer());
    EXPECT_FALSE(last_header.options.sack_permitted);
    EXPECT_FALSE(info().sack);
}

TEST_F(Sack, EachSegmentAboveAGapIsTold_Rfc2018_4) {
    accept_connection(offer());
    deliver({.flags = ".", .seq = 101, .ack = 1, .data = std::string(100, 'a')});
    deliver({.flags = ".", .seq = 301, .ack = 1, .data = std::string(100, 'a')});
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(last_blocks(), (Blocks{{301, 401}, {101, 201}})) << "both are known when the first ACK leaves";
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0") << "each has an ACK of its own, in one batch too";
    EXPECT_EQ(last_blocks(), (Blocks{{301, 401}, {101, 201}}));
    in({.flags = ".", .seq = 1, .ack = 1, .data = std::string(100, 'a')});
    EXPECT_EQ(out(), ". seq=1 ack=201 len=0");
    EXPECT_EQ(last_blocks(), (Blocks{{301, 401}}));
    in({.flags = ".", .seq = 201, .ack = 1, .data = std::string(100, 'a')});
    EXPECT_EQ(out(), ". seq=1 ack=401 len=0");
    EXPECT_EQ(last_blocks(), Blocks{});
}

TEST_F(Sack, OldDataIsReportedAsADuplicate_Rfc2883_4_1) {
    accept_connection(offer());
    in({.flags = ".", .seq = 1, .ack = 1, .data = std::string(200, 'a')});
    in({.flags = ".", .seq = 1, .ack = 1, .data = std::string(200, 'a')});
    EXPECT_EQ(out(), ". seq=1 ack=201 len=0");
    EXPECT_EQ(last_blocks(), (Blocks{{1, 201}}));
    in({.flags = ".", .seq = 151, .ack = 1, .data = std::string(100, 'a')});
    EXPECT_EQ(out(), ". seq=1 ack=251 len=0");
    EXPECT_EQ(last_blocks(), (Blocks{{151, 201}})) << "only the part that came before";
    EXPECT_EQ(stack().counters().dsack_out, 2u);
}

TEST_F(Sack, SegmentsShrinkByTheBlocksTheyCarry_Rfc6691) {
    accept_connection(offer());
    in({.flags = ".", .seq = 101, .ack = 1, .data = "late"});
    out();
    send(std::string(2'000, 'x'));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=988") << "two no-operations, the option's head and one block: 12 octets";
    EXPECT_EQ(last_blocks(), (Blocks{{101, 105}}));
    drain();
}

TEST_F(Sack, TheThirdSackedSegmentBeginsRecovery_Rfc6675_5_Rfc8985_6_2_4) {
    fly_ten();
    sack({{1001, 2001}});
    EXPECT_EQ(info().recovery, RecoveryState::disorder);
    EXPECT_EQ(out(), ". seq=10001 ack=1 len=1000") << "limited transmit (RFC 3042)";
    sack({{1001, 3001}});
    EXPECT_EQ(out(), ". seq=11001 ack=1 len=1000");
    sack({{1001, 4001}});
    EXPECT_EQ(info().recovery, RecoveryState::recovery);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1000");
    EXPECT_EQ(info().ssthresh, 5'000u) << "half of ten: what limited transmit sent does not count";
    EXPECT_EQ(info().sacked, 3u);
    EXPECT_EQ(info().lost, 1u);
    EXPECT_EQ(info().retransmitted, 1u);
    drain();
}

TEST_F(Sack, OnlyTheHolesAreSentAgain_Rfc6675_5) {
    fly_ten();
    sack({{1001, 3001}, {4001, 5001}, {6001, 10'001}});
    EXPECT_EQ(info().lost, 3u);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1000");
    std::vector<std::string> again;
    for (int i = 0; i < 4; ++i) {
        in({.flags = ".", .seq = 1, .ack = 3001, .options = blocks({{4001, 5001}, {6001, 10'001}})});
        for (std::string s = out(); s != "nothing"; s = out()) again.push_back(s);
    }
    ASSERT_GE(again.size(), 2u);
    EXPECT_EQ(again[0], ". seq=3001 ack=1 len=1000");
    EXPECT_EQ(again[1], ". seq=5001 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(stack().counters().fast_retransmits, 1u) << "one reduction for one window";
    drain();
}

TEST_F(Sack, WithoutRackDupThreshDecides_Rfc6675_4) {
    settings.rack_tlp = false;
    fly_ten();
    sack({{1001, 3001}});
    EXPECT_EQ(info().lost, 0u);
    sack({{1001, 3001}, {5001, 6001}});
    EXPECT_EQ(info().lost, 1u) << "three are held above the first, one above the next hole";
    EXPECT_EQ(out().substr(0, 12), ". seq=10001 ");
    drain();
}

TEST_F(Sack, LimitedTransmitCanBeTurnedOff_Rfc3042) {
    settings.limited_transmit = false;
    fly_ten();
    sack({{1001, 2001}});
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Sack, RecoveryEndsAtSsthresh_Rfc6675_5) {
    fly_ten();
    sack({{1001, 10'001}});
    drain();
    in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(info().recovery, RecoveryState::open);
    EXPECT_EQ(info().cwnd, 5'000u);
    drain();
}

TEST_F(Sack, ATimeoutKeepsWhatIsHeld_Rfc2018_8_Rfc8985_6_3) {
    settings.frto = false;
    settings.rack_tlp = false;
    fly_ten();
    sack({{1001, 3001}});
    drain();
    pass(1s);
    EXPECT_EQ(info().recovery, RecoveryState::loss);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1000");
    in({.flags = ".", .seq = 1, .ack = 3001});
    EXPECT_EQ(out(), ". seq=3001 ack=1 len=1000");
    drain();
}

TEST_F(Sack, APeerThatThrowsAwayWhatItHeldIsFoundOut_Rfc2018_8) {
    fly_ten();
    sack({{2001, 4001}});
    drain();
    in({.flags = ".", .seq = 1, .ack = 2001});
    EXPECT_EQ(stack().counters().sack_reneging, 1u);
    EXPECT_EQ(info().sacked, 0u);
    pass(1500ms);
    drain();
    EXPECT_EQ(stack().counters().retransmission_timeouts, 1u);
}

TEST_F(Sack, LiesAreIgnoredAndCounted) {
    fly_ten();
    sack({{50'001, 60'001}});
    sack({{9001, 12'001}});
    sack({{4001, 3001}});
    sack({{1, 2001}});
    sack({{0u - 5'000, 0u - 4'000}});
    EXPECT_EQ(info().sacked, 0u);
    EXPECT_EQ(info().recovery, RecoveryState::open);
    EXPECT_EQ(stack().counters().bad_sack_blocks, 4u) << "the last is a duplicate's report, as far as one can know";
    sack({{1001, 3001}, {2001, 4001}, {1001, 3001}});
    EXPECT_EQ(info().sacked, 3u) << "overlapping blocks count once";
    drain();
}

TEST_F(Sack, ADsackOfWhatWasNeverSentChangesNothing) {
    fly_ten();
    sack({{20'001, 21'001}, {20'001, 22'001}});
    EXPECT_EQ(stack().counters().dsack_in, 0u);
    EXPECT_EQ(info().sacked, 0u);
}

TEST_F(Sack, TheScoreboardHasALimit) {
    settings.max_sack_ranges = 8;
    fly_ten();
    for (std::uint32_t i = 0; i < 40; ++i) sack({{1001 + 200 * i, 1101 + 200 * i}});
    EXPECT_GT(stack().counters().bad_sack_blocks, 20u);
    in({.flags = ".", .seq = 1, .ack = 10'001});
    EXPECT_EQ(info().sacked, 0u);
    drain();
}

TEST_F(Sack, AnOldAcknowledgementStillTellsWhatIsHeld) {
    fly_ten();
    in({.flags = ".", .seq = 1, .ack = 2001});
    sack({{1001, 2001}, {4001, 5001}});
    EXPECT_EQ(info().sacked, 1u);
    EXPECT_EQ(stack().counters().bad_sack_blocks, 0u);
    drain();
}

/// Both ends ours: one round trip is 20 ms.
TEST(SackTransfer, ALostRetransmissionNeedsNoTimeout_Rfc8985_3_2) {
    Pair p;
    std::map<std::uint32_t, int> copies;
    p.a.rule = [&](const wire::TcpView& v, std::size_t n) {
        if (v.payload().empty()) return true;
        static std::uint32_t victim = 0;
        if (n == 40) victim = v.seq().raw();
        return n < 40 || v.seq().raw() != victim || ++copies[victim] > 3;
    };
    Worker client, server;
    client.to_send = 500'000;
    ASSERT_TRUE(p.b.stack.listen({p.b.address, Port(80)}, {.handler = &server}));
    ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}, {.handler = &client}));
    p.run(30s);
    EXPECT_EQ(server.received, 500'000u);
    EXPECT_TRUE(server.intact);
    EXPECT_EQ(p.a.stack.counters().retransmission_timeouts, 0u);
    EXPECT_GE(p.a.stack.counters().lost_retransmissions, 2u);
}

}  // namespace
}  // namespace hourglass::tcp::testing
