// Loss recovery over a link in virtual time: what reaches the application as a share of what the link carries, and how
// often recovery had to wait for the timer.

#include <array>
#include <gtest/gtest.h>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

constexpr Port kPort{9};

/// Keeps the send buffer full.
class Source : public tcp::ConnectionHandler {
  public:
    void on_established(tcp::Stream s) override { on_writable(s); }
    void on_writable(tcp::Stream s) override {
        static constexpr std::array<std::byte, 16384> kZeros{};
        while (s.send(kZeros) == kZeros.size()) {
        }
    }
};

class Sink : public tcp::ConnectionHandler, public tcp::AcceptHandler {
  public:
    void on_acceptable(tcp::Listener listener) override { listener.accept(this); }
    void on_readable(tcp::Stream s) override {
        while (const std::size_t n = s.receive_slice().size()) octets += n;
    }
    std::uint64_t octets = 0;
};

struct Result {
    double goodput = 0;  ///< Payload as a share of the link's rate.
    tcp::Counters sender;
};

struct Network {
    double loss = 0;
    double late = 0;  ///< Share of the packets that are held back by up to 4 ms.
};

/// 50 Mbit/s, 100 ms, a queue of one bandwidth-delay product, for 20 seconds.
Result run_for_20_seconds(const Network& network, bool sack) {
    World world(1);
    Source source;
    Sink sink;
    ip::HostSettings host;
    host.tcp.send_buffer = host.tcp.receive_buffer = 4 << 20;
    host.tcp.sack = sack;
    world.add_host("a", host);
    world.add_host("b", host);
    constexpr std::uint64_t kRate = 50'000'000;
    LinkSettings link;
    link.a_to_b = {
        .delay = 50ms, .rate = kRate, .queue_packets = UINT32_MAX, .queue_bytes = kRate / 80, .loss = network.loss};
    link.b_to_a = {.delay = 50ms};
    Link& wire = world.connect({"a", {"10.0.0.1/24"}}, {"b", {"10.0.0.2/24"}}, link);
    if (network.late > 0) {
        wire.set_script(Direction::a_to_b, [random = world.random("late"), network](const auto&, auto) mutable {
            const bool chosen = random.chance(network.late);
            const auto by = static_cast<std::int64_t>(random.below(4'000'000));
            return Verdict{.delay = Duration(chosen ? by : 0)};
        });
    }
    const SocketAddress address{IpAddress::v4(10, 0, 0, 2), kPort};
    EXPECT_TRUE(world.host("b").tcp().listen(address, {.handler = &sink}));
    EXPECT_TRUE(world.host("a").tcp().connect(address, {.local = {}, .handler = &source}));
    world.run_until(world.now() + 20s);
    return {static_cast<double>(sink.octets) * 8 / (20.0 * kRate), world.host("a").tcp().counters()};
}

TEST(Goodput, ReorderingDoesNotCostThroughput_Rfc8985) {
    const Result r = run_for_20_seconds({.late = 0.05}, true);
    EXPECT_GT(r.goodput, 0.85);
    EXPECT_EQ(r.sender.retransmission_timeouts, 0u);
    EXPECT_LT(r.sender.fast_retransmits, 20u) << "the window adapts";
}

TEST(Goodput, LossIsRepairedWithoutTimeouts_Rfc8985_Rfc6675) {
    const Result r = run_for_20_seconds({.loss = 0.01}, true);
    EXPECT_GT(r.sender.fast_retransmits, 20u);
    EXPECT_EQ(r.sender.retransmission_timeouts, 0u);
    EXPECT_GT(r.goodput, 0.025) << "CUBIC's window at this loss";
}

TEST(Goodput, AFullQueueCostsOneRoundTripEachTime) {
    const Result r = run_for_20_seconds({}, true);
    EXPECT_GT(r.goodput, 0.9);
    EXPECT_EQ(r.sender.retransmission_timeouts, 0u);
}

TEST(Goodput, WithoutSackNewRenoStillFillsTheLink_Rfc6582) {
    const Result r = run_for_20_seconds({}, false);
    EXPECT_GT(r.goodput, 0.4) << "one hole a round trip";
}

}  // namespace
}  // namespace hourglass::sim
