#include "tcp/pair.h"
#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Window : public Single {
  public:
    static std::string text(std::size_t n) { return std::string(n, 'x'); }
};

TEST_F(Window, TheSenderStopsAtThePeersWindow_Rfc9293_3_8_6) {
    accept_connection({}, 3000);
    send(text(5000));
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=1 len=536");
    for (int i = 0; i < 4; ++i) out();
    EXPECT_EQ(out(), "nothing") << "2680 octets are in flight, a full segment more would pass 3000";
    in({.flags = ".", .seq = 1, .ack = 2681, .win = 3000});
    EXPECT_EQ(out(), ". seq=2681 ack=1 len=536");
}

TEST_F(Window, AClosedWindowIsProbedWithBackoff_Rfc9293_3_8_6_1) {
    accept_connection({}, 0);
    send("waiting");
    poll();
    EXPECT_EQ(out(), "nothing");
    pass(1s);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
    in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
    pass(2s - 1ms);
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
    in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
    pass(4s);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
    in({.flags = ".", .seq = 1, .ack = 1, .win = 100});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=7") << "the window is open: all of it goes at once";
}

TEST_F(Window, ProbesGoOnAsLongAsThePeerAnswers_Rfc9293_3_8_6_1) {
    accept_connection({}, 0);
    send("waiting");
    poll();
    for (int i = 0; i < 60; ++i) {
        pass(60s);
        while (out() != "nothing") {
        }
        in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
    }
    EXPECT_EQ(state(), State::established);
}

TEST_F(Window, AProbeThatWasTakenMovesTheWindow) {
    accept_connection({}, 0);
    send("ab");
    poll();
    pass(1s);
    out();
    in({.flags = ".", .seq = 1, .ack = 2, .win = 0});
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 2, .win = 10});
    EXPECT_EQ(out(), "P. seq=2 ack=1 len=1");
}

TEST_F(Window, AnUnansweredProbeEndsTheConnectionAtLast) {
    settings.data_retries = 3;
    accept_connection({}, 0);
    send("x");
    poll();
    pass(10min);
    EXPECT_EQ(app.log.back(), "closed: connection timed out");
}

TEST_F(Window, WithAZeroWindowOfOursAcksAndResetsAreStillTaken_Rfc9293_3_10_7_4_First) {
    settings.receive_buffer = 1000;
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = text(1000)});
    pass(40ms);
    EXPECT_EQ(out(), ". seq=1 ack=1001 len=0");
    EXPECT_EQ(last_header.window, 0);
    in({.flags = ".", .seq = 1001, .ack = 1, .data = "p"});
    EXPECT_EQ(out(), ". seq=1 ack=1001 len=0") << "the probe's octet is not taken, and is answered";
    EXPECT_EQ(app.stream.readable(), 1000u);
    in({.flags = "R", .seq = 1001});
    EXPECT_EQ(app.log.back(), "closed: connection reset by peer");
}

TEST_F(Window, ReadingOpensTheWindowAndThePeerIsTold_Rfc9293_3_8_6_2_2) {
    settings.receive_buffer = 4000;
    app.reads = false;
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1, .data = text(2000)});
    in({.flags = ".", .seq = 2001, .ack = 1, .data = text(2000)});
    EXPECT_EQ(out(), ". seq=1 ack=4001 len=0");
    EXPECT_EQ(last_header.window, 0);
    std::byte buffer[100];
    app.stream.receive(buffer);
    poll();
    EXPECT_EQ(out(), "nothing") << "100 octets would be a silly window";
    app.read_all(app.stream);
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=4001 len=0");
    EXPECT_EQ(last_header.window, 4000);
}

TEST_F(Window, WhatLiesBeyondTheWindowIsCutOff) {
    settings.receive_buffer = 10;
    app.reads = false;
    accept_connection();
    in({.flags = "FP.", .seq = 1, .ack = 1, .data = "0123456789abc"});
    app.read_all(app.stream);
    EXPECT_EQ(app.received, "0123456789");
    EXPECT_EQ(state(), State::established) << "the FIN lay beyond";
}

