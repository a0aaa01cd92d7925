// RFC 9293, section 3.8.4: keep-alives.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_24_KeepalivesAreSwitchedForOneConnection) {
    accept_connection();
    app.stream.set_keepalive(true);
    poll();
    pass(2h);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    app.stream.set_keepalive(false);
    poll();
    pass(24h);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Rfc9293, MUST_25_KeepalivesAreOffByDefault) {
    accept_connection();
    pass(24h);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Rfc9293, MUST_26_NoKeepaliveWhileDataIsOutstanding) {
    settings.keepalive = true;
    settings.keepalive_idle = 2s;
    accept_connection();
    send_now("x");
    out();
    pass(10s);
    for (const std::string& line : all_out()) EXPECT_EQ(line, "P. seq=1 ack=1 len=1");
}

TEST_F(Rfc9293, MUST_26_WhatArrivesBeginsTheIntervalAgain) {
    settings.keepalive = true;
    accept_connection();
    pass(90min);
    in({.flags = ".", .seq = 1, .ack = 1});
    pass(2h - 1s);
    EXPECT_EQ(out(), "nothing");
    pass(1s);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
}

TEST_F(Rfc9293, MUST_27_TheIntervalCanBeSet) {
    accept_connection();
    tune([](Tuning& t) {
        t.keepalive = true;
        t.keepalive_idle = 7s;
    });
    pass(7s);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
}

TEST(Rfc9293Defaults, MUST_28_TheIntervalIsTwoHoursByDefault) {
    EXPECT_GE(Settings{}.keepalive_idle, std::chrono::hours(2));
}

TEST_F(Rfc9293, MUST_29_OneUnansweredProbeIsNoDeath) {
    settings.keepalive = true;
    accept_connection();
    pass(2h + 75s);
    EXPECT_EQ(all_out().size(), 2u);
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc9293, SHLD_12_AProbeHasNoData) {
    settings.keepalive = true;
    accept_connection();
    pass(2h);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
}

TEST_F(Rfc9293, MAY_5_ADeadPeerIsFound) {
    settings.keepalive = true;
    accept_connection();
    pass(2h + 9 * 75s);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

}  // namespace hourglass::tcp::testing
