#include "tcp/recovery/scoreboard.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1000;
constexpr std::size_t kNoLimit = 1000;

/// Writes down what becomes of ranges.
struct Diary final : Scoreboard::Visitor {
    void delivered(const SentRange& r) override { text += fmt::format("+[{},{})", r.begin.raw(), r.end.raw()); }
    void lost(const SentRange& r) override { text += fmt::format("-[{},{})", r.begin.raw(), r.end.raw()); }
    std::string take() { return std::exchange(text, {}); }
    std::string text;
};

class Board : public testing::Test {
  public:
    void send(std::uint32_t begin, std::uint32_t end, Duration at, std::size_t limit = kNoLimit) {
        board.on_sent(Seq(begin), Seq(end), (end - begin + kMss - 1) / kMss, {.sent_at = Instant(at)}, limit);
    }
    void resend(std::uint32_t begin, std::uint32_t end, Duration at) {
        board.on_resent(Seq(begin), Seq(end), kMss, {.sent_at = Instant(at), .retransmission = true});
    }
    std::string ack(std::uint32_t to) {
        board.acknowledge(Seq(to), kMss, diary);
        return diary.take();
    }
    std::string sack(std::uint32_t left, std::uint32_t right, std::size_t limit = kNoLimit) {
        board.sack(Seq(left), Seq(right), kMss, limit, diary);
        return diary.take();
    }
    /// Ranges with their fate: s acked selectively, l ost, r esent.
    std::string ranges() const {
        std::string text;
        for (const SentRange& r : board)
            text += fmt::format("[{},{}){}{}{}", r.begin.raw(), r.end.raw(), r.sacked ? "s" : "", r.lost ? "l" : "",
                                r.resent ? "r" : "");
        return text;
    }
    Scoreboard board;
    Diary diary;
};

