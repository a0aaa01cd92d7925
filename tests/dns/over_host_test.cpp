#include "hourglass/dns/over_host.h"

#include <deque>
#include <functional>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/support.h"

namespace hourglass::dns {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr ip::InterfaceId kOnly{0};

/// Two hosts on one wire without loss, in virtual time.
class TwoHosts : public ::testing::Test {
  protected:
    TwoHosts() {
        attach(client, "10.0.0.1/24", "2001:db8::1/64");
        attach(server, "10.0.0.53/24", "2001:db8::53/64");
    }

    static ip::HostSettings settings(std::uint64_t secret) {
        ip::HostSettings s;
        s.secret = {secret, secret};
        return s;
    }
    static void attach(ip::Host& host, std::string_view v4, std::string_view v6) {
        ip::InterfaceSettings interface;
        interface.addresses = {Prefix::parse(v4).value(), Prefix::parse(v6).value()};
        host.add_interface(std::move(interface));
    }

    /// Runs both hosts until `done`, or until nothing is left to do before `limit`.
    void run(const std::function<bool()>& done, Duration limit = 60s) {
        const Instant end = now + limit;
        while (!done()) {
            client.poll(now);
            server.poll(now);
            collect(client, server);
            collect(server, client);
            Instant next = std::min(client.next_deadline(), server.next_deadline());
            if (!on_wire.empty()) next = std::min(next, on_wire.front().arrival);
            if (next > end) break;
            now = std::max(now, next);
            while (!on_wire.empty() && on_wire.front().arrival <= now) {
                on_wire.front().to->receive(kOnly, std::move(on_wire.front().packet), now);
                on_wire.pop_front();
            }
        }
    }

    ResolveResult resolve(HostResolver& resolver, std::string_view text, Families families = Families::v4) {
        std::optional<ResolveResult> result;
        resolver.resolve(text, families, [&](const ResolveResult& r, Instant) { result = r; });
        EXPECT_FALSE(result) << "the handler is called from poll, never from inside resolve";
        run([&] { return result.has_value(); });
        if (!result) return std::unexpected(ResolveError::timed_out);
        return *result;
    }

    static ResolverSettings asking(std::string_view server_address) {
        ResolverSettings s;
        s.servers = {{address(server_address), kPort}};
        return s;
    }
    static Zone big_zone() {
        std::string text(kExampleZone);
        for (int i = 0; i < 200; ++i) text += "big A 10.1.0." + std::to_string(i) + "\n";
        return zone(text);
    }

    Instant now{1000s};
    BufferPool pool;
    ip::Host client{settings(1), pool};
    ip::Host server{settings(2), pool};

