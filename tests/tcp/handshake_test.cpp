#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Handshake : public Single {};

TEST_F(Handshake, PassiveOpenGoesThroughSynReceived_Rfc9293_3_10_7_2) {
    listen();
    in({.flags = "S", .win = 1000});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(stack().connections().back().state, State::syn_received);
    EXPECT_TRUE(app.log.empty()) << "nobody is told before the third segment";
    in({.flags = ".", .seq = 1, .ack = 1, .win = 1000});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(app.log, std::vector<std::string>{"established"});
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Handshake, ActiveOpenSendsTheThirdSegment_Rfc9293_3_10_7_3) {
    connect();
    EXPECT_EQ(state(), State::syn_sent);
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    in({.flags = "S.", .ack = 1});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Handshake, DataInTheThirdSegmentIsDelivered) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "hello"});
    EXPECT_EQ(app.received, "hello");
    EXPECT_EQ(state(), State::established);
}

TEST_F(Handshake, FinInTheThirdSegmentGoesToCloseWait) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = "F.", .seq = 1, .ack = 1, .data = "all"});
    EXPECT_EQ(app.received, "all");
    EXPECT_EQ(state(), State::close_wait);
    EXPECT_EQ(out(), ". seq=1 ack=5 len=0");
}

TEST_F(Handshake, DataOfASynIsNeitherDeliveredNorAcknowledged) {
    listen();
    in({.flags = "S", .data = "early"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0") << "the SYN alone is acknowledged";
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(app.received, "");
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "early"});
    EXPECT_EQ(app.received, "early") << "exactly once, when it comes again";
}

TEST_F(Handshake, SimultaneousOpen_Rfc9293_3_5_Figure7) {
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    in({.flags = "S"});
    EXPECT_EQ(state(), State::syn_received);
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = "S.", .ack = 1});
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Handshake, RefusedByAReset_Rfc9293_3_10_7_3) {
    const Stream s = connect();
    out();
    in({.flags = "R.", .ack = 1});
    EXPECT_EQ(app.log, std::vector<std::string>{"closed: connection refused"});
    EXPECT_FALSE(s.exists());
}

TEST_F(Handshake, AResetWithoutTheAckOfOurSynIsIgnored_Rfc5961_3_2) {
    connect();
    out();
    in({.flags = "R"});
    in({.flags = "R.", .ack = 7});
    EXPECT_EQ(state(), State::syn_sent);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Handshake, OldDuplicateSynIsAnsweredAndThenReset_Rfc9293_3_5_Figure8) {
    // The peer's old SYN reaches us; our SYN-ACK puzzles the peer, which has another one in mind and resets.
    listen();
    in({.flags = "S", .seq = 500});
    EXPECT_EQ(out(), "S. seq=0 ack=501 len=0");
    in({.flags = "R", .seq = 501});
    EXPECT_EQ(stack().size(), 0u) << "back in LISTEN, nothing is kept";
    in({.flags = "S", .seq = 0});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_TRUE(app.log.empty());
}

TEST_F(Handshake, AnAckForSomethingElseInSynSentIsAnsweredWithReset_Rfc9293_3_5_2_Group2) {
    connect();
    out();
    in({.flags = ".", .ack = 77});
    EXPECT_EQ(out(), "R seq=77 ack=0 len=0");
    EXPECT_EQ(state(), State::syn_sent);
}

TEST_F(Handshake, NoListenerAnswersWithReset_Rfc9293_3_10_7_1) {
    in({.flags = "S", .data = "xy"});
    EXPECT_EQ(out(), "R. seq=0 ack=3 len=0");
    in({.flags = "R"});
    EXPECT_EQ(out(), "nothing") << "never a reset for a reset";
}

TEST_F(Handshake, AckToListenIsAnsweredWithReset_Rfc9293_3_10_7_2) {
    listen();
    in({.flags = ".", .ack = 9});
    EXPECT_EQ(out().substr(0, 2), "R ");
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Handshake, SynIsSentAgainAfter1_2_4SecondsAndThenFails_Rfc6298_5) {
    settings.syn_retries = 3;
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    for (const auto wait : {1s, 2s, 4s}) {
        pass(wait - 1ms);
        EXPECT_EQ(out(), "nothing");
        pass(1ms);
        EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    }
    pass(8s);
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(app.log, (std::vector<std::string>{"trouble: connection timed out", "closed: connection timed out"}));
}

TEST_F(Handshake, SynAckIsSentAgainFiveTimesAndThenTheEntryGoes) {
    listen();
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    for (const auto wait : {1s, 2s, 4s, 8s, 16s}) {
        pass(wait);
        EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
        EXPECT_EQ(out(), "nothing");
    }
    EXPECT_EQ(stack().size(), 1u);
    pass(32s);
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(stack().size(), 0u);
    EXPECT_EQ(stack().counters().half_open_expired, 1u);
    EXPECT_EQ(stack().next_deadline(), kNever) << "no timer is left";
}

TEST_F(Handshake, ARepeatedSynGetsTheSameSynAck) {
    listen();
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    const Seq iss = our_iss;
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(our_iss, iss);
    EXPECT_EQ(stack().size(), 1u);
}

TEST_F(Handshake, DataRepairsALostThirdSegment) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "GET"});
    EXPECT_EQ(app.received, "GET");
}

