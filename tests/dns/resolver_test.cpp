#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dns/fake_network.h"

namespace hourglass::dns {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using Bytes = std::vector<std::byte>;

const SocketAddress kFirst{IpAddress::v4(10, 0, 0, 53), kPort};
const SocketAddress kSecond{IpAddress::v4(10, 0, 1, 53), kPort};

ResolverSettings with_servers(std::vector<SocketAddress> servers) {
    ResolverSettings settings;
    settings.servers = std::move(servers);
    return settings;
}

class Resolver : public ::testing::Test {
  protected:
    explicit Resolver(ResolverSettings settings = with_servers({kFirst, kSecond}), std::string_view hosts = "")
        : stub(std::move(settings), HostsFile::parse(hosts), SipKey{1, 2}) {
        net.serve(kFirst, server);
        net.serve(kSecond, server);
    }
    ~Resolver() override {
        net.run();
        EXPECT_TRUE(net.open_ports.empty()) << "every socket is released";
        EXPECT_EQ(net.open_connections, 0u) << "every connection is released";
        EXPECT_EQ(stub.questions_under_way(), 0u);
        EXPECT_EQ(stub.next_deadline(), kNever);
    }

    static std::optional<Bytes> nothing(std::span<const std::byte>) { return std::nullopt; }
    /// Answers every query with `rcode`.
    static FakeNetwork::Responder fails_with(Rcode rcode) {
        return [rcode](std::span<const std::byte> query) {
            Message m = Message::parse(query).value();
            m.header.response = true;
            m.header.rcode = rcode;
            return std::optional(m.to_bytes());
        };
    }
    /// The test's server behind a change to each response.
    FakeNetwork::Responder changed(std::function<void(Message&)> change) {
        return [this, change](std::span<const std::byte> query) {
            Message m = Message::parse(server.answer(query, Transport::udp)).value();
            change(m);
            return std::optional(m.to_bytes());
        };
    }