TEST_F(Board, EmissionsOfOneInstantAreOneRange) {
    send(0, 10'000, 1ms);
    send(10'000, 12'500, 1ms);
    send(12'500, 13'000, 2ms);
    EXPECT_EQ(ranges(), "[0,12500)[12500,13000)");
    EXPECT_EQ(board.out().octets, 13'000u);
    EXPECT_EQ(board.out().segments, 14u);
    EXPECT_EQ(board.pipe(), 13'000u);
}

TEST_F(Board, AnAcknowledgementCutsASuperSegment) {
    send(0, 10'000, 1ms);
    EXPECT_EQ(ack(3'000), "+[0,3000)");
    EXPECT_EQ(ranges(), "[3000,10000)");
    EXPECT_EQ(board.out().segments, 7u);
    EXPECT_EQ(ack(10'000), "+[3000,10000)");
    EXPECT_TRUE(board.empty());
    EXPECT_EQ(board.out().octets, 0u);
    EXPECT_EQ(board.out().segments, 0u);
}

TEST_F(Board, WhatIsSackedIsDeliveredOnce) {
    send(0, 10'000, 1ms);
    EXPECT_EQ(sack(4'000, 6'000), "+[4000,6000)");
    EXPECT_EQ(sack(4'000, 7'000), "+[6000,7000)");
    EXPECT_EQ(ranges(), "[0,4000)[4000,7000)s[7000,10000)");
    EXPECT_EQ(board.pipe(), 7'000u);
    EXPECT_EQ(ack(8'000), "+[0,4000)+[7000,8000)") << "what lies between was delivered before";
}

TEST_F(Board, ABlockThatSpansRangesJoinsThem) {
    send(0, 2'000, 1ms);
    send(2'000, 4'000, 2ms);
    send(4'000, 6'000, 3ms);
    sack(1'000, 5'000);
    EXPECT_EQ(ranges(), "[0,1000)[1000,5000)s[5000,6000)");
    EXPECT_EQ(board.sacked().segments, 4u);
}

TEST_F(Board, LostIsNotInTheNetworkUntilItIsSentAgain_Rfc6675_4) {
    send(0, 5'000, 1ms);
    board.mark_lost(Seq(1'000), Seq(3'000), kMss, diary);
    EXPECT_EQ(diary.take(), "-[1000,3000)");
    EXPECT_EQ(board.pipe(), 3'000u);
    ASSERT_NE(board.first_due(), nullptr);
    EXPECT_EQ(board.first_due()->begin, Seq(1'000));
    resend(1'000, 2'000, 2ms);
    EXPECT_EQ(ranges(), "[0,1000)[1000,2000)lr[2000,3000)l[3000,5000)");
    EXPECT_EQ(board.pipe(), 4'000u);
    EXPECT_EQ(board.first_due()->begin, Seq(2'000));
    resend(2'000, 3'000, 2ms);
    EXPECT_EQ(ranges(), "[0,1000)[1000,3000)lr[3000,5000)") << "sent at one instant: one range again";
    EXPECT_EQ(board.first_due(), nullptr);
}

TEST_F(Board, ALostRetransmissionIsDueAgain) {
    send(0, 3'000, 1ms);
    board.mark_lost(Seq(0), Seq(1'000), kMss, diary);
    resend(0, 1'000, 2ms);
    EXPECT_EQ(board.pipe(), 3'000u);
    board.mark_lost(Seq(0), Seq(1'000), kMss, diary);
    EXPECT_EQ(board.pipe(), 2'000u);
    EXPECT_EQ(board.first_due()->begin, Seq(0));
}

TEST_F(Board, AProbeOfTheTailIsInTheNetworkTwice) {
    send(0, 3'000, 1ms);
    resend(2'000, 3'000, 2ms);
    EXPECT_EQ(board.pipe(), 4'000u);
    EXPECT_EQ(board.first_due(), nullptr);
}

TEST_F(Board, ForgottenLossesAreInTheNetworkAgain) {
    send(0, 3'000, 1ms);
    board.mark_lost(Seq(0), Seq(3'000), kMss, diary);
    board.forget_losses();
    EXPECT_EQ(board.pipe(), 3'000u);
    EXPECT_EQ(board.first_due(), nullptr);
}

TEST_F(Board, AtTheLimitBlocksThatWouldSplitAreIgnored) {
    send(0, 10'000, 1ms);
    EXPECT_EQ(sack(1'000, 2'000, 3), "+[1000,2000)");
    EXPECT_EQ(sack(4'000, 5'000, 3), "") << "three ranges already";
    EXPECT_EQ(sack(2'000, 10'000, 3), "+[2000,10000)") << "no split is needed for this one";
    EXPECT_EQ(ranges(), "[0,1000)[1000,10000)s");
}

TEST_F(Board, AtTheLimitNewDataJoinsTheLastRange) {
    for (std::uint32_t i = 0; i < 10; ++i) send(i * 100, i * 100 + 100, i * 1ms, 4);
    EXPECT_EQ(board.size(), 4u);
    EXPECT_EQ(board.out().octets, 1'000u);
    EXPECT_EQ(board.back().sent.sent_at, Instant(9ms)) << "late rather than early: nothing is taken for lost too soon";
}

TEST_F(Board, WorksRoundTheEndOfTheSequenceSpace) {
    const std::uint32_t begin = UINT32_MAX - 1'999;  // 2000 octets before zero
    send(begin, begin + 5'000, 1ms);
    EXPECT_EQ(sack(begin + 3'000, begin + 4'000), "+[1000,2000)");
    board.mark_lost(Seq(begin), Seq(begin + 3'000), kMss, diary);
    EXPECT_EQ(board.first_due()->begin, Seq(begin));
    ack(begin + 4'000);
    EXPECT_EQ(ranges(), "[2000,3000)");
    EXPECT_EQ(board.lost().octets, 0u);
}

}  // namespace
}  // namespace hourglass::tcp
