#include "hourglass/sim/world.h"

#include <gtest/gtest.h>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

const IpAddress kServer = IpAddress::v4(10, 0, 0, 2);

/// A client and a server with one link between them.
struct Pair {
    explicit Pair(const LinkSettings& settings, std::uint64_t seed = 1) : world(seed) {
        world.add_host("client");
        world.add_host("server");
        link = &world.connect({"client", {"10.0.0.1/24"}}, {"server", {"10.0.0.2/24"}}, settings);
    }

    /// Pings the server once a millisecond, `count` times, and returns the round trips of the answers.
    std::vector<Duration> ping(int count, std::size_t size = 56) {
        answers.clear();
        for (int i = 0; i < count; ++i)
            world.after(i * 1ms, [this, size] {
                world.host("client").ping(kServer, ++sequence, size, world.now(),
                                          [this](IpAddress, std::uint16_t, Duration d) { answers.push_back(d); });
            });
        world.run_for(count * 1ms + 1s);
        return answers;
    }

    std::vector<Duration> answers;
    std::uint16_t sequence = 0;
    World world;
    Link* link = nullptr;
};

TEST(SimWorld, PingTakesExactlyTheDelayThereAndBack) {
    LinkSettings settings;
    settings.a_to_b.delay = 10ms;
    settings.b_to_a.delay = 25ms;
    EXPECT_EQ(Pair(settings).ping(1), std::vector<Duration>{35ms});
}

TEST(SimWorld, FunctionsRunAtTheirInstantInTheOrderOfAdding) {
    World world(1);
    std::string seen;
    world.at(Instant(2s), [&] { seen += 'c'; });
    world.at(Instant(1s), [&] {
        seen += 'a';
        EXPECT_EQ(world.now(), Instant(1s));
        world.after(0s, [&] { seen += 'b'; });
    });
    world.run_until(Instant(1500ms));
    EXPECT_EQ(seen, "ab");
    EXPECT_EQ(world.now(), Instant(1500ms));
    EXPECT_EQ(world.next_time(), Instant(2s));
    EXPECT_TRUE(world.run_until_idle(1s));
    EXPECT_EQ(seen, "abc");
}

TEST(SimWorld, IdleIsToldApartFromOutOfTime) {
    World world(1);
    world.at(Instant(5s), [] {});
    EXPECT_FALSE(world.run_until_idle(1s));
    EXPECT_TRUE(world.run_until_idle(10s));
    EXPECT_FALSE(world.step());
}

TEST(SimWorld, WhatCallsItselfForEverIsFound) {
    World world(1, {.max_steps_per_instant = 1000});
    std::function<void()> again = [&] { world.after(0s, again); };
    again();
    EXPECT_THROW(world.run_for(1s), std::runtime_error);
}

TEST(SimWorld, UnknownAndDoubledNamesAreRefused) {
    World world(1);
    world.add_host("a");
    EXPECT_THROW(world.add_host("a"), std::invalid_argument);
    EXPECT_THROW((void)world.host("b"), std::invalid_argument);
    EXPECT_THROW((void)world.link("a-b"), std::invalid_argument);
    EXPECT_THROW(End("a", {"10.0.0.300/24"}), std::invalid_argument);
    EXPECT_THROW(world.add_route("a", "0.0.0.0/0", "10.0.0.1"), std::invalid_argument) << "no interface towards it";
}

TEST(SimWorld, LossIsAsOftenAsItSays) {
    Pair pair(LinkSettings().both({.loss = 0.1}), 42);
    const auto answers = pair.ping(2000);
    EXPECT_NEAR(static_cast<double>(answers.size()), 2000 * 0.9 * 0.9, 90);
    const LinkCounters& there = pair.link->counters(Direction::a_to_b);
    EXPECT_EQ(there.sent, 2000U);
    EXPECT_EQ(there.lost_for(LossReason::random), there.total_lost());
    EXPECT_EQ(there.sent, there.arrived + there.total_lost());
}

TEST(SimWorld, EachLinkHasItsOwnChances) {
    // Settings of one link do not show in what happens on another.
    std::vector<std::uint64_t> lost;
    for (const double loss_elsewhere : {0.0, 0.5}) {
        World world(5);
        for (const char* name : {"a", "b", "c"}) world.add_host(name);
        world.connect({"a", {"10.0.1.1/24"}}, {"b", {"10.0.1.2/24"}}, LinkSettings().both({.loss = loss_elsewhere}));
        Link& watched =
            world.connect({"a", {"10.0.2.1/24"}}, {"c", {"10.0.2.2/24"}}, LinkSettings().both({.loss = 0.2}));
        for (int i = 0; i < 300; ++i)
            world.after(i * 1ms, [&world, i] {
                for (const IpAddress to : {IpAddress::v4(10, 0, 1, 2), IpAddress::v4(10, 0, 2, 2)})
                    world.host("a").ping(to, static_cast<std::uint16_t>(i), 10, world.now(), {});
            });
        world.run_for(2s);
        lost.push_back(watched.counters(Direction::a_to_b).total_lost());
    }
    EXPECT_GT(lost[0], 0U);
    EXPECT_EQ(lost[0], lost[1]);
}