  private:
    struct Flying {
        Instant arrival;
        ip::Host* to;
        Packet packet;
    };
    void collect(ip::Host& from, ip::Host& to) {
        for (Packet& packet : from.take_output(kOnly)) on_wire.push_back({now + 5ms, &to, std::move(packet)});
    }
    std::deque<Flying> on_wire;
};

TEST_F(TwoHosts, NameIsResolvedOverUdpOfBothFamilies) {
    HostServer name_server(server, {zone(kExampleZone)});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    ASSERT_TRUE(name_server.listen({IpAddress(), kPort}));
    for (const char* at : {"10.0.0.53", "2001:db8::53"}) {
        HostResolver resolver(client, asking(at));
        const auto r = resolve(resolver, "alias.example.test", Families::both);
        ASSERT_TRUE(r) << at << ": " << to_string(r.error());
        EXPECT_THAT(r->addresses, ElementsAre(address("2001:db8::2"), address("10.0.0.2")));
    }
    EXPECT_EQ(name_server.server().counters().answered, 4u);
}

TEST_F(TwoHosts, TruncatedAnswerComesOverTcp) {
    HostServer name_server(server, {big_zone()});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    HostResolver resolver(client, asking("10.0.0.53"));
    const auto r = resolve(resolver, "big.example.test");
    ASSERT_TRUE(r) << to_string(r.error());
    EXPECT_EQ(r->addresses.size(), 64u);
    EXPECT_EQ(resolver.stub().counters().tcp_exchanges, 1u);
    run([] { return false; }, 1s);
    EXPECT_EQ(name_server.connections(), 0u) << "the client closed, and so did the server";
}

TEST_F(TwoHosts, AnswerThatExpiredInALongSilenceIsAskedForAgain) {
    HostServer name_server(server, {zone(kExampleZone)});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    HostResolver resolver(client, asking("10.0.0.53"));
    ASSERT_TRUE(resolve(resolver, "www.example.test", Families::v4));
    ASSERT_TRUE(resolve(resolver, "www.example.test", Families::v4));
    EXPECT_EQ(name_server.server().counters().answered, 1u) << "the second answer came from the cache";
    now += std::chrono::hours(24 * 30);  // and nobody has polled the host
    ASSERT_TRUE(resolve(resolver, "www.example.test", Families::v4));
    EXPECT_EQ(name_server.server().counters().answered, 2u);
}

TEST_F(TwoHosts, ServerThatIsNotThereTimesOut) {
    HostResolver resolver(client, asking("10.0.0.99"));
    EXPECT_EQ(resolve(resolver, "www.example.test"), std::unexpected(ResolveError::timed_out));
}

TEST_F(TwoHosts, ServerWithoutRouteFailsAtOnce) {
    HostResolver resolver(client, asking("192.0.2.1"));
    const Instant before = now;
    EXPECT_EQ(resolve(resolver, "www.example.test"), std::unexpected(ResolveError::server_failure));
    EXPECT_EQ(now, before);
}

TEST_F(TwoHosts, CancelledQueryIsNotToldOf) {
    HostServer name_server(server, {zone(kExampleZone)});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    HostResolver resolver(client, asking("10.0.0.53"));
    bool told = false;
    resolver.cancel(resolver.resolve("www.example.test", Families::v4, [&](const auto&, Instant) { told = true; }));
    run([] { return false; }, 20s);
    EXPECT_FALSE(told);
}

TEST_F(TwoHosts, HandlerMayResolveAgain) {
    HostServer name_server(server, {zone(kExampleZone)});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    HostResolver resolver(client, asking("10.0.0.53"));
    std::optional<ResolveResult> second;
    resolver.resolve("www.example.test", Families::v4, [&](const auto&, Instant) {
        resolver.resolve("mail.example.test", Families::v4, [&](const ResolveResult& r, Instant) { second = r; });
    });
    run([&] { return second.has_value(); });
    ASSERT_TRUE(second && *second);
    EXPECT_THAT((*second)->addresses, ElementsAre(address("10.0.0.25")));
}

/// A client over TCP that sends what the test says.
class RawClient : public tcp::ConnectionHandler {
  public:
    void on_readable(tcp::Stream stream) override {
        std::array<std::byte, 4096> buffer;
        while (const std::size_t n = stream.receive(buffer)) {
            auto bytes = std::span<const std::byte>(buffer).first(n);
            while (auto message = framer.take(bytes)) messages.push_back(std::move(*message));
        }
        ended = ended || stream.at_end();
    }
    void on_closed(tcp::Stream, tcp::Error) override { ended = true; }

