#include "cli/time_argument.h"

#include <chrono>
#include <gtest/gtest.h>

namespace hourglass::cli {
namespace {

using namespace std::chrono_literals;

TEST(TimeArgument, HasAUnitOrIsInMilliseconds) {
    EXPECT_EQ(parse_time("20ms"), 20ms);
    EXPECT_EQ(parse_time("1.5s"), 1500ms);
    EXPECT_EQ(parse_time("300us"), 300us);
    EXPECT_EQ(parse_time("17ns"), 17ns);
    EXPECT_EQ(parse_time("2m"), 2min);
    EXPECT_EQ(parse_time("40"), 40ms);
    EXPECT_EQ(parse_time("0"), 0ms);
}

TEST(TimeArgument, WhatIsNoTimeIsNone) {
    for (const char* text : {"", "ms", "-1s", "nan", "inf", "1h", "1e99s", "5 ms", "1001x", "99999999s"})
        EXPECT_EQ(parse_time(text), std::nullopt) << text;
}

}  // namespace
}  // namespace hourglass::cli
