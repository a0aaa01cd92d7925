// Bytes delivered are the bytes sent, in order and exactly once, or both applications learn of an error; then no timer,
// connection or buffer is left; and after every event the invariants of the stack hold.
//
// HOURGLASS_SIM_SEEDS=N   how many seeds to run in all (1,000)
// HOURGLASS_SIM_SEED=N    only this one, with its ladder printed

#include "sim/transfer.h"

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace hourglass::sim {
namespace {

constexpr std::uint64_t kShards = 20;

std::optional<std::uint64_t> number_from_environment(const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::nullopt : std::optional<std::uint64_t>(std::strtoull(text, nullptr, 10));
}

void expect_to_hold(std::uint64_t seed, bool show) {
    const Scenario scenario = Scenario::from_seed(seed);
    std::string problem;
    try {
        problem = run(scenario, show);
    } catch (const std::exception& e) {
        problem = e.what();
    }
    EXPECT_EQ(problem, "") << "seed " << seed << ": " << scenario.to_string() << "see it: HOURGLASS_SIM_SEED=" << seed
                           << " test_sim --gtest_filter='*TransferOverABadNetwork*/0'";
}

class TransferOverABadNetwork : public testing::TestWithParam<std::uint64_t> {};

TEST_P(TransferOverABadNetwork, DeliversWhatWasSentOrTellsBothEnds) {
    if (const auto only = number_from_environment("HOURGLASS_SIM_SEED")) {
        if (GetParam() == 0) expect_to_hold(*only, true);
        return;
    }
    const std::uint64_t seeds = number_from_environment("HOURGLASS_SIM_SEEDS").value_or(1000);
    for (std::uint64_t seed = GetParam(); seed < seeds; seed += kShards) expect_to_hold(seed, false);
}

INSTANTIATE_TEST_SUITE_P(Seeds, TransferOverABadNetwork, testing::Range<std::uint64_t>(0, kShards));

}  // namespace
}  // namespace hourglass::sim
