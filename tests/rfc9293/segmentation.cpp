// RFC 9293, section 3.7: segmentation.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_14_TheMssOptionIsSentAndHeeded) {
    connect();
    out();
    EXPECT_EQ(last_header.options.mss, 1460);
    in({.flags = "S.", .ack = 1, .options = {.mss = 700}});
    out();
    send_now(text(1400));
    EXPECT_EQ(out(), ". seq=1 ack=1 len=700");
}

TEST_F(Rfc9293, MUST_15_WithoutTheOption536IsAssumed) {
    accept_connection();
    send_now(text(2000));
    EXPECT_EQ(out(), ". seq=1 ack=1 len=536");
}

TEST_F(Rfc9293, MUST_15_WithoutTheOption1220IsAssumedOverIpv6) {
    us.address = *IpAddress::parse("fd00::1");
    peer.address = *IpAddress::parse("fd00::2");
    accept_connection();
    send_now(text(2000));
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1220");
}

TEST_F(Rfc9293, MUST_16_TheSmallerOfThePeersMssAndThePathDecides) {
    accept_connection({.mss = 9000});
    send_now(text(2000));
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1460");
}

TEST_F(Rfc9293, MUST_16_OptionsTakeTheirRoomFromTheData) {
    settings.timestamps = true;
    accept_connection({.timestamps = wire::TcpTimestamps{1, 0}, .mss = 1000});
    send_now(text(2000));
    EXPECT_EQ(out(), ". seq=1 ack=1 len=988");
}

TEST_F(Rfc9293, MUST_17_NagleCanBeSwitchedOffForOneConnection) {
    accept_connection();
    app.stream.set_no_delay(true);
    send_now("a");
    send_now("b");
    EXPECT_EQ(all_out().size(), 2u);
}

TEST_F(Rfc9293, SHLD_7_NagleCoalescesShortSegments) {
    accept_connection();
    send_now("a");
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1");
    send_now("b");
    send_now("c");
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(out(), "P. seq=2 ack=1 len=2");
}

TEST_F(Rfc9293, MUST_65_OnlySynsCarryTheMss) {
    connect();
    out();
    in({.flags = "S.", .ack = 1, .options = {.mss = 1460}});
    send_now("data");
    app.stream.shutdown();
    poll();
    std::size_t segments = 0;
    for (; out() != "nothing"; ++segments) EXPECT_FALSE(last_header.options.mss);
    EXPECT_GE(segments, 2u);
}

TEST_F(Rfc9293, MUST_67_TheMssIsNoMoreThanIpCanReceive) {
    mtu = 65535;
    connect();
    out();
    EXPECT_EQ(last_header.options.mss, 65535 - 40);
}

TEST_F(Rfc9293, SHLD_5_BothSynsCarryTheMss) {
    listen();
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(last_header.options.mss, 1460);
}

TEST_F(Rfc9293, MAY_3_TheMssIsSentEvenWhereItIsTheDefault) {
    mtu = 576;
    connect();
    out();
    EXPECT_EQ(last_header.options.mss, 536);
}

TEST_F(Rfc9293, SHLD_6_TheMssFollowsTheMtuThatTheInterfaceGuarantees) {
    mtu = 1280;
    connect();
    out();
    EXPECT_EQ(last_header.options.mss, 1240);
}

}  // namespace hourglass::tcp::testing