    AuthoritativeServer server{{zone(kExampleZone)}};
    StubResolver stub;
    FakeNetwork net{stub};
};

using Rfc1034Resolver = Resolver;
using Rfc2308Resolver = Resolver;
using Rfc5452Resolver = Resolver;
using Rfc6891Resolver = Resolver;
using Rfc7766Resolver = Resolver;

TEST_F(Rfc1034Resolver, NameBecomesItsAddressAndTtl) {
    const auto r = net.resolve("www.example.test");
    ASSERT_TRUE(r);
    EXPECT_THAT(r->addresses, ElementsAre(address("10.0.0.2")));
    EXPECT_EQ(r->canonical_name, name("www.example.test"));
    EXPECT_EQ(r->ttl, 300s);
    EXPECT_EQ(r->source, Source::network);
    EXPECT_EQ(net.sent.size(), 1u);
}

TEST_F(Rfc1034Resolver, BothFamiliesAreAskedAtOnceAndIpv6ComesFirst) {
    const auto r = net.resolve("www.example.test", Families::both);
    ASSERT_TRUE(r);
    EXPECT_THAT(r->addresses, ElementsAre(address("2001:db8::2"), address("10.0.0.2")));
    EXPECT_EQ(net.sent.size(), 2u);
    EXPECT_EQ(net.now, Instant(1000s) + 20ms) << "one round trip";
}

TEST_F(Rfc1034Resolver, OneFamilyIsEnoughForBoth) {
    const auto r = net.resolve("v4only.example.test", Families::both);
    ASSERT_TRUE(r);
    EXPECT_THAT(r->addresses, ElementsAre(address("10.0.0.4")));
    EXPECT_EQ(net.resolve("v4only.example.test", Families::v6), std::unexpected(ResolveError::no_data));
}

TEST_F(Rfc1034Resolver, AliasesLeadToTheCanonicalNameAtTheLeastTtl) {
    const auto r = net.resolve("chain.example.test");
    ASSERT_TRUE(r);
    EXPECT_EQ(r->canonical_name, name("www.example.test"));
    EXPECT_THAT(r->addresses, ElementsAre(address("10.0.0.2")));
    EXPECT_EQ(r->ttl, 60s);
}

TEST_F(Rfc1034Resolver, AliasThatLeadsOutOfTheMessageIsAskedForFurther) {
    AuthoritativeServer other({zone("$ORIGIN elsewhere.test.\n@ 9 SOA a b 1 2 3 4 5\nwww A 10.7.7.7\n")});
    net.serve(kFirst, [&](std::span<const std::byte> query) {
        const auto m = Message::parse(query).value();
        auto& which = m.questions[0].name.is_within(name("elsewhere.test")) ? other : server;
        return std::optional(which.answer(query, Transport::udp));
    });
    const auto r = net.resolve("away.example.test");
    ASSERT_TRUE(r);
    EXPECT_EQ(r->canonical_name, name("www.elsewhere.test"));
    EXPECT_THAT(r->addresses, ElementsAre(address("10.7.7.7")));
    EXPECT_EQ(r->ttl, 9s);
    EXPECT_EQ(net.sent.size(), 2u);
    EXPECT_EQ(net.resolve("away.example.test")->source, Source::cache);
}

TEST_F(Rfc1034Resolver, LoopOfAliasesEndsInAnError) {
    EXPECT_EQ(net.resolve("loop1.example.test"), std::unexpected(ResolveError::too_many_aliases));
}

TEST_F(Rfc1034Resolver, LoopOverSeveralAnswersEndsToo) {
    net.serve(kFirst, [](std::span<const std::byte> query) {
        Message m = Message::parse(query).value();
        m.header.response = true;
        const bool a = m.questions[0].name == name("a.test");
        m.answers.push_back({m.questions[0].name, Type::cname, Class::in, 5, name(a ? "b.test" : "a.test")});
        return std::optional(m.to_bytes());
    });
    EXPECT_EQ(net.resolve("a.test"), std::unexpected(ResolveError::too_many_aliases));
    EXPECT_EQ(net.sent.size(), 17u);
}

TEST_F(Rfc1034Resolver, LostDatagramIsSentAgainToTheNextServerWithAnotherIdAndPort) {
    net.serve(kFirst, nothing);
    const auto r = net.resolve("www.example.test");
    ASSERT_TRUE(r);
    EXPECT_EQ(net.now, Instant(1000s) + 2s + 20ms);
    ASSERT_EQ(net.sent.size(), 2u);
    EXPECT_EQ(net.sent[1].server, kSecond);
    EXPECT_NE(net.sent[0].local_port, net.sent[1].local_port);
    EXPECT_NE(Message::parse(net.sent[0].bytes)->header.id, Message::parse(net.sent[1].bytes)->header.id);
}

TEST_F(Rfc1034Resolver, SilenceEndsInATimeoutAfterAllRounds) {
    net.serve(kFirst, nothing);
    net.serve(kSecond, nothing);
    EXPECT_EQ(net.resolve("www.example.test"), std::unexpected(ResolveError::timed_out));
    EXPECT_EQ(net.sent.size(), 6u) << "two servers, three rounds";
    EXPECT_EQ(net.now, Instant(1000s) + 2 * (2s + 4s + 8s));
    EXPECT_EQ(stub.counters().timeouts, 6u);
}

TEST_F(Rfc1034Resolver, ServerThatFailsIsNotAskedAgain) {
    net.serve(kFirst, fails_with(Rcode::server_failure));
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.now, Instant(1000s) + 40ms) << "at once, without waiting for a timeout";
    net.serve(kSecond, fails_with(Rcode::refused));
    EXPECT_EQ(net.resolve("v4only.example.test"), std::unexpected(ResolveError::server_failure));
    EXPECT_EQ(net.sent.size(), 4u);
}

TEST_F(Rfc1034Resolver, ReferralIsNoAnswerForAStub) {
    EXPECT_EQ(net.resolve("host.sub.example.test"), std::unexpected(ResolveError::server_failure));
}

TEST_F(Rfc1034Resolver, UnreachableServerIsLeftAtOnce) {
    net.serve(kFirst, nothing);
    const auto id = stub.resolve("www.example.test", Families::v4, net.now);
    net.run(net.now);
    stub.unreachable(net.sent.at(0).local_port, net.now);
    net.run();
    ASSERT_EQ(net.results.size(), 1u);
    EXPECT_EQ(net.results[0].query, id);
    EXPECT_TRUE(net.results[0].result);
    EXPECT_EQ(net.now, Instant(1000s) + 20ms);
}

