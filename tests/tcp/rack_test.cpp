#include "tcp/recovery/rack.h"

#include <gtest/gtest.h>

namespace hourglass::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1000;

/// Segments of 1000 octets, numbered from 0, one sent each millisecond.
class RackOn : public testing::Test, public Scoreboard::Visitor {
  public:
    void delivered(const SentRange& r) override {
        overtaken = rack.on_delivered(r, now, min_rtt, echoes_original) || overtaken;
    }
    void lost(const SentRange& r) override { lost_segments += r.segments; }

    void send(std::uint32_t segment) {
        board.on_sent(Seq(segment * kMss), Seq((segment + 1) * kMss), 1, {.sent_at = now}, 1000);
        now += 1ms;
    }
    void send_ten() {
        for (std::uint32_t i = 0; i < 10; ++i) send(i);
    }
    void resend(std::uint32_t segment) {
        board.on_resent(Seq(segment * kMss), Seq((segment + 1) * kMss), kMss, {.sent_at = now, .retransmission = true});
    }
    void sack(std::uint32_t segment) {
        rack.begin_ack();
        board.sack(Seq(segment * kMss), Seq((segment + 1) * kMss), kMss, 1000, *this);
    }
    Duration detect(Duration reo_wnd = Duration::zero()) {
        lost_segments = 0;
        return rack.detect_losses(board, now, reo_wnd, *this);
    }
    [[nodiscard]] bool is_lost(std::uint32_t segment) const {
        for (const SentRange& r : board)
            if (r.begin <= Seq(segment * kMss) && Seq(segment * kMss) < r.end) return r.is_due();
        return false;
    }

    Scoreboard board;
    Rack rack;
    Instant now{};
    Duration min_rtt = 100ms;
    bool echoes_original = false;
    bool overtaken = false;
    std::uint32_t lost_segments = 0;
};

TEST_F(RackOn, WhatWasSentBeforeSomethingThatArrivedIsLost_Rfc8985_6_2_5) {
    send_ten();
    now += 100ms;
    sack(3);
    EXPECT_EQ(detect(), Duration::zero());
    EXPECT_TRUE(is_lost(0));
    EXPECT_TRUE(is_lost(2));
    EXPECT_FALSE(is_lost(4)) << "sent later";
    EXPECT_EQ(lost_segments, 3u);
}

TEST_F(RackOn, TheReorderingWindowIsWaitedFor_Rfc8985_6_2_5) {
    send_ten();
    now += 100ms;
    sack(3);
    EXPECT_EQ(detect(25ms), 24ms) << "segment 2 was sent a millisecond before 3: it has 24 left";
    EXPECT_EQ(lost_segments, 0u);
    now += 22ms;
    EXPECT_EQ(detect(25ms), 2ms);
    EXPECT_EQ(lost_segments, 1u) << "segment 0 has had its time";
    now += 2ms;
    EXPECT_EQ(detect(25ms), Duration::zero());
    EXPECT_EQ(lost_segments, 2u);
}

TEST_F(RackOn, ALostRetransmissionIsFound_Rfc8985_3_2) {
    send_ten();
    now += 100ms;
    sack(3);
    detect();
    resend(0);
    now += 1ms;
    resend(1);
    now += 100ms;
    sack(1);
    detect();
    EXPECT_TRUE(is_lost(0)) << "sent again before 1 was, and 1 has arrived";
    EXPECT_TRUE(is_lost(9));
}

TEST_F(RackOn, AnEarlyAckOfARetransmissionIsOneOfTheOriginal_Rfc8985_6_2_2) {
    send_ten();
    now += 100ms;
    sack(3);
    detect();
    resend(0);
    now += 20ms;  // well below the least round trip
    sack(0);
    detect();
    EXPECT_FALSE(is_lost(9)) << "the retransmission's time does not count";
}

TEST_F(RackOn, SoIsOneThatEchoesAnOlderTimestamp_Rfc8985_6_2_2) {
    send_ten();
    now += 100ms;
    sack(3);
    detect();
    resend(0);
    now += 200ms;
    echoes_original = true;
    sack(0);
    detect();
    EXPECT_FALSE(is_lost(9));
}

TEST_F(RackOn, OvertakingIsSeenOnWhatWasSentOnce_Rfc8985_6_2_3) {
    send_ten();
    now += 100ms;
    sack(5);
    EXPECT_FALSE(overtaken);
    sack(4);
    EXPECT_TRUE(overtaken);
    overtaken = false;
    resend(1);
    now += 100ms;
    sack(1);
    EXPECT_FALSE(overtaken) << "a retransmission comes late by nature";
}

TEST_F(RackOn, TheWindowIsAQuarterOfTheLeastRoundTrip_Rfc8985_6_2_4) {
    EXPECT_EQ(rack.reordering_window({.min_rtt = 100ms, .srtt = 120ms}), 25ms);
    EXPECT_EQ(rack.reordering_window({.min_rtt = 100ms, .srtt = 120ms, .in_recovery = true}), 0ms);
    EXPECT_EQ(rack.reordering_window({.min_rtt = 100ms, .srtt = 120ms, .dup_thresh = true}), 0ms);
    EXPECT_EQ(rack.reordering_window({.min_rtt = 100ms, .srtt = 120ms, .reordering_seen = true, .dup_thresh = true}),
              25ms);
}

TEST_F(RackOn, EachRoundWithADsackWidensTheWindow_Rfc8985_6_2_4) {
    const Rack::Window w{.min_rtt = 100ms, .srtt = 120ms, .reordering_seen = true};
    rack.on_dsack(Seq(1'000));
    rack.on_dsack(Seq(2'000));
    EXPECT_EQ(rack.reordering_window(w), 50ms) << "once a round";
    rack.on_advance(Seq(1'000));
    rack.on_dsack(Seq(3'000));
    EXPECT_EQ(rack.reordering_window(w), 75ms);
    for (std::uint32_t i = 4; i < 10; ++i) {
        rack.on_advance(Seq(i * 1'000));
        rack.on_dsack(Seq(i * 1'000 + 1'000));
    }
    EXPECT_EQ(rack.reordering_window(w), 120ms) << "never more than SRTT";
    for (int i = 0; i < 16; ++i) rack.on_recovered();
    EXPECT_EQ(rack.reordering_window(w), 25ms) << "sixteen recoveries without one";
}

TEST_F(RackOn, ATimeoutLosesWhatHasHadItsTime_Rfc8985_6_3) {
    send_ten();
    now += 100ms;
    sack(0);
    now += 5ms;
    rack.mark_losses_on_timeout(board, now, Duration::zero(), *this);
    EXPECT_TRUE(is_lost(4));
    EXPECT_FALSE(is_lost(9)) << "its acknowledgement may still be on its way";
}

}  // namespace
}  // namespace hourglass::tcp
