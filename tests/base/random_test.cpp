#include "hourglass/base/random.h"

#include <array>
#include <gtest/gtest.h>

namespace hourglass {
namespace {

TEST(RandomNumbers, SameSeedSameNumbersOnEveryMachine) {
    Random random(42);
    EXPECT_EQ(random.next(), 0x15780b2e0c2ec716u);
    EXPECT_EQ(random.next(), 0x6104d9866d113a7eu);
    EXPECT_EQ(random.next(), 0xae17533239e499a1u);
}

TEST(RandomNumbers, OtherSeedOtherNumbers) { EXPECT_NE(Random(1).next(), Random(2).next()); }

TEST(RandomNumbers, BelowIsUniform) {
    Random random(1);
    std::array<int, 6> count{};
    for (int i = 0; i < 60'000; ++i) ++count[random.below(6)];
    for (const int n : count) EXPECT_NEAR(n, 10'000, 500);  // five standard deviations
}

TEST(RandomNumbers, BelowOneIsZero) {
    Random random(1);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
}

TEST(RandomNumbers, UnitIsHalfOpen) {
    Random random(1);
    double sum = 0;
    for (int i = 0; i < 100'000; ++i) {
        const double u = random.unit();
        ASSERT_GE(u, 0.0);
        ASSERT_LT(u, 1.0);
        sum += u;
    }
    EXPECT_NEAR(sum / 100'000, 0.5, 0.005);
}

TEST(RandomNumbers, ChanceHoldsItsProbabilityAndDrawsOnce) {
    Random random(1), other(1);
    int hits = 0;
    for (int i = 0; i < 100'000; ++i) hits += random.chance(0.2) ? 1 : 0;
    EXPECT_NEAR(hits, 20'000, 650);
    for (int i = 0; i < 100'000; ++i) (void)other.chance(i % 2 == 0 ? 0.0 : 1.0);
    EXPECT_EQ(random.next(), other.next());
}

TEST(RandomNumbers, NeverAndAlways) {
    Random random(7);
    for (int i = 0; i < 1000; ++i) {
        EXPECT_FALSE(random.chance(0));
        EXPECT_TRUE(random.chance(1));
    }
}

}  // namespace
}  // namespace hourglass
