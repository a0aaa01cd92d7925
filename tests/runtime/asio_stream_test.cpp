#include "hourglass/runtime/asio_stream.h"

#include <array>
#include <asio/awaitable.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/io_context.hpp>
#include <asio/read.hpp>
#include <asio/read_until.hpp>
#include <asio/redirect_error.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "hourglass/runtime/after.h"
#include "hourglass/sim/world.h"

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;

const SocketAddress kServer{IpAddress::v4(10, 0, 0, 2), Port{7}};

/// Two hosts with ten milliseconds between them, in virtual time; Asio's handlers run between two steps.
class AsioOverOurTcp : public testing::Test {
  protected:
    AsioOverOurTcp() {
        world.add_host("client");
        world.add_host("server");
        world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}},
                      sim::LinkSettings().both({.delay = 10ms}));
        world.set_step_hook([this] { poll(); });
    }
    void poll() {
        context.restart();
        context.poll();
    }
    AsioHost on(const char* host) { return {context.get_executor(), &world.host(host), {}}; }
    void run(Duration time) {
        poll();
        world.run_for(time);
    }

    sim::World world{1};
    asio::io_context context{1};
};

/// Answers each line in capitals until the client closes.
asio::awaitable<void> shout(AsioStream stream, std::error_code& ended) {
    std::string buffer;
    for (;;) {
        const std::size_t size = co_await asio::async_read_until(stream, asio::dynamic_buffer(buffer), '\n',
                                                                 asio::redirect_error(asio::use_awaitable, ended));
        if (ended) co_return;
        std::string line = buffer.substr(0, size);
        buffer.erase(0, size);
        for (char& c : line)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        co_await asio::async_write(stream, asio::buffer(line), asio::use_awaitable);
    }
}

asio::awaitable<void> serve(AsioAcceptor& acceptor, std::error_code& ended) {
    AsioStream stream = co_await acceptor.async_accept(asio::use_awaitable);
    co_await shout(std::move(stream), ended);
}

TEST_F(AsioOverOurTcp, AlgorithmsAndCoroutinesRunOnOurStreams) {
    AsioAcceptor acceptor(on("server"));
    ASSERT_FALSE(acceptor.listen(kServer));
    std::error_code servers_end;
    asio::co_spawn(context, serve(acceptor, servers_end), asio::detached);
    std::string answer(12, ' ');
    AsioStream stream(on("client"));
    const auto talk = [&]() -> asio::awaitable<void> {
        co_await stream.async_connect(kServer, asio::use_awaitable);
        co_await asio::async_write(stream, asio::buffer("hello\nworld\n", 12), asio::use_awaitable);
        co_await asio::async_read(stream, asio::buffer(answer), asio::use_awaitable);
        stream.shutdown();
    };
    asio::co_spawn(context, talk(), asio::detached);
    run(1s);
    EXPECT_EQ(answer, "HELLO\nWORLD\n");
    EXPECT_EQ(servers_end, asio::error::eof);
    run(10s);
    EXPECT_EQ(world.host("client").tcp().counters().resets_in, 0U);
}

TEST_F(AsioOverOurTcp, LargeWritesGoInPiecesWithBackPressure) {
    AsioAcceptor acceptor(on("server"));
    ASSERT_FALSE(acceptor.listen(kServer));
    const std::string sent(20'000'000, 'x');
    std::string received(sent.size(), ' ');
    std::optional<AsioStream> server;
    std::size_t got = 0;
    std::size_t written = 0;
    acceptor.async_accept([&](std::error_code error, AsioStream stream) {
        ASSERT_FALSE(error);
        server = std::move(stream);
    });
    AsioStream client(on("client"));
    client.async_connect(kServer, [&](std::error_code error) {
        ASSERT_FALSE(error);
        asio::async_write(client, asio::buffer(sent), [&](std::error_code, std::size_t n) { written = n; });
    });
    run(5s);
    ASSERT_TRUE(server);
    EXPECT_EQ(written, 0U) << "nobody reads yet";
    asio::async_read(*server, asio::buffer(received), [&](std::error_code, std::size_t n) { got = n; });
    run(60s);
    EXPECT_EQ(written, sent.size());
    EXPECT_EQ(got, sent.size());
    EXPECT_TRUE(received == sent);
}

TEST_F(AsioOverOurTcp, FailuresAreAsiosErrors) {
    std::error_code refused;
    AsioStream nobody(on("client"));
    nobody.async_connect(kServer, [&](std::error_code error) { refused = error; });
    run(1s);
    EXPECT_EQ(refused, asio::error::connection_refused);

    AsioAcceptor acceptor(on("server"));
    ASSERT_FALSE(acceptor.listen(kServer));
    EXPECT_EQ(AsioAcceptor(on("server")).listen(kServer), asio::error::address_in_use);
    std::optional<AsioStream> server;
    acceptor.async_accept([&](std::error_code, AsioStream stream) { server = std::move(stream); });
    AsioStream client(on("client"));
    client.async_connect(kServer, [](std::error_code) {});
    run(1s);
    ASSERT_TRUE(server);
    std::error_code reading;
    std::error_code writing;
    std::array<char, 10> buffer{};
    client.async_read_some(asio::buffer(buffer), [&](std::error_code error, std::size_t) { reading = error; });
    server->abort();
    run(1s);
    EXPECT_EQ(reading, asio::error::connection_reset);
    client.async_write_some(asio::buffer(buffer), [&](std::error_code error, std::size_t) { writing = error; });
    run(1s);
    EXPECT_EQ(writing, asio::error::connection_reset);
    std::error_code accepting;
    acceptor.async_accept([&](std::error_code error, const AsioStream&) { accepting = error; });
    acceptor.close();
    run(1s);
    EXPECT_EQ(accepting, asio::error::operation_aborted);
}

TEST_F(AsioOverOurTcp, WhatIsUnderWayEndsWhenTheStreamDoes) {
    AsioAcceptor acceptor(on("server"));
    ASSERT_FALSE(acceptor.listen(kServer));
    std::error_code reading;
    std::array<char, 10> buffer{};
    {
        AsioStream client(on("client"));
        client.async_connect(kServer, [](std::error_code) {});
        run(1s);
        client.async_read_some(asio::buffer(buffer), [&](std::error_code error, std::size_t) { reading = error; });
    }
    run(1s);
    EXPECT_EQ(reading, asio::error::operation_aborted);
}

TEST(After, CallsWhenTheTimeHasCome) {
    asio::io_context context(1);
    int calls = 0;
    const auto wait = after(context);
    wait(1ms, [&] { ++calls; });
    wait(1h, [&] { ++calls; });
    context.run_for(50ms);
    EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace hourglass::runtime
