// Connections that are closed on one side only, for a long time or over a link that fails.

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

const SocketAddress kServer{IpAddress::v4(10, 0, 0, 2), Port(7)};

/// Keeps its stream, what it reads, and how it ended.
struct Holder : tcp::ConnectionHandler, tcp::AcceptHandler {
    void on_acceptable(tcp::Listener listener) override { stream = listener.accept(this).value(); }
    void on_readable(tcp::Stream s) override {
        std::array<std::byte, 1000> room;
        while (const std::size_t n = s.receive(room)) heard.append(reinterpret_cast<const char*>(room.data()), n);
    }
    void on_closed(tcp::Stream, tcp::Error error) override { closed = error; }
    void say(std::string_view text) { (void)stream.send(std::as_bytes(std::span(text))); }

    tcp::Stream stream;
    std::string heard;
    std::optional<tcp::Error> closed;
};

/// A client and a server that are connected.
struct Connected {
    explicit Connected(const tcp::Settings& tcp = {}) {
        ip::HostSettings settings;
        settings.tcp = tcp;
        world.add_host("client", settings);
        world.add_host("server", settings);
        link = &world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}},
                              LinkSettings().both({.delay = 10ms}));
        listener = world.host("server").tcp().listen(kServer, {.handler = &server}).value();
        client.stream = world.host("client").tcp().connect(kServer, {.local = {}, .handler = &client}).value();
        world.run_for(1s);
    }

    World world{1};
    Link* link = nullptr;
    Holder client, server;
    tcp::Listener listener;
};

TEST(HalfClosed, AnsweredKeepalivesKeepAConnectionInFinWait2) {
    tcp::Settings tcp;
    tcp.keepalive = true;
    tcp.keepalive_idle = 60s;
    tcp.keepalive_interval = 10s;
    Connected c(tcp);
    c.server.stream.shutdown();
    c.world.run_for(10min);
    ASSERT_FALSE(c.server.closed) << "the client answers every probe";
    EXPECT_EQ(c.server.stream.state(), tcp::State::fin_wait_2);
    c.client.say("late");
    c.world.run_for(1s);
    EXPECT_EQ(c.server.heard, "late");
}

TEST(HalfClosed, ResetInClosingIsAnErrorWhenDataIsNotAcknowledged) {
    Connected c;
    c.link->set_script(Direction::a_to_b, [](const PacketView& packet, std::uint64_t) {
        const auto segment = packet.tcp();
        return Verdict{.lose = segment && segment->sequence_length() > 0};  // the client's data never arrives
    });
    c.client.say("lost");
    c.client.stream.shutdown();
    c.server.stream.shutdown();
    c.world.run_for(100ms);
    ASSERT_EQ(c.client.stream.state(), tcp::State::closing);
    c.server.stream.abort();
    c.world.run_for(100ms);
    EXPECT_EQ(c.client.closed, tcp::Error::reset);
}

TEST(HalfClosed, DataFlowsOneWayAfterAShutdown) {
    Connected c;
    c.client.stream.shutdown();
    c.world.run_for(1s);
    EXPECT_TRUE(c.server.stream.at_end());
    for (int i = 0; i < 3; ++i) {
        c.server.say("more ");
        c.world.run_for(1min);
    }
    EXPECT_EQ(c.client.heard, "more more more ");
    c.server.stream.shutdown();
    c.world.run_for(1s);
    EXPECT_EQ(c.server.closed, tcp::Error::none);
    EXPECT_EQ(c.client.closed, tcp::Error::none);
}

TEST(HalfClosed, BothEndsLearnOfALinkThatIsCut) {
    Connected c;
    c.link->set_up(false);
    c.client.say("anyone?");
    c.server.say("anyone?");
    c.world.run_for(1h);
    EXPECT_EQ(c.client.closed, tcp::Error::timed_out);
    EXPECT_EQ(c.server.closed, tcp::Error::timed_out);
}

}  // namespace
}  // namespace hourglass::sim
