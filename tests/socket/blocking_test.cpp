// Calls that wait, in virtual time.

#include "socket/pair.h"

namespace hourglass::socket {
namespace {

using namespace std::chrono_literals;
using Blocking = testing::Pair;

TEST_F(Blocking, ReadWaitsForData) {
    connect();
    const Instant begin = world.now();
    world.after(2s, [&] { write(client, near, "abc"); });
    std::array<std::byte, 10> room{};
    EXPECT_EQ(wait(socket::read(server, far, room)), 3u);
    EXPECT_EQ(world.now() - begin, 2010ms);
}

TEST_F(Blocking, WaitAllWaitsForEverything) {
    connect();
    world.after(1s, [&] { write(client, near, "abc"); });
    world.after(2s, [&] { write(client, near, "def"); });
    std::array<std::byte, 5> room{};
    const std::span<std::byte> buffer(room);
    const Instant begin = world.now();
    const auto got = wait(socket::recvmsg(server, far, std::span(&buffer, 1), msg::wait_all));
    EXPECT_EQ(got->size, 5u);
    EXPECT_EQ(world.now() - begin, 2010ms);
    EXPECT_EQ(read(server, far), "f");
}

TEST_F(Blocking, WaitAllEndsWithTheStream) {
    connect();
    write(client, near, "abc");
    ASSERT_TRUE(client.close(near));
    std::array<std::byte, 5> room{};
    const std::span<std::byte> buffer(room);
    EXPECT_EQ(wait(socket::recvmsg(server, far, std::span(&buffer, 1), msg::wait_all))->size, 3u);
}

TEST_F(Blocking, ReceiveTimeoutEndsTheWait) {
    connect();
    const std::array<std::int64_t, 2> half_a_second{0, 500'000};
    ASSERT_TRUE(server.setsockopt(far, level::socket, so::rcv_timeo, std::as_bytes(std::span(half_a_second))));
    const Instant begin = world.now();
    std::array<std::byte, 5> room{};
    EXPECT_EQ(outcome(wait(socket::read(server, far, room))), "EAGAIN");
    EXPECT_EQ(world.now() - begin, 500ms);
}

TEST_F(Blocking, WriteWaitsForRoomUntilAllIsTaken) {
    connect();
    ASSERT_TRUE(client.setsockopt(near, level::socket, so::snd_buf, 4000));
    const std::string text(20'000, 'x');
    std::string heard;
    std::function<void()> reader = [&] {
        for (std::string part = read(server, far, 1000); part != "EAGAIN" && !part.empty();
             part = read(server, far, 1000))
            heard += part;
        if (heard.size() < text.size()) world.after(5ms, reader);
    };
    world.after(5ms, reader);
    EXPECT_EQ(wait(socket::write(client, near, bytes(text))), text.size());
    run();
    EXPECT_EQ(heard, text);
}

TEST_F(Blocking, NonblockingDescriptorsDoNotWait) {
    connect();
    ASSERT_TRUE(server.fcntl(far, fcntl::set_fl, fcntl::rd_wr | fcntl::non_block));
    EXPECT_EQ(server.fcntl(far, fcntl::get_fl), fcntl::rd_wr | fcntl::non_block);
    std::array<std::byte, 5> room{};
    const auto result = socket::read(server, far, room).step(world.now());
    ASSERT_TRUE(result);
    EXPECT_EQ(outcome(*result), "EAGAIN");
}

TEST_F(Blocking, LingeringCloseWaitsForTheAcknowledgement) {
    connect();
    linger(client, near, 5);
    write(client, near, "abc");
    const Instant begin = world.now();
    EXPECT_EQ(outcome(wait(socket::close(client, near))), "0");
    EXPECT_GE(world.now() - begin, 20ms) << "a round trip";
    EXPECT_LT(world.now() - begin, 1s);
}

TEST_F(Blocking, LingeringCloseGivesUp) {
    connect();
    linger(client, near, 5);
    link.set_up(false);
    write(client, near, "abc");
    const Instant begin = world.now();
    EXPECT_EQ(outcome(wait(socket::close(client, near))), "0");
    EXPECT_EQ(world.now() - begin, 5s);
}

TEST_F(Blocking, PollTimesOut) {
    connect();
    std::array entries{PollEntry{.descriptor = far, .events = event::in}};
    const Instant begin = world.now();
    EXPECT_EQ(wait(socket::poll(server, entries, 300ms)), 0u);
    EXPECT_EQ(world.now() - begin, 300ms);
    world.after(50ms, [&] { write(client, near, "x"); });
    EXPECT_EQ(wait(socket::poll(server, entries, -1ms)), 1u);
    EXPECT_EQ(entries[0].returned, event::in);
}

}  // namespace
}  // namespace hourglass::socket
