#include "hourglass/runtime/control.h"

#include <asio/io_context.hpp>
#include <chrono>
#include <cstdlib>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;

class Control : public testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = testing::TempDir() + "/control-XXXXXX";
        ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::filesystem::path path() const { return folder_ / "a.sock"; }

    /// Leaves a socket file that nobody answers on, as a killed program does.
    void leave_stale_socket() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path().native().copy(address.sun_path, sizeof address.sun_path - 1);
        const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
        ASSERT_EQ(::bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        ::close(descriptor);
    }

    std::filesystem::path folder_;
    asio::io_context context_;
};

TEST_F(Control, QuestionGetsItsAnswer) {
    const std::string large(300'000, 'x');
    const auto server =
        ControlServer::open(context_, path(), [&](std::string_view q) { return std::string(q) + ":" + large; });
    ASSERT_TRUE(server) << server.error().message;
    std::thread thread([this] { context_.run_for(2s); });
    const auto answer = ask(path(), "connections");
    context_.stop();
    thread.join();
    ASSERT_TRUE(answer) << answer.error().message;
    EXPECT_EQ(*answer, "connections:" + large);
}

TEST_F(Control, SocketIsForItsUserAlone) {
    const auto server = ControlServer::open(context_, path(), [](std::string_view) { return ""; });
    struct stat status {};
    ASSERT_EQ(::stat(path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST_F(Control, SocketGoesWithTheServer) {
    ControlServer::open(context_, path(), [](std::string_view) { return ""; }).value().reset();
    EXPECT_FALSE(std::filesystem::exists(path()));
    const auto answer = ask(path(), "connections");
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().message, testing::HasSubstr("no running instance"));
}

TEST_F(Control, StaleSocketIsReplaced) {
    leave_stale_socket();
    EXPECT_TRUE(ControlServer::open(context_, path(), [](std::string_view) { return ""; }));
}

TEST_F(Control, SocketInUseIsNotReplaced) {
    const auto first = ControlServer::open(context_, path(), [](std::string_view) { return ""; });
    const auto second = ControlServer::open(context_, path(), [](std::string_view) { return ""; });
    ASSERT_TRUE(first);
    ASSERT_FALSE(second);
    EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(Control, OnlyLivingInstancesAreListed) {
    leave_stale_socket();
    const auto server = ControlServer::open(context_, folder_ / "b.sock", [](std::string_view) { return ""; });
    EXPECT_THAT(running_instances(folder_), testing::ElementsAre(folder_ / "b.sock"));
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(Control, QuestionWithoutEndIsNotKept) {
    const auto server =
        ControlServer::open(context_, path(), [](std::string_view) { return "answer"; }, {.max_question = 16});
    std::thread thread([this] { context_.run_for(2s); });
    const auto answer = ask(path(), std::string(1000, 'q'), 1s);
    context_.stop();
    thread.join();
    EXPECT_NE(answer.value_or(""), "answer");
}

TEST_F(Control, FolderOfSomeoneElseIsNotUsed) {
    ::setenv("XDG_RUNTIME_DIR", folder_.c_str(), 1);
    ASSERT_EQ(::mkdir((folder_ / "hourglass").c_str(), 0700), 0);
    EXPECT_EQ(control_folder().value(), folder_ / "hourglass");
    ::chmod((folder_ / "hourglass").c_str(), 0777);
    EXPECT_FALSE(control_folder());
}

}  // namespace
}  // namespace hourglass::runtime
