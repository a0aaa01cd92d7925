#include <gtest/gtest.h>

#include "dns/support.h"
#include "hourglass/dns/authoritative_server.h"

namespace hourglass::dns {
namespace {

class Server : public ::testing::Test {
  protected:
    Message ask(const Message& query, Transport transport = Transport::udp) {
        return Message::parse(server.answer(query.to_bytes(), transport)).value();
    }
    Message ask(std::string_view owner, Type type) { return ask(make_query(7, {name(owner), type, Class::in})); }

    AuthoritativeServer server{{zone(kExampleZone)}};
};

using Rfc1034Server = Server;
using Rfc2308Server = Server;
using Rfc6891Server = Server;
using Rfc1035Server = Server;

TEST_F(Rfc1034Server, AnswersWithAuthorityFromItsZone) {
    const Message m = ask("www.example.test", Type::a);
    EXPECT_EQ(m.header.id, 7);
    EXPECT_TRUE(m.header.response);
    EXPECT_TRUE(m.header.authoritative);
    EXPECT_TRUE(m.header.recursion_desired) << "copied from the query";
    EXPECT_FALSE(m.header.recursion_available);
    ASSERT_EQ(m.answers.size(), 1u);
    EXPECT_EQ(m.answers[0].to_string(), "www.example.test. 300 IN A 10.0.0.2");
}

TEST_F(Rfc1034Server, AnswersFromAnotherZoneAsSoonAsItIsThere) {
    EXPECT_EQ(ask("www.example.test", Type::a).answers.size(), 1u);
    std::vector<Zone> others;
    others.push_back(zone("$ORIGIN other.test.\n@ 60 IN SOA ns root 1 1 1 1 60\n@ 60 IN NS ns\nns 60 IN A 10.9.9.9\n"));
    server.reload(std::move(others));
    EXPECT_EQ(ask("www.example.test", Type::a).header.rcode, Rcode::refused) << "it is nobody's any more";
    ASSERT_EQ(ask("ns.other.test", Type::a).answers.size(), 1u);
    EXPECT_EQ(ask("ns.other.test", Type::a).answers[0].to_string(), "ns.other.test. 60 IN A 10.9.9.9");
    EXPECT_EQ(server.counters().answered, 3u) << "what was counted before stays";
}

TEST_F(Rfc1034Server, FollowsAliasesInsideTheZone) {
    const Message m = ask("chain.example.test", Type::aaaa);
    ASSERT_EQ(m.answers.size(), 3u);
    EXPECT_EQ(m.answers[0].to_string(), "chain.example.test. 60 IN CNAME alias.example.test.");
    EXPECT_EQ(m.answers[2].to_string(), "www.example.test. 300 IN AAAA 2001:db8::2");
}

TEST_F(Rfc1034Server, AliasThatLeadsAwayIsTheWholeAnswer) {
    const Message m = ask("away.example.test", Type::a);
    EXPECT_EQ(m.header.rcode, Rcode::no_error);
    EXPECT_EQ(m.answers.size(), 1u);
    EXPECT_TRUE(m.authorities.empty());
}

TEST_F(Rfc1034Server, QuestionForTheAliasItselfIsNotFollowed) {
    EXPECT_EQ(ask("alias.example.test", Type::cname).answers.size(), 1u);
}

TEST_F(Rfc1034Server, LoopOfAliasesEnds) {
    const Message m = ask("loop1.example.test", Type::a);
    EXPECT_EQ(m.answers.size(), 17u);
}

TEST_F(Rfc1034Server, MailAndNameServersBringTheirAddresses) {
    const Message mx = ask("example.test", Type::mx);
    ASSERT_EQ(mx.additionals.size(), 1u);
    EXPECT_EQ(mx.additionals[0].to_string(), "mail.example.test. 300 IN A 10.0.0.25");
    EXPECT_EQ(ask("example.test", Type::ns).additionals.size(), 3u);
}

TEST_F(Rfc1034Server, DelegatedNameGetsAReferralWithGlueAndNoAuthority) {
    const Message m = ask("host.sub.example.test", Type::a);
    EXPECT_FALSE(m.header.authoritative);
    EXPECT_TRUE(m.answers.empty());
    EXPECT_EQ(m.authorities.size(), 2u);
    ASSERT_EQ(m.additionals.size(), 1u);
    EXPECT_EQ(m.additionals[0].to_string(), "ns.sub.example.test. 300 IN A 10.0.2.53");
}

TEST_F(Rfc1034Server, WildcardAnswersUnderTheNameThatWasAsked) {
    const Message m = ask("any.thing.wild.example.test", Type::a);
    ASSERT_EQ(m.answers.size(), 1u);
    EXPECT_EQ(m.answers[0].to_string(), "any.thing.wild.example.test. 300 IN A 10.0.0.99");
}

TEST_F(Rfc1034Server, NearestZoneAnswers) {
    AuthoritativeServer both(
        {zone(kExampleZone), zone("$ORIGIN sub.example.test.\n@ SOA a b 1 2 3 4 5\nh A 10.9.9.9\n")});
    const auto query = make_query(1, {name("h.sub.example.test"), Type::a, Class::in}).to_bytes();
    const auto m = Message::parse(both.answer(query, Transport::udp)).value();
    EXPECT_TRUE(m.header.authoritative);
    EXPECT_EQ(m.answers.size(), 1u);
}

TEST_F(Rfc2308Server, MissingNameIsNxdomainWithSoaAtTheNegativeTtl) {
    const Message m = ask("nothing.example.test", Type::a);
    EXPECT_EQ(m.header.rcode, Rcode::name_error);
    ASSERT_EQ(m.authorities.size(), 1u);
    EXPECT_EQ(m.authorities[0].type, Type::soa);
    EXPECT_EQ(m.authorities[0].ttl, 60u) << "the minimum, below the record's own 300";
}

TEST_F(Rfc2308Server, MissingTypeIsNoErrorWithSoa) {
    const Message m = ask("v4only.example.test", Type::aaaa);
    EXPECT_EQ(m.header.rcode, Rcode::no_error);
    EXPECT_TRUE(m.answers.empty());
    ASSERT_EQ(m.authorities.size(), 1u);
    EXPECT_EQ(m.authorities[0].type, Type::soa);
}

TEST_F(Rfc2308Server, AliasToAMissingNameIsNxdomain) {
    const Message m = ask("lost.example.test", Type::a);  // RFC 6604, section 3
    EXPECT_EQ(m.header.rcode, Rcode::name_error);
    EXPECT_EQ(m.answers.size(), 1u);
    EXPECT_EQ(m.authorities.size(), 1u);
}

TEST_F(Rfc1035Server, NameOutsideItsZonesIsRefused) {
    EXPECT_EQ(ask("www.elsewhere.test", Type::a).header.rcode, Rcode::refused);
    EXPECT_EQ(ask("example.test", Type::axfr).header.rcode, Rcode::refused);
    EXPECT_EQ(ask(make_query(1, {name("www.example.test"), Type::a, Class::ch})).header.rcode, Rcode::refused);
    EXPECT_EQ(server.counters().refused, 3u);
}

TEST_F(Rfc1035Server, OtherOpcodesAreNotImplemented) {
    Message m = make_query(9, {name("example.test"), Type::soa, Class::in});
    m.header.opcode = Opcode::notify;
    const Message answer = ask(m);
    EXPECT_EQ(answer.header.rcode, Rcode::not_implemented);
    EXPECT_EQ(answer.header.opcode, Opcode::notify);
    EXPECT_EQ(answer.header.id, 9);
}

TEST_F(Rfc1035Server, BrokenQueryGetsFormatErrorWithItsId) {
    auto bytes = make_query(0x4242, {name("www.example.test"), Type::a, Class::in}).to_bytes();
    bytes.resize(bytes.size() - 1);
    const auto m = Message::parse(server.answer(bytes, Transport::udp)).value();
    EXPECT_EQ(m.header.id, 0x4242);
    EXPECT_EQ(m.header.rcode, Rcode::format_error);
}

TEST_F(Rfc1035Server, TwoQuestionsOrNoneAreAFormatError) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    m.questions.push_back(m.questions[0]);
    EXPECT_EQ(ask(m).header.rcode, Rcode::format_error);
    m.questions.clear();
    EXPECT_EQ(ask(m).header.rcode, Rcode::format_error);
    EXPECT_EQ(server.counters().format_errors, 2u);
}

TEST_F(Rfc1035Server, ResponsesAndScrapsAreNotAnswered) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    m.header.response = true;
    EXPECT_TRUE(server.answer(m.to_bytes(), Transport::udp).empty()) << "two servers must not talk for ever";
    EXPECT_TRUE(server.answer(octets("12345678901"), Transport::udp).empty());
    EXPECT_EQ(server.counters().ignored, 2u);
}