TEST(SimWorld, ScriptLosesTheThirdPacket) {
    Pair pair({});
    pair.link->set_script(Direction::a_to_b, [](const PacketView& packet, std::uint64_t number) {
        EXPECT_FALSE(packet.tcp());
        return Verdict{.lose = number == 3};
    });
    EXPECT_EQ(pair.ping(5).size(), 4U);
    EXPECT_EQ(pair.link->counters(Direction::a_to_b).lost_for(LossReason::scripted), 1U);
}

TEST(SimWorld, LargePacketsVanishInABlackHole) {
    LinkSettings settings;
    settings.mtu = 1000;
    settings.interface_mtu = 1500;
    Pair pair(settings);
    EXPECT_EQ(pair.ping(1, 1000).size(), 0U);
    EXPECT_EQ(pair.ping(1, 900).size(), 1U);
    EXPECT_EQ(pair.link->counters(Direction::a_to_b).lost_for(LossReason::mtu), 1U);
}

TEST(SimWorld, LinkThatIsDownLosesAll) {
    Pair pair({});
    pair.link->set_up(false);
    EXPECT_EQ(pair.ping(3).size(), 0U);
    pair.link->set_up(true);
    EXPECT_EQ(pair.ping(3).size(), 3U);
    EXPECT_EQ(pair.link->counters(Direction::a_to_b).lost_for(LossReason::down), 3U);
}

TEST(SimWorld, DamagedDatagramsArriveAndAreRefused) {
    Pair pair(LinkSettings().both({.corrupt = 1}));
    EXPECT_EQ(pair.ping(50).size(), 0U);
    EXPECT_EQ(pair.link->counters(Direction::a_to_b).arrived, 50U);
    EXPECT_EQ(ip::total_dropped(pair.world.host("server").counters()), 50U) << "the checksums find every single bit";
}

TEST(SimWorld, DamagedFramesAreFoundByTheFrameCheck) {
    LinkSettings settings;
    settings.medium = ip::Medium::ethernet;
    Pair pair(settings);
    EXPECT_EQ(pair.ping(1).size(), 1U);
    pair.link->impairments(Direction::a_to_b).corrupt = 1;
    EXPECT_EQ(pair.ping(3).size(), 0U);
    EXPECT_EQ(pair.link->counters(Direction::a_to_b).lost_for(LossReason::corrupted), 3U);
}

TEST(SimWorld, SwitchLearnsWhereToSend) {
    World world(1);
    for (const char* name : {"a", "b", "c"}) world.add_host(name);
    world.add_switch("lan", {{"a", {"10.0.0.1/24"}}, {"b", {"10.0.0.2/24"}}, {"c", {"10.0.0.3/24"}}});
    int answers = 0;
    for (int i = 0; i < 3; ++i) {
        world.host("a").ping(kServer, static_cast<std::uint16_t>(i), 10, world.now(),
                             [&](IpAddress, std::uint16_t, Duration) { ++answers; });
        world.run_for(100ms);
    }
    EXPECT_EQ(answers, 3);
    EXPECT_EQ(world.link("a-lan").counters(Direction::a_to_b).sent, 4U) << "an ARP request and three pings";
    EXPECT_EQ(world.link("c-lan").counters(Direction::b_to_a).sent, 1U) << "only the ARP request is flooded";
}

TEST(SimWorld, RouterPassesPacketsOn) {
    World world(1);
    world.add_host("client");
    ip::HostSettings forwards;
    forwards.forwarding = true;
    world.add_host("router", forwards);
    world.add_host("server");
    world.connect({"client", {"10.0.1.1/24"}}, {"router", {"10.0.1.254/24"}}, LinkSettings().both({.delay = 1ms}));
    world.connect({"router", {"10.0.0.254/24"}}, {"server", {"10.0.0.2/24"}}, LinkSettings().both({.delay = 2ms}));
    world.add_route("client", "0.0.0.0/0", "10.0.1.254");
    world.add_route("server", "0.0.0.0/0", "10.0.0.254");
    std::optional<Duration> answer;
    world.host("client").ping(kServer, 1, 10, world.now(), [&](IpAddress, std::uint16_t, Duration d) { answer = d; });
    world.run_for(1s);
    EXPECT_EQ(answer, 6ms);
}

TEST(SimWorld, PacketsKeepTheirLabelsAcrossLinks) {
    struct Watcher : NetworkObserver {
        std::uint64_t packet_sent(Instant, const Hop& hop, std::uint64_t id, std::span<const std::byte>) override {
            if (hop.from == "client") return sent.emplace_back(100 + sent.size());
            return id;
        }
        void packet_arrived(Instant, const Hop& hop, std::uint64_t id, std::span<const std::byte>) override {
            if (hop.to == "server") arrived.push_back(id);
        }
        std::vector<std::uint64_t> sent, arrived;
    };
    Watcher watcher;
    Pair pair({});
    pair.world.set_observer(&watcher);
    pair.ping(3);
    EXPECT_EQ(watcher.arrived, (std::vector<std::uint64_t>{100, 101, 102}));
}

TEST(SimWorld, HostsHaveSecretsOfTheirOwnThatTheSeedDecides) {
    World one(1), same(1), other(2);
    const SipKey a = one.add_host("a").settings().secret;
    EXPECT_NE(a, one.add_host("b").settings().secret);
    EXPECT_EQ(a, same.add_host("a").settings().secret);
    EXPECT_NE(a, other.add_host("a").settings().secret);
    EXPECT_EQ(one.random("x").next(), same.random("x").next());
    EXPECT_NE(one.random("x").next(), one.random("y").next());
}

}  // namespace
}  // namespace hourglass::sim
