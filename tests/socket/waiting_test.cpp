// epoll, pipes, splice, and the table of descriptors.

#include "socket/pair.h"

namespace hourglass::socket {
namespace {

using namespace std::chrono_literals;

class Waiting : public testing::Pair {
  public:
    /// The events that epoll_wait tells now, as their data and bits.
    std::string told(Sockets& s, Descriptor epoll) {
        std::array<EpollEvent, 8> room{};
        const auto n = s.epoll_wait(epoll, room);
        std::string text;
        for (const EpollEvent& e : std::span(room).first(*n))
            text += std::to_string(e.data) + (e.events & event::in ? "i" : "") + (e.events & event::out ? "o" : "") +
                    (e.events & event::rd_hup ? "r" : "") + " ";
        return text;
    }
    void SetUp() override {
        connect();
        set = *server.epoll_create();
    }
    Descriptor set = -1;
};

TEST_F(Waiting, LevelTriggeredTellsUntilItIsRead) {
    ASSERT_TRUE(server.epoll_ctl(set, epoll::add, far, {event::in, 7}));
    EXPECT_EQ(told(server, set), "");
    write(client, near, "abc");
    run();
    EXPECT_EQ(told(server, set), "7i ");
    EXPECT_EQ(told(server, set), "7i ");
    read(server, far);
    EXPECT_EQ(told(server, set), "");
}

TEST_F(Waiting, EdgeTriggeredTellsOnceForEachArrival) {
    ASSERT_TRUE(server.epoll_ctl(set, epoll::add, far, {event::in | event::edge, 7}));
    write(client, near, "abc");
    run();
    EXPECT_EQ(told(server, set), "7i ");
    EXPECT_EQ(told(server, set), "");
    write(client, near, "def");
    run();
    EXPECT_EQ(told(server, set), "7i ");
}

TEST_F(Waiting, OneShotTellsAgainWhenItIsSetAgain) {
    ASSERT_TRUE(server.epoll_ctl(set, epoll::add, far, {event::in | event::one_shot, 7}));
    write(client, near, "abc");
    run();
    EXPECT_EQ(told(server, set), "7i ");
    write(client, near, "def");
    run();
    EXPECT_EQ(told(server, set), "");
    ASSERT_TRUE(server.epoll_ctl(set, epoll::mod, far, {event::in | event::one_shot, 8}));
    EXPECT_EQ(told(server, set), "8i ");
}

TEST_F(Waiting, RoomToWriteIsToldWhenItComesBack) {
    const Descriptor waiting = *client.epoll_create();
    ASSERT_TRUE(client.setsockopt(near, level::socket, so::snd_buf, 4000));
    ASSERT_TRUE(client.epoll_ctl(waiting, epoll::add, near, {event::out | event::edge, 1}));
    EXPECT_EQ(told(client, waiting), "1o ");
    while (write(client, near, std::string(1000, 'x')) != "EAGAIN") {
    }
    EXPECT_EQ(told(client, waiting), "");
    run();
    EXPECT_EQ(told(client, waiting), "1o ");
}

TEST_F(Waiting, MistakesAreTold) {
    EXPECT_EQ(outcome(server.epoll_ctl(set, epoll::mod, far, {event::in, 1})), "ENOENT");
    ASSERT_TRUE(server.epoll_ctl(set, epoll::add, far, {event::in, 1}));
    EXPECT_EQ(outcome(server.epoll_ctl(set, epoll::add, far, {event::in, 1})), "EEXIST");
    EXPECT_EQ(outcome(server.epoll_ctl(set, epoll::add, set, {event::in, 1})), "EINVAL");
    EXPECT_EQ(outcome(server.epoll_ctl(far, epoll::add, listener, {event::in, 1})), "EINVAL");
    EXPECT_EQ(outcome(server.epoll_ctl(set, epoll::add, 99, {event::in, 1})), "EBADF");
    ASSERT_TRUE(server.close(far));
    EXPECT_EQ(told(server, set), "") << "what is closed is watched no more";
}

TEST_F(Waiting, ListenerIsReadableWhenSomebodyWaits) {
    ASSERT_TRUE(server.epoll_ctl(set, epoll::add, listener, {event::in | event::edge, 3}));
    ASSERT_TRUE(wait(socket::connect(client, stream(client), service)));
    run();
    EXPECT_EQ(told(server, set), "3i ");
    EXPECT_TRUE(server.accept(listener));
}

TEST_F(Waiting, SplicesFromAStreamThroughAPipe) {
    write(client, near, "abcdef");
    run();
    const auto [out, in] = server.pipe().value();
    EXPECT_EQ(server.splice(far, in, 4), 4u);
    EXPECT_EQ(server.splice(out, far, 100), 4u);
    run();
    EXPECT_EQ(read(client, near), "abcd");
    EXPECT_EQ(outcome(server.splice(out, far, 100)), "EAGAIN");
    EXPECT_EQ(outcome(server.splice(far, far, 100)), "EINVAL");
}

TEST_F(Waiting, PipeHoldsSoMuchAndNoMore) {
    const auto [out, in] = server.pipe().value();
    const std::string text(70'000, 'x');
    EXPECT_EQ(server.write(in, bytes(text)), 65'536u);
    EXPECT_EQ(outcome(server.write(in, bytes(text))), "EAGAIN");
    EXPECT_EQ(events(server, out, event::in), event::in);
    EXPECT_EQ(outcome(server.write(out, bytes(text))), "EBADF");
    ASSERT_TRUE(server.close(out));
    EXPECT_EQ(outcome(server.write(in, bytes(text))), "EPIPE");
}

TEST(Table, GivesTheLowestFreeNumberOrTheOneThatIsAskedFor) {
    BufferPool pool;
    ip::Host host({}, pool);
    Sockets sockets(host, {.descriptors = 3});
    EXPECT_EQ(sockets.socket(family::inet, type::stream, 0), 3);
    EXPECT_EQ(sockets.socket(family::inet, type::stream, 0, 70), 70);
    EXPECT_EQ(sockets.socket(family::inet, type::stream, 0, 70).error(), Errno::bad_descriptor);
    EXPECT_EQ(sockets.socket(family::inet, type::stream, 0), 4);
    EXPECT_EQ(sockets.socket(family::inet, type::stream, 0).error(), Errno::too_many_descriptors);
    ASSERT_TRUE(sockets.close(3));
    EXPECT_EQ(sockets.socket(family::inet, type::stream | type::nonblock, 0), 3);
    EXPECT_TRUE(sockets.is_nonblocking(3));
}

}  // namespace
}  // namespace hourglass::socket
