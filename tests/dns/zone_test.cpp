#include "hourglass/dns/zone.h"

#include <gtest/gtest.h>

#include "dns/support.h"

namespace hourglass::dns {
namespace {

using Kind = Zone::Match::Kind;

constexpr std::string_view kSoa = "$ORIGIN example.test.\n@ 300 IN SOA ns1 admin 1 2 3 4 60\n";

std::string error_of(std::string_view text) {
    const auto parsed = Zone::parse(text);
    return parsed ? "no error" : parsed.error().to_string();
}

std::string error_behind_soa(std::string_view lines) { return error_of(std::string(kSoa) + std::string(lines)); }

TEST(Rfc1035MasterFile, ExampleHasItsRecords) {
    const Zone z = zone(kExampleZone);
    EXPECT_EQ(z.origin(), name("example.test"));
    EXPECT_EQ(z.soa().to_string(),
              "example.test. 300 IN SOA ns1.example.test. hostmaster.example.test. 2026010101 3600 900 604800 60");
    const auto* text = z.find_exact(name("text.example.test"), Type::txt);
    ASSERT_NE(text, nullptr);
    EXPECT_EQ(std::get<Txt>(text->front().data).strings,
              (std::vector<std::string>{"two words", "plain", "a \"quote\"; no comment"}));
    EXPECT_EQ(z.find_exact(name("chain.example.test"), Type::cname)->front().ttl, 60u);
}

TEST(Rfc1035MasterFile, BlankOwnerIsThatOfTheLineBefore) {
    const Zone z = zone(kExampleZone);
    EXPECT_NE(z.find_exact(name("ns2.example.test"), Type::aaaa), nullptr);
}

TEST(Rfc1035MasterFile, OriginChangesWhereRelativeNamesLie) {
    const Zone z =
        zone(std::string(kSoa) + "$ORIGIN sub\nwww A 10.0.0.1\n@ A 10.0.0.2\nabs.example.test. A 10.0.0.3\n");
    EXPECT_NE(z.find_exact(name("www.sub.example.test"), Type::a), nullptr);
    EXPECT_NE(z.find_exact(name("sub.example.test"), Type::a), nullptr);
    EXPECT_NE(z.find_exact(name("abs.example.test"), Type::a), nullptr);
}

TEST(Rfc1035MasterFile, TtlAndClassComeInEitherOrder) {
    const Zone z = zone(std::string(kSoa) + "a 5 IN A 10.0.0.1\nb IN 6 A 10.0.0.1\nc in A 10.0.0.1\n");
    EXPECT_EQ(z.find_exact(name("a.example.test"), Type::a)->front().ttl, 5u);
    EXPECT_EQ(z.find_exact(name("b.example.test"), Type::a)->front().ttl, 6u);
    EXPECT_EQ(z.find_exact(name("c.example.test"), Type::a)->front().ttl, 6u) << "the last one stated";
}

TEST(Rfc2308MasterFile, DollarTtlIsTheDefaultFromThereOn) {
    const Zone z = zone(std::string(kSoa) + "$TTL 1h30m\na A 10.0.0.1\n$TTL 2d\nb A 10.0.0.1\n");
    EXPECT_EQ(z.find_exact(name("a.example.test"), Type::a)->front().ttl, 5400u);
    EXPECT_EQ(z.find_exact(name("b.example.test"), Type::a)->front().ttl, 172800u);
}

TEST(Rfc2308MasterFile, WithoutAnyTtlTheMinimumServes) {
    const Zone z = zone("$ORIGIN x.test.\n@ SOA a b 1 2 3 4 77\nwww A 10.0.0.1\n");
    EXPECT_EQ(z.find_exact(name("www.x.test"), Type::a)->front().ttl, 77u);
}

TEST(Rfc2181MasterFile, SetHasOneTtlAndNoRecordTwice) {
    const Zone z = zone(std::string(kSoa) + "a 50 A 10.0.0.1\na 10 A 10.0.0.2\na 90 A 10.0.0.1\n");
    const auto* set = z.find_exact(name("a.example.test"), Type::a);
    ASSERT_EQ(set->size(), 2u);
    EXPECT_EQ((*set)[0].ttl, 10u);
    EXPECT_EQ((*set)[1].ttl, 10u);
}

TEST(Rfc3597MasterFile, UnknownTypesAreTakenAsOctets) {
    const Zone z = zone(std::string(kSoa) + "x TYPE65280 \\# 4 0A00 00fe\n");
    EXPECT_EQ(z.find_exact(name("x.example.test"), static_cast<Type>(65280))->front().data,
              RData(Opaque{octets("\x0a\0\0\xfe")}));
}

TEST(MasterFileErrors, NameTheLineAndWhatIsWrong) {
    EXPECT_EQ(error_behind_soa("www A 10.0.0\n"), "line 3: A: '10.0.0' is not an IPv4 address");
    EXPECT_EQ(error_behind_soa("\n\nwww AAAA 10.0.0.1\n"), "line 5: AAAA: '10.0.0.1' is not an IPv6 address");
    EXPECT_EQ(error_behind_soa("www MX mail\n"),
              "line 3: MX: the record needs a preference and a host name, and no more");
    EXPECT_EQ(error_behind_soa("www MX ten mail\n"), "line 3: MX: 'ten' is not a preference (0 to 65535)");
    EXPECT_EQ(error_behind_soa("www BOGUS x\n"),
              "line 3: 'BOGUS' is not a type of record (only class IN is supported)");
    EXPECT_EQ(error_behind_soa("www TXT \"open\nb A 10.0.0.1\n"), "line 3: a quoted string does not end on its line");
    EXPECT_EQ(error_behind_soa("www ( A 10.0.0.1\n"), "line 3: '(' is never closed");
    EXPECT_EQ(error_behind_soa("www A 10.0.0.1 )\n"), "line 3: ')' without '('");
    EXPECT_EQ(error_behind_soa("$INCLUDE other\n"), "line 3: $INCLUDE is not supported; $ORIGIN and $TTL are");
    EXPECT_EQ(error_behind_soa("www 3000000000 A 10.0.0.1\n"),
              "line 3: '3000000000' is not a type of record (only class IN is supported)");
    EXPECT_EQ(error_behind_soa("a..b A 10.0.0.1\n"), "line 3: 'a..b' has an empty label");
}

TEST(MasterFileErrors, LinesInsideParenthesesCount) {
    EXPECT_EQ(error_of("$ORIGIN x.test.\n@ SOA a b ( 1\n2\n3\n4\n5 )\nwww A nonsense\n"),
              "line 7: A: 'nonsense' is not an IPv4 address");
}

TEST(MasterFileErrors, RelativeNameNeedsAnOrigin) {
    EXPECT_EQ(error_of("www A 10.0.0.1\n"), "line 1: 'www' is relative and there is no $ORIGIN before it");
    EXPECT_TRUE(Zone::parse("@ SOA a b 1 2 3 4 5\n", name("x.test")));
}

TEST(Rfc1035MasterFile, ZoneHasExactlyOneSoaAndHoldsAllRecords) {
    EXPECT_EQ(error_of("www.x.test. A 10.0.0.1\n"), "there is no SOA record");
    EXPECT_EQ(error_behind_soa("@ SOA a b 1 2 3 4 5\n"), "line 3: a second SOA record; the first is in line 2");
    EXPECT_EQ(error_behind_soa("www.other.test. A 10.0.0.1\n"),
              "line 3: www.other.test lies outside the zone example.test");
}

TEST(Rfc1034MasterFile, CnameStandsAlone) {
    EXPECT_EQ(error_behind_soa("a CNAME b\na A 10.0.0.1\n"),
              "line 3: a.example.test has a CNAME and other records besides it");
    EXPECT_EQ(error_behind_soa("a CNAME b\na CNAME c\n"),
              "line 3: a.example.test has a CNAME and other records besides it");
}

TEST(MasterFileLimits, RecordsAndRecordsOfOneSet) {
    const std::string text = std::string(kSoa) + "a A 10.0.0.1\na A 10.0.0.2\n";
    EXPECT_FALSE(Zone::parse(text, {}, {.records = 2}));
    EXPECT_FALSE(Zone::parse(text, {}, {.records_per_set = 1}));
}

TEST(ZoneRecords, PrintAndParseToTheSameZone) {
    const Zone z = zone(kExampleZone);
    std::string text;
    for (const Record& record : z.records()) text += record.to_string() + "\n";
    EXPECT_EQ(zone(text).records(), z.records());
}

TEST(Rfc1034Lookup, NameThatExistsOnlyAboveOthersHasNoData) {
    const Zone z = zone(kExampleZone);
    EXPECT_EQ(z.find(name("b.deep.example.test"), Type::a).kind, Kind::no_data);
    EXPECT_EQ(z.find(name("deep.example.test"), Type::a).kind, Kind::no_data);
    EXPECT_EQ(z.find(name("c.deep.example.test"), Type::a).kind, Kind::name_error);
}

TEST(Rfc4592Wildcard, ExampleOfSection2Point2Point1) {
    const Zone z = zone(R"($ORIGIN example.
$TTL 3600
@                   SOA ns.example.com. hostmaster.example.com. 1 2 3 4 5
                    NS ns.example.com.
*                   TXT "this is a wildcard"
*                   MX 10 host1
sub.*               TXT "this is not a wildcard"
host1               A 192.0.2.1
_ssh._tcp.host1     TYPE33 \# 2 0000
subdel              NS ns.example.com.
)");
    const auto kind = [&z](std::string_view owner, Type type) { return z.find(name(owner), type).kind; };
    EXPECT_EQ(kind("host3.example", Type::mx), Kind::found);
    EXPECT_EQ(kind("host3.example", Type::a), Kind::no_data);
    EXPECT_EQ(kind("foo.bar.example", Type::txt), Kind::found);
    EXPECT_EQ(kind("host1.example", Type::mx), Kind::no_data) << "host1.example exists";
    EXPECT_EQ(kind("sub.*.example", Type::mx), Kind::no_data) << "sub.*.example exists";
    EXPECT_EQ(kind("_telnet._tcp.host1.example", Type::a), Kind::name_error) << "_tcp.host1.example exists";
    EXPECT_EQ(kind("host.subdel.example", Type::a), Kind::delegated) << "the delegation comes first";
    EXPECT_EQ(kind("ghost.*.example", Type::mx), Kind::name_error) << "*.example exists";
    EXPECT_EQ(z.find(name("host3.example"), Type::mx).records[0].name, name("host3.example"));
}

}  // namespace
}  // namespace hourglass::dns