TEST_F(Rfc1034Resolver, SameQuestionIsUnderWayOnce) {
    for (int i = 0; i < 3; ++i) stub.resolve(i == 1 ? "WWW.example.test." : "www.example.test", Families::v4, net.now);
    net.run();
    EXPECT_EQ(net.sent.size(), 1u);
    EXPECT_EQ(net.results.size(), 3u);
}

TEST_F(Rfc1034Resolver, CancelledQueryHasNoResultAndFreesItsSocket) {
    const auto one = stub.resolve("www.example.test", Families::both, net.now);
    const auto two = stub.resolve("www.example.test", Families::v4, net.now);
    net.run(net.now);
    stub.cancel(one);
    EXPECT_EQ(stub.questions_under_way(), 1u) << "the other still waits for A";
    net.run();
    ASSERT_EQ(net.results.size(), 1u);
    EXPECT_EQ(net.results[0].query, two);
}

TEST_F(Rfc1034Resolver, QuestionThatWasCancelledBeforeItLeftIsNotSent) {
    stub.cancel(stub.resolve("www.example.test", Families::both, net.now));
    EXPECT_FALSE(stub.next_datagram());
}

TEST_F(Rfc1034Resolver, CachedAnswerServesUntilItsTtlEnds) {
    net.resolve("www.example.test");
    net.run(net.now + 299s);
    const auto cached = net.resolve("www.example.test");
    ASSERT_TRUE(cached);
    EXPECT_EQ(cached->source, Source::cache);
    EXPECT_EQ(cached->ttl, 1s) << "what is left of 300 s";
    EXPECT_EQ(net.sent.size(), 1u);
    net.run(net.now + 1s);
    EXPECT_EQ(net.resolve("www.example.test")->source, Source::network);
    EXPECT_EQ(net.sent.size(), 2u);
}

TEST_F(Rfc1034Resolver, TtlOfZeroIsUsedOnceAndNotKept) {
    EXPECT_EQ(net.resolve("brief.example.test")->ttl, 0s);
    EXPECT_EQ(net.resolve("brief.example.test")->source, Source::network);
    EXPECT_EQ(net.sent.size(), 2u);
}

TEST_F(Rfc2308Resolver, NxdomainIsKeptForTheMinimumOfTheSoaAndForEveryType) {
    EXPECT_EQ(net.resolve("nothing.example.test"), std::unexpected(ResolveError::name_error));
    EXPECT_EQ(net.resolve("nothing.example.test", Families::both), std::unexpected(ResolveError::name_error));
    EXPECT_EQ(net.sent.size(), 1u);
    net.run(net.now + 60s);
    EXPECT_EQ(net.resolve("nothing.example.test"), std::unexpected(ResolveError::name_error));
    EXPECT_EQ(net.sent.size(), 2u);
}

TEST_F(Rfc2308Resolver, NoDataIsKeptForItsTypeOnly) {
    EXPECT_EQ(net.resolve("v4only.example.test", Families::v6), std::unexpected(ResolveError::no_data));
    EXPECT_EQ(net.resolve("v4only.example.test", Families::v6), std::unexpected(ResolveError::no_data));
    EXPECT_EQ(net.sent.size(), 1u);
    EXPECT_TRUE(net.resolve("v4only.example.test"));
    EXPECT_EQ(net.sent.size(), 2u);
}

TEST_F(Rfc2308Resolver, NegativeAnswerWithoutSoaIsNotKept) {
    net.serve(kFirst, changed([](Message& m) { m.authorities.clear(); }));
    EXPECT_EQ(net.resolve("nothing.example.test"), std::unexpected(ResolveError::name_error));
    EXPECT_EQ(net.resolve("nothing.example.test"), std::unexpected(ResolveError::name_error));
    EXPECT_EQ(net.sent.size(), 2u);
}

