#include "tcp/single.h"

namespace hourglass::tcp::testing {
namespace {

class Close : public Single {};

TEST_F(Close, ActiveCloseGoesThroughFinWait1And2ToTimeWait_Rfc9293_3_6) {
    accept_connection();
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "F. seq=1 ack=1 len=0");
    EXPECT_EQ(state(), State::fin_wait_1);
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(state(), State::fin_wait_2);
    deliver({.flags = "F.", .seq = 1, .ack = 2});
    EXPECT_EQ(state(), State::time_wait);
    poll();
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0");
    EXPECT_EQ(app.log.back(), "closed: closed");
    EXPECT_EQ(stack().connections().back().state, State::time_wait);
    pass(4min);
    EXPECT_EQ(stack().size(), 0u) << "CLOSED after 2 MSL";
    EXPECT_EQ(stack().next_deadline(), kNever);
}

TEST_F(Close, PassiveCloseGoesThroughCloseWaitAndLastAck_Rfc9293_3_6) {
    accept_connection();
    in({.flags = "F.", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::close_wait);
    EXPECT_EQ(out(), ". seq=1 ack=2 len=0");
    EXPECT_TRUE(app.stream.at_end());
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "F. seq=1 ack=2 len=0");
    EXPECT_EQ(state(), State::last_ack);
    in({.flags = ".", .seq = 2, .ack = 2});
    EXPECT_EQ(app.log.back(), "closed: closed");
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Close, FinWithTheAckOfOursGoesStraightToTimeWait) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    deliver({.flags = "F.", .seq = 1, .ack = 2});
    EXPECT_EQ(state(), State::time_wait) << "three-segment close";
    poll();
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0");
}

TEST_F(Close, SimultaneousCloseGoesThroughClosing_Rfc9293_3_6_Figure13) {
    accept_connection();
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "F. seq=1 ack=1 len=0");
    in({.flags = "F.", .seq = 1, .ack = 1});
    EXPECT_EQ(state(), State::closing);
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0");
    deliver({.flags = ".", .seq = 2, .ack = 2});
    EXPECT_EQ(state(), State::time_wait);
}

TEST_F(Close, HalfCloseStillReceives_Rfc9293_3_6) {
    accept_connection();
    app.stream.shutdown();
    poll();
    out();
    in({.flags = ".", .seq = 1, .ack = 2});
    EXPECT_EQ(state(), State::fin_wait_2);
    in({.flags = "P.", .seq = 1, .ack = 2, .data = "long answer"});
    in({.flags = "P.", .seq = 12, .ack = 2, .data = " and more"});
    EXPECT_EQ(app.received, "long answer and more");
    EXPECT_EQ(out(), ". seq=2 ack=21 len=0");
    in({.flags = "F.", .seq = 21, .ack = 2});
    EXPECT_EQ(app.log.back(), "closed: closed");
}

TEST_F(Close, DataQueuedBeforeCloseIsSentBeforeTheFin) {
    accept_connection();
    send("last words");
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "FP. seq=1 ack=1 len=10");
    EXPECT_EQ(last_data, "last words");
}

TEST_F(Close, AFinThatComesAgainInTimeWaitIsAcknowledgedAndRestarts2Msl_Rfc9293_3_10_7_4_Eighth) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2});
    out();
    pass(3min);
    in({.flags = "F.", .seq = 1, .ack = 2});
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0") << "the lost last ACK is repaired";
    pass(3min);
    EXPECT_EQ(stack().size(), 1u);
    pass(1min);
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Close, AFinIsSentAgainUntilItIsAcknowledged_Rfc6298) {
    accept_connection();
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "F. seq=1 ack=1 len=0");
    pass(3s);
    EXPECT_EQ(out(), "F. seq=1 ack=1 len=0");
}

