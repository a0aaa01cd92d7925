// RFC 9293, section 3.10.7: segments that arrive.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_58_AcknowledgementsAreAggregated) {
    accept_connection();
    for (std::uint32_t i = 0; i < 10; ++i) deliver({.flags = ".", .seq = 1 + i * 100, .ack = 1, .data = text(100)});
    poll();
    EXPECT_EQ(all_out(), (std::vector<std::string>{". seq=1 ack=1001 len=0"}));
}

TEST_F(Rfc9293, MUST_59_AllThatIsQueuedIsProcessedBeforeAnAckIsSent) {
    accept_connection();
    deliver({.flags = ".", .seq = 101, .ack = 1, .data = text(100)});  // wants an ACK at once
    deliver({.flags = ".", .seq = 1, .ack = 1, .data = text(100)});
    deliver({.flags = "P.", .seq = 201, .ack = 1, .data = text(100)});
    deliver({.flags = "F.", .seq = 301, .ack = 1});
    poll();
    EXPECT_EQ(all_out(), (std::vector<std::string>{". seq=1 ack=302 len=0"}));
    EXPECT_EQ(app.received.size(), 300u);
}

TEST_F(Rfc9293, SHLD_31_SegmentsOutOfOrderAreKept) {
    accept_connection();
    in({.flags = ".", .seq = 4, .ack = 1, .data = "def"});
    in({.flags = ".", .seq = 1, .ack = 1, .data = "abc"});
    EXPECT_EQ(app.received, "abcdef");
}

TEST_F(Rfc9293, MAY_13_ASegmentOutOfOrderIsAcknowledgedAtOnce) {
    accept_connection();
    in({.flags = ".", .seq = 4, .ack = 1, .data = "def"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
}

TEST_F(Rfc9293, MAY_12_DataWithAnImpossibleAckIsNotTaken) {
    accept_connection();
    in({.flags = ".", .seq = 1, .ack = 5000, .data = "evil"});
    EXPECT_EQ(out(), ". seq=1 ack=1 len=0");
    in({.flags = ".", .seq = 1, .ack = 1u - 70'000, .data = "evil"});
    EXPECT_EQ(app.received, "");
}

TEST_F(Rfc9293, MUST_66_WithAZeroWindowResetsAreProcessed) {
    settings.receive_buffer = 1000;
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = text(1000)});
    pass(40ms);
    EXPECT_EQ(out(), ". seq=1 ack=1001 len=0");
    EXPECT_EQ(last_header.window, 0);
    in({.flags = "R", .seq = 1001});
    EXPECT_TRUE(was_told("closed: connection reset by peer"));
}

TEST_F(Rfc9293, MUST_66_WithAZeroWindowUrgentPointersAreProcessed) {
    settings.receive_buffer = 1000;
    app.reads = false;
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = text(1000)});
    pass(40ms);
    in({.flags = ".U", .seq = 1001, .ack = 1, .data = "!", .urgent = 1});
    EXPECT_TRUE(was_told("urgent"));
    EXPECT_EQ(app.stream.urgent_left(), 1001u);
    EXPECT_EQ(app.stream.readable(), 1000u);
}

}  // namespace hourglass::tcp::testing