TEST_F(Rfc6891Server, AnswersOptWithOptAndNeverOtherwise) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    EXPECT_FALSE(ask(m).edns);
    m.edns = Edns{.udp_size = 4096, .dnssec_ok = true};
    const Message answer = ask(m);
    ASSERT_TRUE(answer.edns);
    EXPECT_EQ(answer.edns->udp_size, 1232);
    EXPECT_TRUE(answer.edns->dnssec_ok) << "RFC 3225: copied";
}

TEST_F(Rfc6891Server, VersionAboveZeroIsBadVersion) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    m.edns = Edns{.version = 1};
    const Message answer = ask(m);
    EXPECT_EQ(answer.header.rcode, Rcode::bad_version);
    EXPECT_TRUE(answer.answers.empty());
    EXPECT_EQ(answer.edns->version, 0);
}

TEST_F(Rfc1035Server, LongAnswerIsCutAt512OctetsOrTheSizeOfEdnsAndWholeOverTcp) {
    std::string text(kExampleZone);
    for (int i = 0; i < 100; ++i) text += "big A 10.1.0." + std::to_string(i) + "\n";
    AuthoritativeServer big({zone(text)});
    Message query = make_query(1, {name("big.example.test"), Type::a, Class::in});
    const auto size = [&](Transport t) { return big.answer(query.to_bytes(), t).size(); };
    EXPECT_LE(size(Transport::udp), 512u);
    EXPECT_GT(size(Transport::tcp), 1600u);
    query.edns = Edns{.udp_size = 800};
    EXPECT_GT(size(Transport::udp), 512u);
    EXPECT_LE(size(Transport::udp), 800u);
    query.edns->udp_size = 65535;
    EXPECT_LE(size(Transport::udp), 1232u) << "the server's own limit";
    query.edns->udp_size = 100;
    EXPECT_GT(size(Transport::udp), 400u) << "RFC 6891, section 6.2.5: below 512 means 512";
    EXPECT_EQ(big.counters().truncated, 5u);
    const auto whole = Message::parse(big.answer(query.to_bytes(), Transport::tcp)).value();
    EXPECT_FALSE(whole.header.truncated);
    EXPECT_EQ(whole.answers.size(), 100u);
}

TEST_F(Server, Rfc8482AnyGetsOneRecordSet) {
    const Message m = ask("www.example.test", Type::any);
    ASSERT_EQ(m.answers.size(), 1u);
    EXPECT_EQ(m.answers[0].type, Type::a);
    EXPECT_EQ(ask("nothing.example.test", Type::any).header.rcode, Rcode::name_error);
}

}  // namespace
}  // namespace hourglass::dns
