// RFC 9293, section 3.4.1: initial sequence numbers.

#include "rfc9293/clauses.h"
#include "tcp/isn.h"

namespace hourglass::tcp::testing {

TEST_F(Rfc9293, MUST_8_AClockDrivesInitialSequenceNumbers) {
    connect();
    out();
    const Seq first = our_iss;
    app.stream.abort();
    poll();
    pass(1s);
    connect();
    out();
    EXPECT_EQ(our_iss - first, 250'000) << "one each 4 microseconds";
}

TEST(Rfc9293Isn, SHLD_1_TheClockHasAnOffsetThatDependsOnBothEnds) {
    FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(1), Port(80)};
    const auto one = flow_offsets(SipKey{1, 2}, flow).sequence_number;
    EXPECT_EQ(flow_offsets(SipKey{1, 2}, flow).sequence_number, one);
    flow.local_port = Port(2);
    EXPECT_NE(flow_offsets(SipKey{1, 2}, flow).sequence_number, one);
}

TEST(Rfc9293Isn, MUST_9_WithoutTheSecretTheOffsetIsNotKnown) {
    const FlowKey flow{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), Port(1), Port(80)};
    EXPECT_NE(flow_offsets(SipKey{1, 2}, flow).sequence_number, flow_offsets(SipKey{1, 3}, flow).sequence_number);
}

}  // namespace hourglass::tcp::testing