TEST_F(Handshake, ASimultaneousOpenInOneBatchNeedsNoSynAck_Rfc9293_3_5) {
    connect();
    ASSERT_EQ(out(), "S seq=0 ack=0 len=0");
    deliver({.flags = "S", .seq = 0});
    deliver({.flags = ".", .seq = 1, .ack = 1});
    poll();
    EXPECT_EQ(state(), State::established);
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    pass(1min);
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Handshake, ThePeersSynMayComeBeforeOursHasLeft_Rfc9293_3_5) {
    app.stream = *stack().connect(peer, {.local = us, .handler = &app});
    deliver({.flags = "S", .seq = 0});
    poll();
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    EXPECT_EQ(stack().check_invariants(), "");
    pass(1s);
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::established);
}

TEST_F(Handshake, WrongAckInSynReceivedIsAnsweredWithReset_Rfc9293_3_10_7_4_Fifth) {
    listen();
    in({.flags = "S"});
    out();
    in({.flags = ".", .seq = 1, .ack = 1000});
    EXPECT_EQ(out(), "R seq=1000 ack=0 len=0");
    EXPECT_EQ(stack().connections().back().state, State::syn_received);
}

TEST_F(Handshake, HalfOpenQueueHasALimit) {
    settings.syn_cookies = SynCookies::off;
    listen({.half_open = 2});
    for (std::uint16_t i = 0; i < 5; ++i) {
        deliver_from({peer.address, Port(static_cast<std::uint16_t>(6000 + i))}, {.flags = "S"});
    }
    poll();
    EXPECT_EQ(stack().size(), 2u);
    EXPECT_EQ(stack().counters().dropped_half_open_full, 3u);
}

TEST_F(Handshake, AFullAcceptQueueKeepsTheHandshakeHalfOpen) {
    app.accepts = false;
    listen({.accept_queue = 1});
    in({.flags = "S"});
    out();
    deliver_from({peer.address, Port(6000)}, {.flags = "S"});
    poll();
    const std::string second = out();
    const Seq second_iss = our_iss;
    EXPECT_EQ(second, "S. seq=0 ack=1 len=0");
    deliver_from({peer.address, Port(6000)}, {.flags = ".", .seq = 1, .ack = 1});
    poll();
    our_iss = second_iss;
    in({.flags = ".", .seq = 1, .ack = 1});
    EXPECT_EQ(stack().counters().dropped_accept_full + stack().counters().dropped_bad_ack, 1u);
    EXPECT_EQ(stack().size(), 2u) << "one accepted, one still half-open";
}

TEST_F(Handshake, OptionsAreOfferedAndAgreedOn_Rfc7323) {
    settings.timestamps = true;
    settings.window_scaling = true;
    settings.receive_buffer = 1 << 20;
    listen();
    wire::TcpOptions theirs;
    theirs.mss = 1000;
    theirs.window_scale = 3;
    theirs.timestamps = {{77, 0}};
    in({.flags = "S", .options = theirs});
    out();
    EXPECT_EQ(last_header.options.mss, 1460);
    EXPECT_EQ(last_header.options.window_scale, 5);
    ASSERT_TRUE(last_header.options.timestamps);
    EXPECT_EQ(last_header.options.timestamps->echo_reply, 77u);
    EXPECT_EQ(last_header.window, 65535) << "not scaled in a SYN";
}

TEST_F(Handshake, OptionsThatWereNotOfferedAreNotAnswered_Rfc7323_2_2) {
    settings.timestamps = true;
    settings.window_scaling = true;
    listen();
    in({.flags = "S"});
    out();
    EXPECT_FALSE(last_header.options.window_scale);
    EXPECT_FALSE(last_header.options.timestamps);
    in({.flags = ".", .seq = 1, .ack = 1});
    app.stream.send(std::as_bytes(std::span("0123456789", 10)));
    poll();
    out();
    EXPECT_FALSE(last_header.options.timestamps);
}

TEST_F(Handshake, InitialSequenceNumbersDifferByConnectionAndGrowWithTime_Rfc6528) {
    connect();
    out();
    const Seq first = our_iss;
    in({.flags = "R.", .ack = 1});
    pass(1s);
    connect();
    out();
    const std::int32_t grown = our_iss - first;
    EXPECT_EQ(grown, 250'000) << "one every 4 microseconds for the same ends";
}

TEST_F(Handshake, TimestampsOfTwoConnectionsBeginApartAndTickAlike_Rfc7323_5_4) {
    settings.timestamps = true;
    listen();
    const auto stamp_for = [&](std::uint16_t port) {
        deliver_from({peer.address, Port(port)}, {.flags = "S", .options = {.timestamps = wire::TcpTimestamps{1, 0}}});
        poll();
        out();
        return last_header.options.timestamps->value;
    };
    const std::uint32_t first = stamp_for(5000);
    const std::uint32_t second = stamp_for(5001);
    EXPECT_NE(first, second) << "at the same instant: the clock of one connection tells nothing of another";
    now += 500ms;
    EXPECT_EQ(stamp_for(5000), first + 500);
    EXPECT_EQ(stamp_for(5001), second + 500);
}

TEST_F(Handshake, EphemeralPortsAreUnlikeForEachDestination_Rfc6056_3_3_3) {
    const auto port_to = [&](std::uint16_t remote) {
        const auto s = stack().connect({peer.address, Port(remote)}, {.local = {}, .handler = &app});
        return s ? to_number(s->local().port) : 0;
    };
    const int first = port_to(80), again = port_to(80), other = port_to(81), last = port_to(82);
    for (const int port : {first, again, other, last}) {
        EXPECT_GE(port, settings.first_ephemeral_port);
        EXPECT_LE(port, settings.last_ephemeral_port);
    }
    EXPECT_NE(again, first);
    EXPECT_GT(std::abs(other - again), 3) << "no counter that others can follow";
    EXPECT_GT(std::abs(last - other), 3);
    poll();
}

}  // namespace
}  // namespace hourglass::tcp::testing
