// RFC 9293, section 3.5: establishing a connection.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_10_SynsThatCrossMakeOneConnection) {
    connect();
    EXPECT_EQ(out(), "S seq=0 ack=0 len=0");
    in({.flags = "S"});
    EXPECT_EQ(state(), State::syn_received);
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = "S.", .ack = 1});
    EXPECT_EQ(state(), State::established);
    send_now("hello");
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=5");
}

TEST_F(Rfc9293, MUST_11_SynReceivedFromListenGoesBackToListen) {
    listen();
    in({.flags = "S"});
    EXPECT_EQ(out(), "S. seq=0 ack=1 len=0");
    in({.flags = "R", .seq = 1});
    EXPECT_TRUE(app.log.empty()) << "the user need not be informed";
    in({.flags = "S", .seq = 500});
    EXPECT_EQ(out(), "S. seq=0 ack=501 len=0") << "it listens still";
}

TEST_F(Rfc9293, MUST_11_SynReceivedFromSynSentIsRefused) {
    connect();
    out();
    in({.flags = "S"});
    out();
    in({.flags = "R", .seq = 1});
    EXPECT_TRUE(was_told("closed: connection refused"));
}

TEST_F(Rfc9293, SHLD_2_AResetMayHaveData) {
    accept_connection();
    in({.flags = "R.", .seq = 1, .ack = 1, .data = "out of memory"});
    EXPECT_TRUE(was_told("closed: connection reset by peer"));
    EXPECT_EQ(app.received, "");
}

}  // namespace hourglass::tcp::testing