TEST_F(Window, WhatLiesLeftOfTheWindowIsCutOffAndAcknowledged) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1, .data = "abc"});
    in({.flags = ".", .seq = 2, .ack = 1, .data = "bcdef"});
    EXPECT_EQ(app.received, "abcdef");
    EXPECT_EQ(out(), ". seq=1 ack=7 len=0");
}

TEST_F(Window, ASegmentOutsideTheWindowIsAnsweredAndDropped_Rfc9293_3_10_7_4_First) {
    accept_connection();
    in({.flags = ".", .seq = 1 + 70'000, .ack = 1, .data = "far"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(app.received, "");
}

TEST_F(Window, ScaledWindowsGoBeyond64K_Rfc7323_2) {
    settings.window_scaling = true;
    wire::TcpOptions o;
    o.window_scale = 7;
    o.mss = 1460;
    accept_connection(o, 1000);
    EXPECT_EQ(app.stream.info().snd_wnd, 128'000u);
}

TEST_F(Window, NagleHoldsASmallSegmentWhileOneIsInFlight_Rfc9293_3_7_4) {
    accept_connection();
    send("a");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1");
    send("b");
    poll();
    send("c");
    poll();
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(out(), "P. seq=2 ack=1 len=2");
}

TEST_F(Window, NoDelayTurnsNagleOff) {
    accept_connection();
    app.stream.set_no_delay(true);
    send("a");
    poll();
    send("b");
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=1");
    EXPECT_EQ(out(), "P. seq=2 ack=1 len=1");
}

TEST_F(Window, TheSendBufferHasALimitAndTellsWhenThereIsRoom) {
    settings.send_buffer = 100;
    accept_connection();
    const std::string more = text(150);
    EXPECT_EQ(app.stream.send(std::as_bytes(std::span(more))), 100u);
    poll();
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=100");
    in({.flags = ".", .seq = 1, .ack = 101});
    EXPECT_EQ(app.log.back(), "writable");
}

TEST_F(Window, APeersShrinkingWindowDoesNotBreakAnything_Rfc9293_3_8_6) {
    accept_connection({}, 3000);
    send(text(2144));
    poll();
    for (int i = 0; i < 4; ++i) EXPECT_NE(out(), "nothing");
    in({.flags = ".", .seq = 1, .ack = 537, .win = 100});
    EXPECT_EQ(out(), "nothing");
    pass(1s);
    EXPECT_EQ(out(), ". seq=537 ack=1 len=536") << "old data is sent again all the same";
}

TEST(SillyWindow, AReaderOfSingleOctetsDoesNotCauseSmallSegments_Rfc9293_3_8_6_2) {
    Settings s;
    s.receive_buffer = 4000;
    s.window_scaling = false;
    Pair p(s);
    Worker client;
    client.to_send = 40'000;
    struct Slow : ConnectionHandler, AcceptHandler {
        void on_acceptable(Listener l) override { stream = *l.accept(this); }
        Stream stream;
    } server;
    ASSERT_TRUE(p.b.stack.listen({p.b.address, Port(80)}, {.handler = &server}));
    ASSERT_TRUE(p.a.stack.connect({p.b.address, Port(80)}, {.handler = &client}));
    std::size_t read = 0, small = 0;
    p.a.rule = [&](const wire::TcpView& v, std::size_t) {
        small += !v.payload().empty() && v.payload().size() < 1000;
        return true;
    };
    for (int ms = 0; ms < 2000 && read < client.to_send; ++ms) {
        p.advance(1ms);
        std::byte one[1];
        for (int i = 0; i < 50; ++i) read += server.stream.receive(one);
    }
    EXPECT_EQ(read, client.to_send);
    EXPECT_LE(small, 3u);
}

}  // namespace
}  // namespace hourglass::tcp::testing
