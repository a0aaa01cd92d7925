// RFC 9293, section 3.9.1: the interface to the application.

#include "ip/ladder.h"
#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

using ip::testing::address;
using ip::testing::Bytes;

TEST_F(Rfc9293, MUST_41_ASecondPassiveOpenLeavesTheFirstAlone) {
    listen();
    in({.flags = "S"});
    out();
    const auto second = stack().listen(us, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), Error::address_in_use);
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc9293, MUST_42_APortListensWhileItHasConnectionsUnderWay) {
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    Application server;
    ASSERT_TRUE(stack().listen(us, {.handler = &server}));
    EXPECT_EQ(state(), State::syn_sent);
    deliver_from({peer.address, Port(6000)}, {.flags = "S"});
    poll();
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    ASSERT_FALSE(stack().listen(us, {})) << "and this port listens already";
}

TEST_F(Rfc9293, MUST_43_TheLocalAddressCanBeGiven) {
    const IpAddress other = IpAddress::v4(10, 0, 0, 77);
    const auto s = stack().connect(peer, {.local = {other, Port(0)}});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->local().address, other);
}

TEST(Rfc9293Host, MUST_44_IpChoosesTheLocalAddressWhenNoneIsGiven) {
    ip::testing::Pair pair(ip::Medium::ip);
    const auto s = pair.a.tcp().connect({address("10.0.0.2"), Port(80)});
    ASSERT_TRUE(s);
    EXPECT_EQ(s->local().address, address("10.0.0.1"));
}

TEST_F(Rfc9293, MUST_45_TheLocalAddressStaysThatOfTheConnection) {
    accept_connection();
    const IpAddress used = us.address;
    send_now("x");
    EXPECT_EQ(last_source, used);
    pass(1s);
    EXPECT_EQ(last_source, used);
    app.stream.abort();
    poll();
    EXPECT_EQ(last_source, used);
}

TEST_F(Rfc9293, MUST_46_OpenToAGroupIsAnError) {
    for (const char* invalid : {"224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1"}) {
        const auto s = stack().connect({*IpAddress::parse(invalid), Port(80)});
        ASSERT_FALSE(s) << invalid;
        EXPECT_EQ(s.error(), Error::bad_address);
    }
}

TEST(Rfc9293Host, MUST_46_OpenToTheBroadcastAddressOfALinkIsAnError) {
    ip::testing::Pair pair(ip::Medium::ip);
    EXPECT_FALSE(pair.a.tcp().connect({address("10.0.0.255"), Port(80)}));
}

TEST_F(Rfc9293, MUST_47_SoftErrorsAreReported) {
    app.reads = false;
    accept_connection();
    send_now("x");
    stack().unreachable({us.address, peer.address, us.port, peer.port}, our_iss + 1, false);
    poll();
    EXPECT_TRUE(was_told("trouble: no route to host")) << "an ICMP error has arrived";
    app.stream.take_error();
    pass(7s);
    EXPECT_TRUE(was_told("trouble: connection timed out")) << "too many retransmissions";
    in({.flags = ".U", .seq = 1, .ack = 1, .urgent = 1});
    EXPECT_TRUE(was_told("urgent")) << "the urgent pointer has advanced";
}

TEST_F(Rfc9293, SHLD_20_ReportsCanBeSwitchedOff) {
    accept_connection();
    app.stream.set_handler(nullptr);
    const auto told = app.log.size();
    send_now("x");
    pass(7s);
    stack().unreachable({us.address, peer.address, us.port, peer.port}, our_iss + 1, false);
    poll();
    EXPECT_EQ(app.log.size(), told);
    EXPECT_EQ(state(), State::established);
}

namespace {

/// What the first two octets of every datagram from a to b say, DSCP and ECN together.
struct Marked : ip::testing::Pair {
    Marked() : Pair(ip::Medium::ip) {
        filter = [this](std::string_view line, std::span<const std::byte> packet) {
            if (line == "a>b TCP") classes.push_back(static_cast<unsigned>(packet[1]) >> 2);
            return true;
        };
    }
    Stream connect(std::uint8_t traffic_class) {
        EXPECT_TRUE(b.tcp().listen({address("10.0.0.2"), Port(80)}));
        Tuning t = a.tcp().default_tuning();
        t.traffic_class = traffic_class;
        const auto s = a.tcp().connect({address("10.0.0.2"), Port(80)}, {.tuning = t});
        run();
        return *s;
    }
    std::vector<unsigned> classes;
};

}  // namespace

TEST(Rfc9293Host, MUST_48_TheApplicationSetsTheDiffservField) {
    Marked link;
    link.connect(46 << 2);
    ASSERT_EQ(link.classes.size(), 2u);
    EXPECT_EQ(link.classes[0], 46u) << "of the SYN already";
    EXPECT_EQ(link.classes[1], 46u);
}

TEST(Rfc9293Host, SHLD_21_TheDiffservFieldCanChange) {
    Marked link;
    Stream s = link.connect(46 << 2);
    Tuning t = s.tuning();
    t.traffic_class = 10 << 2;
    s.tune(t);
    s.send(std::as_bytes(std::span(std::string_view("x"))));
    link.run();
    EXPECT_EQ(link.classes.back(), 10u);
}

TEST(Rfc9293Host, SHLD_22_EveryCodepointReachesIpAsItIs) {
    for (const unsigned dscp : {1u, 21u, 42u, 63u}) {
        Marked link;
        link.connect(static_cast<std::uint8_t>(dscp << 2));
        for (const unsigned seen : link.classes) EXPECT_EQ(seen, dscp);
    }
}

TEST_F(Rfc9293, MUST_60_DataIsNotHeldForEver) {
    accept_connection();
    send_now("a");
    out();
    send_now("b");
    EXPECT_EQ(out(), "nothing") << "Nagle's algorithm";
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(out(), "P. seq=2 ack=1 len=1");
}

TEST_F(Rfc9293, MUST_61_TheLastSegmentOfTheQueueIsPushed) {
    accept_connection({.mss = 1000});
    send_now(text(2500));
    EXPECT_EQ(all_out(), (std::vector<std::string>{". seq=1 ack=1 len=1000", ". seq=1001 ack=1 len=1000"}));
    in({.flags = ".", .seq = 1, .ack = 2001});
    EXPECT_EQ(out(), "P. seq=2001 ack=1 len=500");
}

TEST_F(Rfc9293, SHLD_27_SuccessivePushesAreOne) {
    accept_connection();
    for (int i = 0; i < 5; ++i) send("push ");
    poll();
    EXPECT_EQ(all_out(), (std::vector<std::string>{"P. seq=1 ack=1 len=25"}));
}

TEST_F(Rfc9293, SHLD_28_SegmentsAreAsLargeAsTheyCanBe) {
    accept_connection({.mss = 1000});
    for (int i = 0; i < 30; ++i) send(text(100));
    poll();
    EXPECT_EQ(all_out(), (std::vector<std::string>{". seq=1 ack=1 len=1000", ". seq=1001 ack=1 len=1000",
                                                   "P. seq=2001 ack=1 len=1000"}));
}

TEST_F(Rfc9293, MAY_16_DataIsAggregatedBeforeItIsSent) {
    accept_connection();
    tune([](Tuning& t) { t.cork = true; });
    send_now("one ");
    send_now("two ");
    EXPECT_EQ(out(), "nothing");
    tune([](Tuning& t) { t.cork = false; });
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=8");
}

}  // namespace hourglass::tcp::testing
