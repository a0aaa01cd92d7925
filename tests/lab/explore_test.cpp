#include "hourglass/lab/explore.h"

#include <gtest/gtest.h>

namespace hourglass::lab {
namespace {

TEST(Explore, NothingHappensToTheConnectionThatNothingIsDoneTo) {
    const ExploreRun run = explore_one({}, {});
    EXPECT_TRUE(run.delivered);
    EXPECT_EQ(run.violation, "");
    EXPECT_EQ(run.sent, 0u);
}

TEST(Explore, LostSynsEndTheAttemptInTheEndAndTheClientIsTold) {
    const ExploreRun run = explore_one(Fates(12, Fate::lose), {});
    EXPECT_FALSE(run.delivered);
    EXPECT_EQ(run.client, to_string(tcp::Error::timed_out));
    EXPECT_EQ(run.violation, "");
}

TEST(Explore, EveryFateOfTheFirstSevenPacketsEndsWell) {
    const Exploration found = explore({.packets = 7, .jobs = 2});
    EXPECT_EQ(found.combinations, 16384u);
    EXPECT_EQ(found.delivered + found.told, found.runs);
    EXPECT_EQ(found.violations, 0u) << "see: hourglass explore --only " << to_string(found.examples.front());
}

TEST(Explore, TheNumberOfThreadsChangesNothing) {
    const Exploration one = explore({.packets = 4, .jobs = 1}), three = explore({.packets = 4, .jobs = 3});
    EXPECT_EQ(one.runs, three.runs);
    EXPECT_EQ(one.delivered, three.delivered);
}

TEST(Explore, FatesAreReadAsTheyAreWritten) {
    const Fates fates{Fate::pass, Fate::lose, Fate::duplicate, Fate::delay};
    EXPECT_EQ(to_string(fates), "plds");
    EXPECT_EQ(parse_fates("plds"), fates);
    EXPECT_EQ(parse_fates("pxp").error(), 1u);
    EXPECT_EQ(parse_fates("ppppppppppppp").error(), 12u);
}

}  // namespace
}  // namespace hourglass::lab