TEST_F(Rfc2308Resolver, NegativeTtlHasALimit) {
    net.serve(kFirst, changed([](Message& m) {
                  m.authorities.at(0).ttl = 900000;
                  std::get<Soa>(m.authorities.at(0).data).minimum = 900000;
              }));
    net.resolve("nothing.example.test");
    net.run(net.now + 3h);
    net.resolve("nothing.example.test");
    EXPECT_EQ(net.sent.size(), 2u);
}

/// Sends `forged` to the resolver in the place of the true answer, which follows; says which address it believed.
class Rfc5452Forgery : public Resolver {
  protected:
    std::string believed(const std::function<void(Message&, SocketAddress&, Port&)>& change) {
        const auto id = stub.resolve("www.example.test", Families::v4, net.now);
        net.run(net.now);
        const OutgoingDatagram& query = net.sent.back();
        Message forged = Message::parse(query.bytes).value();
        forged.header.response = true;
        forged.answers.push_back({name("www.example.test"), Type::a, Class::in, 900, address("6.6.6.6")});
        SocketAddress from = query.server;
        Port port = query.local_port;
        change(forged, from, port);
        stub.receive(from, port, forged.to_bytes(), net.now);
        net.run();
        EXPECT_EQ(net.results.back().query, id);
        return net.results.back().result.value().addresses.at(0).to_string();
    }
};

TEST_F(Rfc5452Forgery, ForgeryThatGuessesEverythingWouldBeBelieved) {
    EXPECT_EQ(believed([](Message&, SocketAddress&, Port&) {}), "6.6.6.6") << "the checks below check something";
}

TEST_F(Rfc5452Forgery, WrongIdIsIgnored) {
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) { ++m.header.id; }), "10.0.0.2");
    EXPECT_EQ(stub.counters().ignored_id, 1u);
}

TEST_F(Rfc5452Forgery, WrongServerAddressOrPortIsIgnored) {
    EXPECT_EQ(believed([](Message&, SocketAddress& from, Port&) { from = kSecond; }), "10.0.0.2");
    stub.clear_cache();
    EXPECT_EQ(believed([](Message&, SocketAddress& from, Port&) { from.port = Port{54}; }), "10.0.0.2");
    EXPECT_EQ(stub.counters().ignored_server, 2u);
}

TEST_F(Rfc5452Forgery, WrongPortIsIgnored) {
    EXPECT_EQ(believed([](Message&, SocketAddress&, Port& to) { to = Port(to_number(to) ^ 1); }), "10.0.0.2");
    EXPECT_EQ(stub.counters().ignored_late, 1u);
}

TEST_F(Rfc5452Forgery, WrongQuestionIsIgnored) {
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) { m.questions[0].name = name("w.example.test"); }),
              "10.0.0.2");
    stub.clear_cache();
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) { m.questions[0].type = Type::aaaa; }), "10.0.0.2");
    stub.clear_cache();
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) { m.questions.clear(); }), "10.0.0.2");
    EXPECT_EQ(stub.counters().ignored_question, 3u);
}

TEST_F(Rfc5452Forgery, EchoOfTheQueryIsIgnored) {
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) { m.header.response = false; }), "10.0.0.2");
}

TEST_F(Rfc5452Forgery, RecordsOfOtherNamesInTheAnswerAreIgnored) {
    EXPECT_EQ(believed([](Message& m, SocketAddress&, Port&) {
                  m.answers[0].name = name("bank.test");
                  m.answers.push_back({name("www.example.test"), Type::a, Class::in, 5, address("10.0.0.2")});
              }),
              "10.0.0.2");
    EXPECT_FALSE(net.resolve("bank.test")) << "nor are they kept";
}

TEST_F(Rfc5452Resolver, ManyForgeriesMakeItAskOverTcp) {
    net.serve(kFirst, nothing, [this](auto query) { return std::optional(server.answer(query, Transport::tcp)); });
    stub.resolve("www.example.test", Families::v4, net.now);
    net.run(net.now);
    Message forged = Message::parse(net.sent.at(0).bytes).value();
    forged.header.response = true;
    for (std::uint32_t i = 0; i < stub.settings().forgeries; ++i) {
        ++forged.header.id;
        stub.receive(kFirst, net.sent[0].local_port, forged.to_bytes(), net.now);
    }
    net.run();
    EXPECT_EQ(net.tcp_requests.size(), 1u);
    ASSERT_EQ(net.results.size(), 1u);
    EXPECT_THAT(net.results[0].result.value().addresses, ElementsAre(address("10.0.0.2")));
}

