// RFC 9293, section 3.8.6: managing the window, probes, silly windows, delayed acknowledgements.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, SHLD_14_WeDoNotShrinkTheWindow) {
    app.reads = false;
    accept_connection();
    const Seq edge = Seq(kPeerIss + 1) + app.stream.info().rcv_wnd;
    tune([](Tuning& t) { t.receive_buffer = 1000; });
    in({.flags = "P.", .seq = 1, .ack = 1, .data = text(500)});
    in({.flags = "P.", .seq = 501, .ack = 1, .data = text(500)});
    EXPECT_EQ(out(), ". seq=1 ack=1001 len=0");
    EXPECT_EQ(last_header.ack + last_header.window, edge);
}

TEST_F(Rfc9293, MUST_34_APeersShrinkingWindowIsBorne) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(6000));
    EXPECT_EQ(all_out().size(), 4u);
    in({.flags = ".", .seq = 1, .ack = 1001, .win = 1000});
    EXPECT_EQ(out(), "nothing") << "the usable window is negative";
    in({.flags = ".", .seq = 1, .ack = 4001, .win = 4000});
    EXPECT_EQ(all_out().size(), 2u);
}

TEST_F(Rfc9293, SHLD_15_NoNewDataBeyondAWindowThatShrank) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(8000));
    all_out();
    in({.flags = ".", .seq = 1, .ack = 2001, .win = 500});
    pass(10s);
    while (out() != "nothing") EXPECT_LT(last_header.seq - our_iss, 4001);
}

TEST_F(Rfc9293, SHLD_16_OldDataWithinTheWindowIsSentAgain) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(4000));
    all_out();
    in({.flags = ".", .seq = 1, .ack = 1001, .win = 1000});
    pass(1s);
    EXPECT_EQ(out(), ". seq=1001 ack=1 len=1000");
}

TEST_F(Rfc9293, MAY_7_OldDataBeyondTheWindowMayBeSentAgain) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(4000));
    all_out();
    in({.flags = ".", .seq = 1, .ack = 1001, .win = 0});
    pass(1s);
    EXPECT_EQ(out(), ". seq=1001 ack=1 len=1000");
}

TEST_F(Rfc9293, SHLD_17_DataBeyondTheEdgeDoesNotEndTheConnection) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(4000));
    for (int i = 0; i < 100; ++i) {
        in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
        pass(60s);
    }
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc9293, MUST_35_AWindowThatShrankToZeroIsProbed) {
    accept_connection({.mss = 1000}, 2000);
    send_now(text(4000));
    all_out();
    in({.flags = ".", .seq = 1, .ack = 2001, .win = 0});
    pass(1s);
    EXPECT_EQ(out(), ". seq=2001 ack=1 len=1");
}

TEST_F(Rfc9293, MUST_36_AZeroWindowIsProbed) {
    accept_connection({}, 0);
    send_now("waiting");
    EXPECT_EQ(out(), "nothing");
    pass(1s);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
    in({.flags = ".", .seq = 1, .ack = 1, .win = 100});
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=7");
}

TEST_F(Rfc9293, MUST_37_TheConnectionStaysOpenAsLongAsProbesAreAnswered) {
    accept_connection({}, 0);
    send_now("waiting");
    for (int i = 0; i < 200; ++i) {
        pass(60s);
        in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
    }
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc9293, SHLD_29_TheFirstProbeWaitsForTheTimeout) {
    accept_connection({}, 0);
    send_now("waiting");
    pass(app.stream.info().rto - 1ms);
    EXPECT_EQ(out(), "nothing");
    pass(1ms);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
}

TEST_F(Rfc9293, SHLD_30_ProbesBackOffExponentially) {
    accept_connection({}, 0);
    send_now("waiting");
    for (const auto wait : {1s, 2s, 4s, 8s}) {
        pass(wait - 1ms);
        EXPECT_EQ(out(), "nothing");
        pass(1ms);
        EXPECT_EQ(out(), ". seq=1 ack=1 len=1");
        in({.flags = ".", .seq = 1, .ack = 1, .win = 0});
    }
}

TEST_F(Rfc9293, MAY_8_OurWindowMayStayClosed) {
    settings.receive_buffer = 1000;
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = text(1000)});
    pass(40ms);
    out();
    for (int i = 0; i < 100; ++i) {
        pass(60s);
        in({.flags = ".", .seq = 1001, .ack = 1, .data = "p"});
        EXPECT_EQ(out(), ". seq=1 ack=1001 len=0");
        EXPECT_EQ(last_header.window, 0);
    }
    EXPECT_EQ(state(), State::established);
}

TEST_F(Rfc9293, MUST_38_TheSenderDoesNotFillSillyWindows) {
    accept_connection({.mss = 1000}, 4000);
    send_now(text(20'000));
    all_out();
    in({.flags = ".", .seq = 1, .ack = 4001, .win = 100});
    EXPECT_EQ(out(), "nothing") << "100 octets are neither a segment nor half of the largest window";
    in({.flags = ".", .seq = 1, .ack = 4001, .win = 1000});
    EXPECT_EQ(out(), ". seq=4001 ack=1 len=1000");
}

TEST_F(Rfc9293, MUST_39_TheReceiverDoesNotOfferSillyWindows) {
    settings.receive_buffer = 4000;
    app.reads = false;
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1, .data = text(2000)});
    in({.flags = ".", .seq = 2001, .ack = 1, .data = text(2000)});
    EXPECT_EQ(out(), ". seq=1 ack=4001 len=0");
    std::byte buffer[100];
    app.stream.receive(buffer);
    poll();
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 4001, .ack = 1, .data = "p"});
    EXPECT_EQ(out(), ". seq=1 ack=4001 len=0");
    EXPECT_EQ(last_header.window, 0);
    app.read_all(app.stream);
    poll();
    EXPECT_EQ(out(), ". seq=1 ack=4001 len=0");
    EXPECT_EQ(last_header.window, 4000);
}

TEST_F(Rfc9293, SHLD_18_AnAckIsDelayed) {
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "x"});
    EXPECT_EQ(out(), "nothing");
    pass(settings.delayed_ack);
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
}

TEST_F(Rfc9293, MUST_40_TheDelayIsBelowHalfASecondWhateverIsSet) {
    settings.delayed_ack = 10s;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "x"});
    pass(499ms);
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
}

TEST_F(Rfc9293, SHLD_19_EverySecondFullSegmentIsAcknowledged) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 1, .data = text(1460)});
    EXPECT_EQ(out(), "nothing");
    in({.flags = ".", .seq = 1461, .ack = 1, .data = text(1460)});
    EXPECT_EQ(out(), ". seq=1 ack=2921 len=0");
}

}  // namespace hourglass::tcp::testing
