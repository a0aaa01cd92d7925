#include "tcp/recovery/prr.h"

#include <gtest/gtest.h>

namespace hourglass::tcp {
namespace {

constexpr std::uint32_t kMss = 1000;

/// A flight of twenty segments that is to be brought to ten.
class Reduction : public testing::Test {
  public:
    Reduction() { prr.begin(10 * kMss, 20 * kMss); }
    /// One segment is delivered; what cwnd then allows is sent. Returns how many segments that was.
    std::uint32_t deliver_one(bool safe = true) {
        in_flight -= kMss;
        const std::uint32_t cwnd = prr.on_ack(kMss, in_flight, safe, kMss);
        std::uint32_t sent = 0;
        while (in_flight + kMss <= cwnd) {
            in_flight += kMss;
            prr.on_sent(kMss);
            ++sent;
        }
        return sent;
    }
    ProportionalRateReduction prr;
    std::uint32_t in_flight = 20 * kMss;
};

TEST_F(Reduction, SendsOneForTwoDelivered_Rfc9937_6_2) {
    EXPECT_EQ(deliver_one(), 1u) << "the fast retransmit leaves in any case";
    std::uint32_t sent = 0;
    for (int i = 0; i < 18; ++i) sent += deliver_one();
    EXPECT_EQ(sent, 8u);
    EXPECT_EQ(in_flight, 10 * kMss) << "a round trip later the flight is ssthresh";
}

TEST_F(Reduction, BelowSsthreshItGrowsByASegmentForEachSafeAck_Rfc9937_6_2) {
    in_flight = 5 * kMss;
    EXPECT_EQ(deliver_one(), 2u);
    EXPECT_EQ(deliver_one(), 2u);
    EXPECT_EQ(in_flight, 7 * kMss);
}

TEST_F(Reduction, BelowSsthreshFurtherLossKeepsItWhereItIs_Rfc9937_6_2) {
    in_flight = 5 * kMss;
    EXPECT_EQ(deliver_one(false), 1u);
    EXPECT_EQ(deliver_one(false), 1u);
    EXPECT_EQ(in_flight, 5 * kMss);
}

TEST_F(Reduction, NeverSendsBeyondSsthresh_Rfc9937_6_2) {
    in_flight = 10 * kMss;
    for (int i = 0; i < 30; ++i) {
        deliver_one();
        EXPECT_LE(in_flight, 10 * kMss);
    }
}

}  // namespace
}  // namespace hourglass::tcp