TEST_F(Rfc5452Resolver, PortsAndIdsDependOnTheSecret) {
    const auto first_datagram = [](SipKey secret) {
        StubResolver r(with_servers({kFirst}), {}, secret);
        r.resolve("www.example.test", Families::v4, Instant{});
        return r.next_datagram().value();
    };
    const auto a = first_datagram({1, 2});
    const auto b = first_datagram({3, 4});
    EXPECT_EQ(a.bytes, first_datagram({1, 2}).bytes) << "the same secret gives the same run";
    EXPECT_NE(a.local_port, b.local_port);
    EXPECT_NE(a.bytes, b.bytes);
}

TEST_F(Rfc5452Resolver, LateAnswerToAFormerAttemptIsIgnored) {
    net.delay = 1500ms;  // the round trip is longer than the first timeout, shorter than the second
    const auto r = net.resolve("www.example.test");
    ASSERT_TRUE(r);
    EXPECT_EQ(net.sent.size(), 3u);
    EXPECT_GE(stub.counters().ignored_late, 1u);
}

TEST_F(Rfc7766Resolver, TruncatedAnswerIsAskedForOverTcp) {
    std::string text(kExampleZone);
    for (int i = 0; i < 100; ++i) text += "big A 10.1.0." + std::to_string(i) + "\n";
    AuthoritativeServer big({zone(text)});
    net.serve(kFirst, big);
    const auto r = net.resolve("big.example.test");
    ASSERT_TRUE(r);
    EXPECT_EQ(r->addresses.size(), stub.settings().max_addresses) << "all 100 came, 64 are kept";
    ASSERT_EQ(net.tcp_requests.size(), 1u);
    EXPECT_EQ(net.tcp_requests[0].server, kFirst);
}

TEST_F(Rfc7766Resolver, TruncatedAnswerIsNotBelievedEvenWhenTheRestIsBroken) {
    net.serve(
        kFirst,
        [this](std::span<const std::byte> query) {
            auto bytes = server.answer(query, Transport::udp);
            bytes[2] |= std::byte{0x02};
            bytes.resize(bytes.size() - 20);
            return std::optional(bytes);
        },
        [this](auto query) { return std::optional(server.answer(query, Transport::tcp)); });
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.tcp_requests.size(), 1u);
}

TEST_F(Rfc7766Resolver, ServerWithoutTcpIsLeftForTheNext) {
    net.serve(kFirst, changed([](Message& m) { m.header.truncated = true; }));
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.sent.back().server, kSecond);
}

TEST_F(Rfc7766Resolver, SilentConnectionTimesOut) {
    net.serve(kFirst, changed([](Message& m) { m.header.truncated = true; }), nothing);
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.now, Instant(1000s) + 20ms + 5s + 20ms);
}

TEST_F(Rfc7766Resolver, GarbageOnTheConnectionIsAFailureOfTheServer) {
    net.serve(kFirst, changed([](Message& m) { m.header.truncated = true; }),
              [](auto) { return std::optional(octets("rubbish")); });
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.sent.back().server, kSecond);
}

TEST_F(Rfc6891Resolver, ServerThatDoesNotKnowEdnsIsAskedOnceMoreWithout) {
    net.serve(kFirst, [this](std::span<const std::byte> query) {
        Message m = Message::parse(query).value();
        if (!m.edns) return std::optional(server.answer(query, Transport::udp));
        Message error;
        error.header = {.id = m.header.id, .response = true, .rcode = Rcode::format_error};
        return std::optional(error.to_bytes());  // without the question, as servers that cannot read it do
    });
    EXPECT_TRUE(net.resolve("www.example.test"));
    EXPECT_EQ(net.sent.size(), 2u);
    EXPECT_EQ(net.sent[1].server, kFirst);
}

