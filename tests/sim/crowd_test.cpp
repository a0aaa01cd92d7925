// Many connections at once, from several hosts over a switch: every application gets its own octets back, and nothing
// is left when all are done.

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

constexpr Port kEcho{7};
const SocketAddress kServer{IpAddress::v4(10, 0, 0, 1), kEcho};

/// Sends back what it gets, as far as there is room.
class EchoServer : public tcp::AcceptHandler, public tcp::ConnectionHandler {
  public:
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(this)) ++accepted;
    }
    void on_readable(tcp::Stream stream) override { pass_on(stream); }
    void on_writable(tcp::Stream stream) override { pass_on(stream); }

    int accepted = 0;

  private:
    static void pass_on(tcp::Stream stream) {
        while (const std::size_t room = stream.writable()) {
            Slice piece = stream.receive_slice(room);
            if (piece.empty()) break;
            stream.send(std::move(piece));
        }
        if (stream.at_end()) stream.shutdown();
    }
};

/// Sends its own text and keeps what comes back.
class EchoClient : public tcp::ConnectionHandler {
  public:
    explicit EchoClient(std::string text) : text_(std::move(text)) {}
    void on_established(tcp::Stream stream) override { write(stream); }
    void on_writable(tcp::Stream stream) override { write(stream); }
    void on_readable(tcp::Stream stream) override {
        std::array<std::byte, 2000> room;
        while (const std::size_t n = stream.receive(room))
            answer_.append(reinterpret_cast<const char*>(room.data()), n);
    }
    void on_closed(tcp::Stream, tcp::Error error) override { closed_ = error; }

    [[nodiscard]] bool is_content() const { return closed_ == tcp::Error::none && answer_ == text_; }
    [[nodiscard]] bool is_done() const { return closed_.has_value(); }

  private:
    void write(tcp::Stream stream) {
        sent_ += stream.send(std::as_bytes(std::span(text_).subspan(sent_)));
        if (sent_ == text_.size()) stream.shutdown();
    }

    std::string text_, answer_;
    std::size_t sent_ = 0;
    std::optional<tcp::Error> closed_;
};

TEST(CrowdOnASwitch, EveryConnectionGetsItsOwnOctetsBack) {
    World world(11);
    std::vector<End> ends;
    for (int i = 1; i <= 5; ++i) {
        world.add_host(fmt::format("h{}", i));
        ends.emplace_back(fmt::format("h{}", i),
                          std::vector{Prefix{IpAddress::v4(10, 0, 0, static_cast<std::uint8_t>(i)), 24}});
    }
    const Impairments bad{.delay = 2ms, .jitter = 3ms, .rate = 50'000'000, .queue_packets = 60, .loss = 0.02};
    world.add_switch("lan", ends, LinkSettings().both(bad));

    EchoServer server;
    auto listener = world.host("h1").tcp().listen(kServer, {.accept_queue = 16, .handler = &server});
    ASSERT_TRUE(listener);
    Random random = world.random("clients");
    std::vector<std::unique_ptr<EchoClient>> clients;
    for (int i = 0; i < 200; ++i) {
        std::string text(1 + random.below(20'000), '?');
        std::ranges::generate(text, [&] { return static_cast<char>(random.next()); });
        clients.push_back(std::make_unique<EchoClient>(std::move(text)));
        world.after(Duration(random.below(2'000'000'000)), [&world, i, client = clients.back().get()] {
            auto& tcp = world.host(fmt::format("h{}", 2 + i % 4)).tcp();
            ASSERT_TRUE(tcp.connect(kServer, {.local = {}, .handler = client}));
        });
    }
    std::string broken;
    int steps = 0;
    world.set_step_hook([&] {  // the check takes time with the number of connections: not after every step
        if (++steps % 64 == 0 && broken.empty()) broken = world.host("h1").tcp().check_invariants();
    });
    ASSERT_TRUE(
        world.run_until([&] { return std::ranges::all_of(clients, [](const auto& c) { return c->is_done(); }); }, 1h));
    listener->close();
    EXPECT_TRUE(world.run_until_idle(1h));

    EXPECT_EQ(broken, "");
    EXPECT_EQ(server.accepted, 200);
    EXPECT_EQ(std::ranges::count_if(clients, [](const auto& c) { return c->is_content(); }), 200);
    for (const std::string& host : world.host_names()) EXPECT_EQ(world.host(host).tcp().size(), 0U) << host;
    EXPECT_EQ(world.pool().in_use(), 0U);
}

}  // namespace
}  // namespace hourglass::sim