TEST_F(Close, AFinAboveAGapWaitsForTheGap) {
    accept_connection();
    in({.flags = "F.", .seq = 4, .ack = 1, .data = "def"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    EXPECT_EQ(state(), State::established);
    in({.flags = ".", .seq = 1, .ack = 1, .data = "abc"});
    EXPECT_EQ(app.received, "abcdef");
    EXPECT_EQ(state(), State::close_wait);
    EXPECT_EQ(out(), ". seq=1 ack=8 len=0");
}

TEST_F(Close, UnreadDataMakesCloseAReset_Rfc9293_3_6_1) {
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "unread"});
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "R. seq=1 ack=7 len=0");
    EXPECT_EQ(app.log.back(), "closed: connection aborted");
}

TEST_F(Close, DataAfterCloseIsAnsweredWithReset_Rfc9293_3_6_1) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = ".", .seq = 1, .ack = 2});
    in({.flags = "P.", .seq = 1, .ack = 2, .data = "late"});
    EXPECT_EQ(out().substr(0, 2), "R ");
    EXPECT_EQ(app.log.back(), "closed: connection reset by peer");
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Close, FinWait2EndsByItselfOnlyAfterCloseNotAfterShutdown) {
    accept_connection();
    app.stream.shutdown();
    poll();
    out();
    in({.flags = ".", .seq = 1, .ack = 2});
    pass(10min);
    EXPECT_EQ(state(), State::fin_wait_2) << "half-closed for as long as the peer likes";
    app.stream.close();
    pass(60s);
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Close, AbortSendsReset_Rfc9293_3_10_5) {
    accept_connection();
    app.stream.abort();
    poll();
    EXPECT_EQ(out(), "R. seq=1 ack=1 len=0");
    EXPECT_EQ(app.log.back(), "closed: connection aborted");
}

TEST_F(Close, CloseInSynSentDeletesTheConnection_Rfc9293_3_10_4) {
    connect();
    out();
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Close, AResetEndsTheConnectionAndTheApplicationIsTold_Rfc9293_3_10_7_4_Second) {
    accept_connection();
    in({.flags = "R", .seq = 1});
    EXPECT_EQ(app.log.back(), "closed: connection reset by peer");
    EXPECT_EQ(out(), "nothing");
}

TEST_F(Close, DataThatArrivedBeforeTheFinCanBeReadAfterTheConnectionHasEnded) {
    app.reads = false;
    accept_connection();
    app.stream.shutdown();
    poll();
    out();
    in({.flags = "FP.", .seq = 1, .ack = 2, .data = "kept"});
    EXPECT_TRUE(app.stream.exists());
    app.read_all(app.stream);
    poll();
    EXPECT_EQ(app.received, "kept");
    EXPECT_EQ(app.log.back(), "closed: closed");
    EXPECT_FALSE(app.stream.exists());
}

TEST_F(Close, ANewSynBeyondTheOldNumbersReusesTimeWait_Rfc6191) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2});
    out();
    const Seq old = our_iss;
    in({.flags = "S", .seq = 100'000});
    EXPECT_EQ(out(), "S. seq=0 ack=100001 len=0");
    EXPECT_GT(our_iss - old, 2) << "beyond the numbers of the old connection";
}

TEST_F(Close, AnOldSynInTimeWaitGetsAChallenge) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2});
    out();
    in({.flags = "S", .seq = 0});
    EXPECT_EQ(out(), ". seq=2 ack=2 len=0");
    EXPECT_EQ(stack().connections().back().state, State::time_wait);
}

TEST_F(Close, TheTimeWaitTableHasALimitAndTheOldestGoes) {
    settings.max_time_wait = 1;
    accept_connection();
    app.stream.close();
    poll();
    in({.flags = "F.", .seq = 1, .ack = 2});
    while (out() != "nothing") {
    }
    deliver_from({peer.address, Port(7000)}, {.flags = "S"});
    poll();
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    deliver_from({peer.address, Port(7000)}, {.flags = ".", .seq = 1, .ack = 1});
    poll();
    app.stream.close();
    poll();
    deliver_from({peer.address, Port(7000)}, {.flags = "F.", .seq = 1, .ack = 2});
    poll();
    EXPECT_EQ(stack().size(), 1u);
    EXPECT_EQ(stack().counters().time_wait_evicted, 1u);
}

}  // namespace
}  // namespace hourglass::tcp::testing
