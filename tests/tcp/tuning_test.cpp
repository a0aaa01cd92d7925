// What an application sets for one connection, or for a listener and what comes from it.

#include "hourglass/tcp/profiles.h"
#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Tuned : public Single {
  public:
    /// A connection of ours with something set.
    template <typename Change>
    void establish_with(Change&& change, const wire::TcpOptions& options = {.mss = 1460}) {
        Tuning t = stack().default_tuning();
        change(t);
        auto s = stack().connect(peer, {.local = us, .handler = &app, .tuning = t});
        ASSERT_TRUE(s.has_value());
        app.stream = *s;
        poll();
        syn = out();
        syn_header = last_header;
        in({.flags = "S.", .seq = 0, .ack = 1, .options = options});
        ASSERT_EQ(out(), ". seq=1 ack=1 len=0");
    }
    template <typename Change>
    void change(Change&& change) {
        Tuning t = app.stream.tuning();
        change(t);
        app.stream.tune(t);
        poll();
    }
    std::string syn;
    wire::TcpHeader syn_header;
};

TEST_F(Tuned, WhatIsSetIsReadBack) {
    accept_connection();
    EXPECT_EQ(app.stream.tuning(), stack().default_tuning());
    change([](Tuning& t) {
        t.keepalive_idle = 7s;
        t.no_delay = true;
    });
    EXPECT_EQ(app.stream.tuning().keepalive_idle, 7s);
    EXPECT_TRUE(app.stream.tuning().no_delay);
    app.stream.tune(stack().default_tuning());
    EXPECT_EQ(app.stream.tuning(), stack().default_tuning());
}

TEST_F(Tuned, AListenersTuningIsInherited) {
    Tuning t = stack().default_tuning();
    t.mss_limit = 1000;
    t.receive_buffer = 8000;
    t.no_delay = true;
    listen({.tuning = t});
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(last_header.options.mss, 1000);
    EXPECT_EQ(last_header.window, 8000);
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(app.stream.tuning(), t);
}

TEST_F(Tuned, TheSynOffersTheReceiveBufferAndTheMss) {
    establish_with([](Tuning& t) {
        t.receive_buffer = 5000;
        t.mss_limit = 700;
    });
    EXPECT_EQ(syn_header.window, 5000);
    EXPECT_EQ(syn_header.options.mss, 700);
    send(std::string(1400, 'x'));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=700");
}

TEST_F(Tuned, AWindowClampHoldsTheWindowDown) {
    establish_with([](Tuning& t) { t.window_clamp = 3000; });
    EXPECT_EQ(syn_header.window, 3000);
}

TEST_F(Tuned, ALargerReceiveBufferOpensTheWindow) {
    establish_with([](Tuning& t) { t.receive_buffer = 5000; });
    change([](Tuning& t) { t.receive_buffer = 50000; });
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(last_header.window, 50000);
}

TEST_F(Tuned, SynRetriesAreTheConnections) {
    Tuning t = stack().default_tuning();
    t.syn_retries = 1;
    auto s = stack().connect(peer, {.local = us, .handler = &app, .tuning = t});
    app.stream = *s;
    poll();
    pass(10s);
    EXPECT_EQ(app.log, (std::vector<std::string>{"closed: connection timed out"}));
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Tuned, TheUserTimeoutHoldsForTheSynToo) {
    Tuning t = stack().default_tuning();
    t.user_timeout = 2s;
    app.stream = *stack().connect(peer, {.local = us, .handler = &app, .tuning = t});
    poll();
    pass(2s - 1ms);
    EXPECT_EQ(state(), State::syn_sent);
    pass(1ms);
    EXPECT_EQ(app.log, (std::vector<std::string>{"closed: connection timed out"}));
}

TEST_F(Tuned, KeepaliveTimesAreTheConnections) {
    establish_with([](Tuning& t) {
        t.keepalive = true;
        t.keepalive_idle = 5s;
        t.keepalive_interval = 2s;
        t.keepalive_probes = 2;
    });
    pass(5s);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
    pass(2s);
    EXPECT_EQ(out(), ". seq=0 ack=1 len=0");
    pass(2s);
    EXPECT_EQ(out(), "R. seq=1 ack=1 len=0");
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Tuned, TheUserTimeoutEndsWhatIsNotAcknowledged) {
    establish_with([](Tuning& t) { t.user_timeout = 10s; });
    send("hello");
    poll();
    pass(9s);
    EXPECT_EQ(state(), State::established);
    pass(1s);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Tuned, TheUserTimeoutMayBeLongerThanTheAttempts) {
    settings.data_retries = 2;
    establish_with([](Tuning& t) { t.user_timeout = 1h; });
    send("hello");
    poll();
    pass(50min);
    EXPECT_EQ(state(), State::established);
    pass(11min);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Tuned, CorkHoldsAPieceUntilItIsFullOrTheCorkIsPulled) {
    establish_with([](Tuning& t) { t.cork = true; });
    send(std::string(1000, 'a'));
    poll();
    EXPECT_EQ(out(), "nothing");
    send(std::string(1000, 'b'));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1460");
    in({.flags = ".", .seq = 1, .ack = 1461});
    EXPECT_EQ(out(), "nothing");
    change([](Tuning& t) { t.cork = false; });
    EXPECT_EQ(out(), "P. seq=1461 ack=1 len=540");
}

TEST_F(Tuned, CorkHoldsNothingForLongerThan200Milliseconds) {
    establish_with([](Tuning& t) { t.cork = true; });
    send("piece");
    poll();
    pass(199ms);
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5");
}

