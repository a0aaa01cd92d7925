// Paths that carry less than their ends: a router that says so, one that keeps silent, and what probes find out.

#include <array>
#include <gtest/gtest.h>
#include <optional>
#include <string>

#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;
using tcp::MtuProbing;

/// Sends `octets` of a pattern, checks what it hears against the same pattern, and closes.
struct Talker : tcp::ConnectionHandler, tcp::AcceptHandler {
    static std::byte at(std::size_t offset) { return static_cast<std::byte>(offset * 31 + (offset >> 8)); }

    void on_acceptable(tcp::Listener listener) override { stream = listener.accept(this).value(); }
    void on_established(tcp::Stream s) override { push(s); }
    void on_writable(tcp::Stream s) override { push(s); }
    void on_readable(tcp::Stream s) override {
        std::vector<std::byte> room(65536);
        while (const std::size_t n = s.receive(room))
            for (std::size_t i = 0; i < n; ++i, ++heard)
                if (room[i] != at(heard)) ++wrong;
    }
    void on_closed(tcp::Stream, tcp::Error error) override { closed = error; }
    void push(tcp::Stream s) {
        while (said < to_say) {
            std::vector<std::byte> piece(std::min<std::size_t>(to_say - said, 10'000));
            for (std::size_t i = 0; i < piece.size(); ++i) piece[i] = at(said + i);
            const std::size_t n = s.send(piece);
            said += n;
            if (n < piece.size()) return;
        }
        if (closes) s.shutdown();
    }

    tcp::Stream stream;
    std::size_t to_say = 0, said = 0, heard = 0, wrong = 0;
    bool closes = true;
    std::optional<tcp::Error> closed;
};

/// client - near - far - server; the link in the middle may be narrow, and its routers may say so or not.
struct Path {
    enum class Router { speaks, keeps_silent };

    Path(bool v6, std::uint32_t narrow, Router router, const tcp::Settings& tcp = {}) {
        ip::HostSettings settings;
        settings.tcp = tcp;
        world.add_host("client", settings);
        world.add_host("server", settings);
        settings.forwarding = true;
        world.add_host("near", settings);
        world.add_host("far", settings);
        const LinkSettings wide = LinkSettings().both({.delay = 5ms, .rate = 100'000'000});
        LinkSettings middle = wide;
        middle.mtu = narrow;
        if (router == Router::keeps_silent) middle.interface_mtu = 1500;
        world.connect({"client", {"10.0.1.1/24", "fd01::1/64"}}, {"near", {"10.0.1.2/24", "fd01::2/64"}}, wide);
        link = &world.connect({"near", {"10.0.2.1/24", "fd02::1/64"}}, {"far", {"10.0.2.2/24", "fd02::2/64"}}, middle);
        world.connect({"far", {"10.0.3.1/24", "fd03::1/64"}}, {"server", {"10.0.3.2/24", "fd03::2/64"}}, wide);
        for (const auto& [host, v4, v6_gateway] :
             {std::array{"client", "10.0.1.2", "fd01::2"}, std::array{"near", "10.0.2.2", "fd02::2"},
              std::array{"far", "10.0.2.1", "fd02::1"}, std::array{"server", "10.0.3.1", "fd03::1"}}) {
            world.add_route(host, "0.0.0.0/0", v4);
            world.add_route(host, "::/0", v6_gateway);
        }
        address = {*IpAddress::parse(v6 ? "fd03::2" : "10.0.3.2"), Port(7)};
        listener = tcp_of("server").listen(address, {.handler = &server}).value();
        world.set_step_hook([this] {
            for (const char* name : {"client", "server"}) ASSERT_EQ(tcp_of(name).check_invariants(), "");
            if (watch) watch();
        });
    }

    tcp::Stack& tcp_of(std::string_view name) { return world.host(name).tcp(); }
    const tcp::Counters& counters() { return tcp_of("client").counters(); }
    void connect() { client.stream = tcp_of("client").connect(address, {.local = {}, .handler = &client}).value(); }
    /// Both send, and close; what did not hold, in words.
    std::string transfer(std::size_t up, std::size_t down, Duration limit) {
        client = Talker{}, server = Talker{};
        client.to_say = up, server.to_say = down;
        connect();
        const Instant begin = world.now();
        world.run_until([&] { return client.closed && server.closed; }, limit);
        took = world.now() - begin;
        if (client.heard != down || server.heard != up) return "not all arrived";
        if (client.wrong + server.wrong > 0) return "octets differ";
        if (client.closed != tcp::Error::none || server.closed != tcp::Error::none) return "not closed in order";
        return "";
    }

    World world{1};
    Link* link = nullptr;
    SocketAddress address;
    Talker client, server;
    tcp::Listener listener;
    Duration took{};
    std::function<void()> watch;
};

using Router = Path::Router;

struct Narrow {
    bool v6;
    std::uint32_t mtu;
    MtuProbing probing = MtuProbing::after_black_hole;
};

class NarrowPath : public ::testing::TestWithParam<Narrow> {
  protected:
    static tcp::Settings settings() {
        tcp::Settings s;
        s.mtu_probing = GetParam().probing;
        return s;
    }
};

TEST_P(NarrowPath, ThatSaysSoIsLearnedAtOnce_Rfc1191_Rfc8201) {
    Path p(GetParam().v6, GetParam().mtu, Router::speaks, settings());
    EXPECT_EQ(p.transfer(400'000, 400'000, 1min), "");
    EXPECT_LT(p.took, 3s);
    EXPECT_EQ(p.counters().black_holes, 0u);
    EXPECT_EQ(p.counters().retransmission_timeouts, 0u);
    EXPECT_EQ(p.link->counters(Direction::a_to_b).lost_for(LossReason::mtu), 0u);
}

TEST_P(NarrowPath, ThatKeepsSilentIsSurvived_Rfc4821) {
    Path p(GetParam().v6, GetParam().mtu, Router::keeps_silent, settings());
    EXPECT_EQ(p.transfer(2'000'000, 2'000'000, 5min), "");
    EXPECT_LT(p.took, 60s);
    EXPECT_GT(p.counters().mtu_probes, 0u);
    const bool base_passes = GetParam().probing == MtuProbing::always && GetParam().mtu >= 1076;
    EXPECT_EQ(p.counters().black_holes > 0, !base_passes);
}

TEST_P(NarrowPath, WithRandomLossesToo) {
    Path p(GetParam().v6, GetParam().mtu, Router::keeps_silent, settings());
    p.link->impairments(Direction::a_to_b).loss = 0.02;
    p.link->impairments(Direction::b_to_a).loss = 0.02;
    EXPECT_EQ(p.transfer(1'000'000, 1'000'000, 10min), "");
}

INSTANTIATE_TEST_SUITE_P(Families, NarrowPath,
                         ::testing::Values(Narrow{false, 1400}, Narrow{false, 1100}, Narrow{false, 1000},
                                           Narrow{false, 600}, Narrow{true, 1400}, Narrow{true, 1280},
                                           Narrow{false, 1400, MtuProbing::always},
                                           Narrow{false, 1000, MtuProbing::always},
                                           Narrow{true, 1400, MtuProbing::always}),
                         [](const ::testing::TestParamInfo<Narrow>& it) {
                             return std::string(it.param.v6 ? "v6_" : "v4_") + std::to_string(it.param.mtu) +
                                    (it.param.probing == MtuProbing::always ? "_always" : "");
                         });

TEST(BlackHole, WithoutProbingTheConnectionFails) {
    tcp::Settings tcp;
    tcp.mtu_probing = MtuProbing::off;
    tcp.data_retries = 5;
    Path p(false, 1400, Router::keeps_silent, tcp);
    EXPECT_EQ(p.transfer(100'000, 0, 5min), "not all arrived");
    EXPECT_EQ(p.client.closed, tcp::Error::timed_out);
}

TEST(BlackHole, TheSearchEndsWithinEightOctetsOfThePath_Rfc4821_7_3) {
    Path p(false, 1400, Router::keeps_silent);
    p.client.closes = false;
    p.client.to_say = 30'000'000;
    p.connect();
    p.world.run_for(60s);
    const std::uint16_t found = p.client.stream.info().path_mtu;
    EXPECT_LE(found, 1400);
    EXPECT_GT(found, 1400 - 8);
    const std::uint64_t probes = p.counters().mtu_probes;
    EXPECT_LT(probes, 12u);
    p.world.run_for(60s);
    EXPECT_EQ(p.counters().mtu_probes, probes) << "no more until it is time to raise it";
}

TEST(BlackHole, IsKnownToTheNextConnection_Rfc4821_5_2) {
    Path p(true, 1400, Router::keeps_silent);
    ASSERT_EQ(p.transfer(2'000'000, 0, 5min), "");
    const std::uint64_t timeouts = p.counters().retransmission_timeouts;
    ASSERT_EQ(p.transfer(2'000'000, 0, 5min), "");
    EXPECT_EQ(p.counters().retransmission_timeouts, timeouts);
    EXPECT_LT(p.took, 2s);
    EXPECT_EQ(p.counters().black_holes, 1u);
}

TEST(BlackHole, ALostProbeCostsNothingOfTheWindow_Rfc4821_7_6_2) {
    Path p(false, 1400, Router::keeps_silent);
    std::uint32_t largest = 0;
    bool smaller = false;
    p.watch = [&] {
        if (p.counters().mtu_probes == 0) return;
        const std::uint32_t cwnd = p.client.stream.info().cwnd;
        smaller = smaller || (cwnd > 0 && cwnd < largest);
        largest = std::max(largest, cwnd);
    };
    p.client.closes = false;
    p.client.to_say = 3'000'000;
    p.connect();
    p.world.run_for(20s);
    EXPECT_GT(p.counters().mtu_probes_lost, 1u);
    EXPECT_EQ(p.counters().fast_retransmits, 0u);
    EXPECT_FALSE(smaller);
    EXPECT_EQ(p.server.heard, 3'000'000u);
}

TEST(BlackHole, AnOutageIsTakenForOneAndOneProbeShowsThatItWasNone) {
    Path p(false, 1500, Router::speaks);
    p.client.closes = false;
    p.client.to_say = 3'000'000;
    p.connect();
    p.world.run_for(100ms);
    p.link->set_up(false);
    p.world.run_for(40s);
    p.link->set_up(true);
    EXPECT_LT(p.client.stream.info().path_mtu, 1100);
    p.world.run_for(60s);
    EXPECT_EQ(p.server.heard, 3'000'000u);
    EXPECT_EQ(p.client.stream.info().path_mtu, 1500);
    EXPECT_EQ(p.counters().mtu_probes, 1u);
}

TEST(PathMtuAges, AfterTenMinutesALargerOneIsTried_Rfc1191_6_3) {
    for (const bool v6 : {false, true}) {
        Path p(v6, 1400, Router::speaks);
        p.client.closes = false;
        p.client.to_say = 100'000;
        p.connect();
        p.world.run_for(5s);
        EXPECT_EQ(p.client.stream.info().path_mtu, 1400);
        EXPECT_EQ(p.counters().path_mtu_reports, 1u);
        p.world.run_for(9min);
        p.client.to_say += 100'000;
        p.client.push(p.client.stream);
        p.world.run_for(5s);
        EXPECT_EQ(p.counters().path_mtu_reports, 1u);
        p.world.run_for(2min);
        p.client.to_say += 100'000;
        p.client.push(p.client.stream);
        p.world.run_for(5s);
        EXPECT_EQ(p.counters().path_mtu_reports, 2u);
        EXPECT_EQ(p.client.stream.info().path_mtu, 1400);
        EXPECT_EQ(p.server.heard, 300'000u);
        EXPECT_EQ(p.counters().retransmission_timeouts, 0u);
    }
}

TEST(PathMtuAges, TheSearchBeginsAgainAfterTenMinutes_Rfc8899_5_1_1) {
    Path p(false, 1500, Router::speaks);
    std::size_t limit = 1400;
    p.link->set_script(Direction::a_to_b, [&](const PacketView& packet, std::uint64_t) {
        return Verdict{.lose = packet.bytes.size() > limit};
    });
    p.client.closes = false;
    p.client.to_say = 30'000'000;
    p.connect();
    p.world.run_for(1min);
    EXPECT_NEAR(p.client.stream.info().path_mtu, 1396, 4);
    limit = 1500;
    p.world.run_for(8min);
    p.client.to_say += 1'000'000;
    p.client.push(p.client.stream);
    p.world.run_for(10s);
    EXPECT_NEAR(p.client.stream.info().path_mtu, 1396, 4);
    p.world.run_for(2min);
    p.client.to_say += 1'000'000;
    p.client.push(p.client.stream);
    p.world.run_for(10s);
    EXPECT_EQ(p.client.stream.info().path_mtu, 1500);
    EXPECT_EQ(p.server.heard, 32'000'000u);
}

TEST(PathMtuIsShared, TheNextConnectionBeginsWithItAndAnnouncesItsInterface_Rfc6691) {
    Path p(false, 1300, Router::speaks);
    ASSERT_EQ(p.transfer(100'000, 0, 1min), "");
    ASSERT_EQ(p.transfer(100'000, 0, 1min), "");
    EXPECT_EQ(p.counters().path_mtu_reports, 1u);
    p.client = Talker{};
    p.client.closes = false;
    p.connect();
    p.world.run_for(1s);
    EXPECT_EQ(p.client.stream.info().path_mtu, 1300);
    EXPECT_EQ(p.client.stream.info().advertised_mss, 1460);
}

}  // namespace
}  // namespace hourglass::sim
