// RFC 9293, section 3.6: closing a connection.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_12_TheApplicationLearnsOfANormalEnd) {
    accept_connection();
    in({.flags = "F.", .seq = 1, .ack = 1});
    EXPECT_TRUE(app.stream.at_end());
    app.stream.close();
    poll();
    in({.flags = ".", .seq = 2, .ack = 2});
    EXPECT_EQ(app.log.back(), "closed: closed");
}

TEST_F(Rfc9293, MUST_12_TheApplicationLearnsOfAnAbort) {
    accept_connection();
    in({.flags = "R", .seq = 1});
    EXPECT_EQ(app.log.back(), "closed: connection reset by peer");
}

TEST_F(Rfc9293, MUST_13_TheActiveCloserLingersFor2Msl) {
    accept_connection();
    app.stream.close();
    poll();
    in({.flags = "F.", .seq = 1, .ack = 2});
    pass(2 * settings.msl - 1s);
    EXPECT_EQ(stack().size(), 1u);
    pass(2s);
    EXPECT_EQ(stack().size(), 0u);
}

TEST_F(Rfc9293, SHLD_3_CloseWithDataUnreadResets) {
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "unread"});
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "R. seq=1 ack=7 len=0");
}

TEST_F(Rfc9293, MAY_1_AfterCloseNothingIsReadAndNewDataResets) {
    accept_connection();
    app.stream.close();
    poll();
    EXPECT_EQ(out(), "F. seq=1 ack=1 len=0");
    in({.flags = "P.", .seq = 1, .ack = 2, .data = "late"});
    EXPECT_EQ(out(), "R seq=2 ack=0 len=0");
    EXPECT_EQ(app.received, "");
}

TEST_F(Rfc9293, MAY_2_ASynReopensFromTimeWaitBeyondTheOldNumbers) {
    accept_connection();
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2});
    out();
    const Seq old = our_iss;
    in({.flags = "S", .seq = 100'000});
    EXPECT_EQ(out(), "S. seq=0 ack=100001 len=0");
    EXPECT_GT(our_iss - old, 2);
}

TEST_F(Rfc9293, SHLD_4_ANewerTimestampReopensFromTimeWait) {
    settings.timestamps = true;
    accept_connection({.timestamps = wire::TcpTimestamps{100, 0}});
    app.stream.close();
    poll();
    out();
    in({.flags = "F.", .seq = 1, .ack = 2, .options = {.timestamps = wire::TcpTimestamps{101, 0}}});
    out();
    in({.flags = "S", .seq = 0u - 5000, .options = {.timestamps = wire::TcpTimestamps{102, 0}}});
    out();
    EXPECT_TRUE(last_header.flags.syn() && last_header.flags.ack()) << "although its number is an old one";
}

}  // namespace hourglass::tcp::testing
