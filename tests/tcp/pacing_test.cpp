// Pacing (draft-ietf-ccwg-bbr-06, section 5.6.2; RFC 9002, section 7.7 asks the same): a window leaves spread over a
// round trip.

#include <gtest/gtest.h>

#include "single.h"
#include "tcp/congestion/pacer.h"

namespace hourglass::tcp::testing {
namespace {

class Paced : public Single {
  public:
    /// An active open whose SYN took 100 ms, with a window of ten segments queued.
    void fly(Congestion congestion, bool pacing) {
        settings.congestion = congestion;
        settings.pacing = pacing;
        connect();
        out();
        pass(100ms);
        in({.flags = "S.", .ack = 1, .options = {.mss = 1000}});
        out();
        send(std::string(30'000, 'x'));
        poll();
    }
    int sent() {
        int n = 0;
        while (out() != "nothing") ++n;
        return n;
    }
};

TEST_F(Paced, WithoutItTheWindowLeavesAtOnce) {
    fly(Congestion::cubic, false);
    EXPECT_EQ(sent(), 10);
}

TEST_F(Paced, WithItTheWindowIsSpreadAndItsTimerIsNamed) {
    fly(Congestion::cubic, true);
    EXPECT_LE(sent(), 3);
    EXPECT_EQ(app.stream.info().timer, "pacing");
    pass(25ms);
    EXPECT_NEAR(sent(), 5, 2) << "twice the window a round trip in slow start";
    pass(50ms);
    EXPECT_EQ(app.stream.info().in_flight, 10'000u);
    sent();
}

TEST_F(Paced, BbrAlwaysPaces) {
    fly(Congestion::bbr, false);
    EXPECT_LE(sent(), 3);
    pass(50ms);
    EXPECT_EQ(app.stream.info().in_flight, 10'000u) << "2.77 windows a round trip";
    sent();
}

TEST(Pacer, TheNextWaitsForAsLongAsThisOneTakes) {
    Pacer p;
    const Instant begin{1h};
    p.on_sent(begin, 1000, 1e6, 0);
    EXPECT_FALSE(p.may_send(begin + 999us));
    EXPECT_TRUE(p.may_send(begin + 1ms));
}

TEST(Pacer, ALateTimerIsMadeUpForAsFarAsAQuantumGoes) {
    Pacer p;
    const Instant begin{1h};
    p.on_sent(begin, 1000, 1e6, 2000);
    p.on_sent(begin + 10ms, 1000, 1e6, 2000);
    p.on_sent(begin + 10ms, 1000, 1e6, 2000);
    EXPECT_TRUE(p.may_send(begin + 10ms)) << "two segments of what was missed";
    p.on_sent(begin + 10ms, 1000, 1e6, 2000);
    EXPECT_FALSE(p.may_send(begin + 10ms));
}

}  // namespace
}  // namespace hourglass::tcp::testing