class HostsResolver : public Resolver {
  protected:
    HostsResolver()
        : Resolver(with_servers({kFirst}),
                   "10.0.0.9 shop.example.test shop\n2001:db8::9 shop\n10.0.0.9 www.example.test\n") {}
};

TEST_F(HostsResolver, HostsFileComesBeforeTheNetwork) {
    const auto r = net.resolve("shop", Families::both);
    ASSERT_TRUE(r);
    EXPECT_THAT(r->addresses, ElementsAre(address("2001:db8::9"), address("10.0.0.9")));
    EXPECT_EQ(r->canonical_name, name("shop.example.test"));
    EXPECT_EQ(r->source, Source::hosts_file);
    EXPECT_TRUE(net.sent.empty());
}

TEST_F(HostsResolver, FamilyThatTheFileHasNotIsAskedFor) {
    const auto r = net.resolve("www.example.test", Families::v6);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->source, Source::network);
}

TEST_F(Resolver, AddressIsItsOwnAnswer) {
    EXPECT_EQ(net.resolve("10.1.2.3")->source, Source::literal);
    EXPECT_THAT(net.resolve("2001:db8::1", Families::both)->addresses, ElementsAre(address("2001:db8::1")));
    EXPECT_EQ(net.resolve("10.1.2.3", Families::v6), std::unexpected(ResolveError::no_data));
    EXPECT_TRUE(net.sent.empty());
}

TEST_F(Resolver, Rfc6761LocalhostIsLoopbackAndInvalidDoesNotExist) {
    EXPECT_THAT(net.resolve("localhost", Families::both)->addresses, ElementsAre(address("::1"), address("127.0.0.1")));
    EXPECT_THAT(net.resolve("db.LocalHost.")->addresses, ElementsAre(address("127.0.0.1")));
    EXPECT_EQ(net.resolve("some.invalid"), std::unexpected(ResolveError::name_error));
    EXPECT_TRUE(net.sent.empty());
}

TEST_F(Resolver, TextThatIsNoHostNameIsABadName) {
    for (const std::string& text :
         {std::string(), std::string("."), std::string("a..b"), std::string(64, 'a'), std::string("two words"),
          std::string("b\xc3\xbc"
                      "cher.test")})
        EXPECT_EQ(net.resolve(text), std::unexpected(ResolveError::bad_name)) << text;
}

TEST_F(Resolver, WithoutServersOnlyTheNetworkIsMissing) {
    StubResolver lonely({}, {}, SipKey{});
    lonely.resolve("www.example.test", Families::both, Instant{});
    lonely.resolve("localhost", Families::v4, Instant{});
    EXPECT_EQ(lonely.next_result()->result, std::unexpected(ResolveError::no_servers));
    EXPECT_TRUE(lonely.next_result()->result);
}

class SmallResolver : public Resolver {
  protected:
    static ResolverSettings small() {
        auto settings = with_servers({kFirst});
        settings.max_questions = 2;
        settings.max_queries = 3;
        settings.cache_entries = 2;
        return settings;
    }
    SmallResolver() : Resolver(small()) {}
};

TEST_F(SmallResolver, QuestionsAndQueriesBeyondTheLimitsAreRefused) {
    for (const char* text : {"a.example.test", "b.example.test", "c.example.test", "a.example.test", "b.example.test"})
        stub.resolve(text, Families::v4, net.now);
    net.run();
    ASSERT_EQ(net.results.size(), 5u);
    const auto refused = std::ranges::count(net.results, ResolveResult(std::unexpected(ResolveError::limit_reached)),
                                            &QueryResult::result);
    EXPECT_EQ(refused, 2) << "the third question, and the fourth query that waits";
}

TEST_F(SmallResolver, FullCacheDropsWhatWasUsedLeastRecently) {
    net.resolve("www.example.test");
    net.resolve("v4only.example.test");
    net.resolve("www.example.test");
    net.resolve("mail.example.test");
    EXPECT_EQ(stub.cache().size(), 2u);
    EXPECT_EQ(net.resolve("www.example.test")->source, Source::cache);
    EXPECT_EQ(net.resolve("v4only.example.test")->source, Source::network);
}

}  // namespace
}  // namespace hourglass::dns