TEST_F(Tuned, CorkEndsWithTheStream) {
    establish_with([](Tuning& t) { t.cork = true; });
    send("last");
    app.stream.shutdown();
    poll();
    EXPECT_EQ(out(), "FP. seq=1 ack=1 len=4");
}

TEST_F(Tuned, QuickAckAcknowledgesEverySegmentAtOnce) {
    establish_with([](Tuning& t) { t.quick_ack = true; });
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "a"});
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
}

TEST_F(Tuned, TheFirstSegmentsAreAcknowledgedAtOnce) {
    settings.quick_acks = 2;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "a"});
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
    in({.flags = "P.", .seq = 2, .ack = 1, .data = "b"});
    EXPECT_EQ(out(), ". seq=1 ack=3 len=0");
    in({.flags = "P.", .seq = 3, .ack = 1, .data = "c"});
    EXPECT_EQ(out(), "nothing");
    pass(40ms);
    EXPECT_EQ(out(), ". seq=1 ack=4 len=0");
}

TEST_F(Tuned, AnAnswerEndsQuickAcks) {
    settings.quick_acks = 16;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "a"});
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
    send("answer");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=2 len=6");
    in({.flags = "P.", .seq = 2, .ack = 7, .data = "b"});
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Tuned, LingerZeroResets) {
    establish_with([](Tuning& t) { t.linger = Duration::zero(); });
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "R. seq=1 ack=1 len=0");
    EXPECT_EQ(app.log.back(), "closed: connection aborted");
}

TEST_F(Tuned, TheSendBufferLimitsWhatSendTakes) {
    establish_with([](Tuning& t) { t.send_buffer = 3; });
    EXPECT_EQ(app.stream.send(std::as_bytes(std::span(std::string_view("hello")))), 3u);
    poll();
    EXPECT_EQ(app.stream.unacknowledged(), 3u);
    EXPECT_EQ(app.stream.unsent(), 0u);
    in({.flags = ".", .seq = 1, .ack = 4});
    EXPECT_EQ(app.log.back(), "writable");
}

TEST_F(Tuned, SendWaitsWhileMoreThanTheLowWaterMarkIsNotSent) {
    establish_with([](Tuning& t) { t.not_sent_low_water = 100; });
    in({.flags = ".", .seq = 1, .ack = 1, .win = 50});
    EXPECT_EQ(app.stream.writable(), stack().default_tuning().send_buffer);
    send(std::string(200, 'x'));
    poll();
    EXPECT_EQ(app.stream.writable(), 0u);
    EXPECT_EQ(app.stream.send(std::as_bytes(std::span("y", 1))), 0u);
    in({.flags = ".", .seq = 1, .ack = 1, .win = 65535});
    poll();
    EXPECT_EQ(app.log.back(), "writable");
}

TEST_F(Tuned, FinWait2HasTheConnectionsTime) {
    establish_with([](Tuning& t) { t.fin_wait_2_timeout = 3s; });
    app.stream.close();
    poll();
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(state(), State::fin_wait_2);
    pass(3s);
    EXPECT_EQ(app.log.back(), "closed: closed");
}

TEST_F(Tuned, DeferAcceptWaitsForData) {
    Tuning t = stack().default_tuning();
    t.defer_accept = 5s;
    listen({.tuning = t});
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_FALSE(app.stream.exists());
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "GET"});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.received, "GET");
}

TEST_F(Tuned, DeferAcceptEndsWithItsTime) {
    Tuning t = stack().default_tuning();
    t.defer_accept = 3s;
    listen({.tuning = t});
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    pass(2900ms);
    EXPECT_EQ(out(), "nothing") << "the peer has acknowledged the SYN-ACK";
    pass(5s);
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::established);
}

TEST_F(Tuned, TrafficClassAndHopLimitGoWithEverySegment) {
    establish_with([](Tuning& t) {
        t.traffic_class = 0xbb;
        t.hop_limit = 7;
    });
    send("x");
    poll();
    out();
    EXPECT_EQ(last_traffic_class & 0xfc, 0xb8) << "the ECN bits are not the application's";
    EXPECT_EQ(last_hop_limit, 7);
}

TEST_F(Tuned, AnErrorIsTakenOnce) {
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    const FlowKey flow{us.address, peer.address, us.port, peer.port};
    stack().unreachable(flow, our_iss, false);
    EXPECT_EQ(app.stream.error(), Error::unreachable);
    EXPECT_FALSE(app.stream.at_end()) << "the connection goes on";
    EXPECT_EQ(app.stream.take_error(), Error::unreachable);
    EXPECT_EQ(app.stream.take_error(), Error::none);
}

TEST_F(Tuned, AfterShutdownReceiveTheStreamIsAtItsEnd) {
    accept_connection();
    EXPECT_FALSE(app.stream.at_end());
    app.stream.shutdown_receive();
    EXPECT_TRUE(app.stream.at_end());
    poll();
    EXPECT_EQ(app.log.back(), "readable");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Tuned, AListenerForOneAddressTakesOverTheHandshakesOfOneForAny) {
    ASSERT_TRUE(stack().listen({IpAddress::v4(0), us.port}, {.handler = &app}));
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    const auto exact = stack().listen(us, {.handler = &app});
    ASSERT_TRUE(exact);
    EXPECT_EQ(exact->half_open_count(), 1u);
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(exact->half_open_count(), 0u);
    EXPECT_EQ(state(), State::established);
}

TEST_F(Tuned, TheLinuxProfileOffers65535WithAScaleFor6Megabytes) {
    settings = linux_like_settings();
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    EXPECT_EQ(last_header.window, 65535);
    EXPECT_EQ(last_header.options.window_scale, 7);
}

}  // namespace
}  // namespace hourglass::tcp::testing