    TcpFramer framer;
    std::vector<std::vector<std::byte>> messages;
    bool ended = false;
};

TEST_F(TwoHosts, Rfc7766QueriesOnOneConnectionAreAnsweredInOrderAndAnIdleOneIsClosed) {
    HostServer name_server(server, {big_zone()}, {.idle_timeout = 10s});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    RawClient raw;
    auto stream = client.tcp().connect({address("10.0.0.53"), kPort}, {.local = {}, .handler = &raw}).value();
    constexpr std::uint16_t kQueries = 50;
    std::vector<std::byte> bytes;
    for (std::uint16_t id = 0; id < kQueries; ++id)
        bytes = bytes + tcp_framed(make_query(id, {name("big.example.test"), Type::a, Class::in}).to_bytes());
    ASSERT_EQ(stream.send(bytes), bytes.size());
    run([&] { return raw.messages.size() == kQueries; });
    ASSERT_EQ(raw.messages.size(), kQueries);
    for (std::uint16_t id = 0; id < kQueries; ++id) EXPECT_EQ(Message::parse(raw.messages[id])->header.id, id);
    EXPECT_FALSE(raw.ended);
    const Instant answered = now;
    run([&] { return raw.ended; });
    EXPECT_TRUE(raw.ended);
    EXPECT_GE(now - answered, 9s);
    EXPECT_LE(now - answered, 11s);
    stream.set_handler(nullptr);
}

TEST_F(TwoHosts, AnotherZoneAnswersOnConnectionsThatAreThereAndTheCacheKeepsWhatItHasForItsTime) {
    HostServer name_server(server, {zone(kExampleZone)}, {.idle_timeout = 1h});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    HostResolver resolver(client, asking("10.0.0.53"));
    RawClient raw;
    auto stream = client.tcp().connect({address("10.0.0.53"), kPort}, {.local = {}, .handler = &raw}).value();
    const auto ask = [&] {
        const auto heard = raw.messages.size();
        stream.send(tcp_framed(make_query(1, {name("www.example.test"), Type::a, Class::in}).to_bytes()));
        run([&] { return raw.messages.size() > heard; });
        return Message::parse(raw.messages.back())->answers.at(0).to_string();
    };
    run([&] { return stream.state() == tcp::State::established; });
    EXPECT_EQ(ask(), "www.example.test. 300 IN A 10.0.0.2");
    EXPECT_THAT(resolve(resolver, "www.example.test")->addresses, ElementsAre(address("10.0.0.2")));

    std::vector<Zone> changed;
    changed.push_back(
        zone("$ORIGIN example.test.\n$TTL 300\n@ SOA ns root 2 1 1 1 60\n@ NS ns\n"
             "ns A 10.0.0.53\nwww A 10.0.0.77\n"));
    name_server.reload(std::move(changed));
    EXPECT_EQ(ask(), "www.example.test. 300 IN A 10.0.0.77");
    EXPECT_THAT(resolve(resolver, "www.example.test")->addresses, ElementsAre(address("10.0.0.2")));
    now += 300s;
    EXPECT_THAT(resolve(resolver, "www.example.test")->addresses, ElementsAre(address("10.0.0.77")));
    stream.set_handler(nullptr);
}

TEST_F(TwoHosts, ConnectionsBeyondTheLimitAreReset) {
    HostServer name_server(server, {zone(kExampleZone)}, {.max_connections = 2});
    ASSERT_TRUE(name_server.listen({IpAddress::v4(0), kPort}));
    std::array<RawClient, 3> raw;
    std::vector<tcp::Stream> streams;
    for (RawClient& handler : raw)
        streams.push_back(
            client.tcp().connect({address("10.0.0.53"), kPort}, {.local = {}, .handler = &handler}).value());
    run([] { return false; }, 1s);
    EXPECT_EQ(name_server.connections(), 2u);
    EXPECT_EQ(std::ranges::count(raw, true, &RawClient::ended), 1);
    for (tcp::Stream& stream : streams) stream.set_handler(nullptr);
}

TEST_F(TwoHosts, PortThatIsTakenIsSaidSo) {
    HostServer one(server, {zone(kExampleZone)});
    HostServer two(server, {zone(kExampleZone)});
    ASSERT_TRUE(one.listen({IpAddress::v4(0), kPort}));
    const auto second = two.listen({IpAddress::v4(0), kPort});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error(), "cannot open UDP 0.0.0.0:53: address already in use");
}

}  // namespace
}  // namespace hourglass::dns
