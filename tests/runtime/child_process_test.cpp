#include "hourglass/runtime/child_process.h"

#include <asio/io_context.hpp>
#include <chrono>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <optional>
#include <signal.h>

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;

std::optional<int> run(const std::vector<std::string>& arguments, int signal = 0,
                       const std::vector<std::pair<std::string, std::string>>& environment = {}) {
    asio::io_context context;
    const auto child = ChildProcess::start(context, arguments, environment);
    if (!child) return std::nullopt;
    std::optional<int> result;
    (*child)->on_exit([&result](int code) { result = code; });
    if (signal != 0) (*child)->send_signal(signal);
    context.run_for(10s);
    return result;
}

TEST(ChildProcess, TellsItsExitCode) {
    EXPECT_EQ(run({"true"}), 0);
    EXPECT_EQ(run({"sh", "-c", "exit 42"}), 42);
}

TEST(ChildProcess, TellsTheSignalThatEndedIt) { EXPECT_EQ(run({"sleep", "60"}, SIGTERM), 128 + SIGTERM); }

TEST(ChildProcess, HasTheEnvironmentItWasGiven) {
    EXPECT_EQ(run({"sh", "-c", "test \"$HOURGLASS_TEST\" = value"}, 0, {{"HOURGLASS_TEST", "value"}}), 0);
}

TEST(ChildProcess, ThatIsNotThereIsAnError) {
    asio::io_context context;
    const auto child = ChildProcess::start(context, {"/nonexistent/program"});
    ASSERT_FALSE(child);
    EXPECT_EQ(child.error().code, std::errc::no_such_file_or_directory);
    EXPECT_THAT(child.error().message, testing::HasSubstr("/nonexistent/program"));
}

TEST(ChildProcess, ThatStillRunsIsEnded) {
    asio::io_context context;
    pid_t id = 0;
    {
        const auto child = ChildProcess::start(context, {"sleep", "60"});
        ASSERT_TRUE(child);
        id = (*child)->id();
        EXPECT_EQ(::kill(id, 0), 0);
    }
    EXPECT_EQ(::kill(id, 0), -1);
}

}  // namespace
}  // namespace hourglass::runtime
