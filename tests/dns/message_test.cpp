#include "hourglass/dns/message.h"

#include <gtest/gtest.h>

#include "dns/support.h"

namespace hourglass::dns {
namespace {

using Bytes = std::vector<std::byte>;

/// Header of a response with `questions` and `answers` counted.
Bytes head(char questions, char answers) {
    Bytes bytes = octets("\x12\x34\x81\x80\0\0\0\0\0\0\0\0");
    bytes[5] = static_cast<std::byte>(questions);
    bytes[7] = static_cast<std::byte>(answers);
    return bytes;
}

Message everything() {
    Message m;
    m.header = {.id = 0xbeef,
                .response = true,
                .authoritative = true,
                .recursion_desired = true,
                .recursion_available = true,
                .authentic_data = true,
                .checking_disabled = true,
                .rcode = Rcode::bad_version};
    m.questions.push_back({name("www.example.test"), Type::any, Class::in});
    const auto add = [&m](Type type, RData data) {
        m.answers.push_back({name("www.example.test"), type, Class::in, 300, std::move(data)});
    };
    add(Type::a, address("10.0.0.2"));
    add(Type::aaaa, address("2001:db8::2"));
    add(Type::aaaa, address("::ffff:10.0.0.2"));
    add(Type::cname, name("alias.example.test"));
    add(Type::ns, name("ns1.example.test"));
    add(Type::ptr, name("host.example.test"));
    add(Type::mx, Mx{10, name("mail.example.test")});
    add(Type::txt, Txt{{"two words", "", std::string(255, 'x')}});
    add(static_cast<Type>(65280), Opaque{octets("\x0a\x00\xff")});
    m.authorities.push_back({name("example.test"), Type::soa, Class::in, 60,
                             Soa{name("ns1.example.test"), name("hostmaster.example.test"), 1, 2, 3, 4, 5}});
    m.additionals.push_back({name("version.bind"), Type::a, Class::ch, 0, Opaque{octets("\x01")}});
    m.edns = Edns{4096, 0, true, octets("\0\x0a\0\x02\x01\x02")};
    return m;
}

TEST(Rfc1035Message, EveryFieldAndTypeIsReadBackAsWritten) {
    const Message m = everything();
    const auto again = Message::parse(m.to_bytes());
    ASSERT_TRUE(again) << describe(again.error());
    EXPECT_EQ(*again, m);
}

TEST(Rfc1035Message, QueryHasTheOctetsOfSection4) {
    const auto bytes = make_query(0x1234, {name("ab.test"), Type::aaaa, Class::in}).to_bytes();
    EXPECT_EQ(bytes, octets("\x12\x34\x01\x00\0\x01\0\0\0\0\0\0\x02"
                            "ab\x04test\0\0\x1c\0\x01"));
}

TEST(Rfc1035Compression, RepeatedNameBecomesAPointer) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    m.answers.push_back({name("www.example.test"), Type::cname, Class::in, 0, name("web.example.test")});
    const auto bytes = m.to_bytes();
    // Question at 12 with 18 + 4 octets; then a pointer to 12, ten octets of fields, "web" and a pointer to "example".
    const Bytes answer(bytes.begin() + 34, bytes.end());
    EXPECT_EQ(answer, octets("\xc0\x0c\0\x05\0\x01\0\0\0\0\0\x06\x03web\xc0\x10"));
}

TEST(Rfc4343Compression, NamesThatDifferInCaseKeepTheirCase) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    m.answers.push_back({name("WWW.Example.test"), Type::a, Class::in, 0, address("10.0.0.2")});
    EXPECT_EQ(Message::parse(m.to_bytes())->answers[0].name.to_string(), "WWW.Example.test");
}

TEST(Rfc1035Compression, PointerToItselfOrForwardIsRefused) {
    const Bytes to_itself = head(1, 0) + octets("\xc0\x0c\0\x01\0\x01");
    EXPECT_EQ(Message::parse(to_itself).error(), MessageError::bad_pointer);
    const Bytes forward = head(1, 0) + octets("\xc0\x12\0\x01\0\x01\x01x\0");
    EXPECT_EQ(Message::parse(forward).error(), MessageError::bad_pointer);
    const Bytes label_then_back_to_it = head(1, 0) + octets("\x01x\xc0\x0c\0\x01\0\x01");
    EXPECT_EQ(Message::parse(label_then_back_to_it).error(), MessageError::bad_pointer);
}

TEST(Rfc1035Compression, PointerIntoTheHeaderIsRefused) {
    EXPECT_EQ(Message::parse(head(1, 0) + octets("\xc0\x05\0\x01\0\x01")).error(), MessageError::bad_pointer);
}

TEST(Rfc1035Compression, LongChainOfPointersIsRefused) {
    // Opaque data full of pointers, each to the one before it; then a name that enters at the end.
    Bytes bytes = head(0, 2) + octets("\0\xff\0\0\x01\0\0\0\0");
    constexpr std::size_t kPointers = 200;
    constexpr std::size_t kLength = 1 + 2 * kPointers;
    bytes.push_back(static_cast<std::byte>(kLength >> 8));
    bytes.push_back(static_cast<std::byte>(kLength & 0xff));
    std::size_t previous = bytes.size();
    bytes.push_back(std::byte{0});
    for (std::size_t i = 0; i < kPointers; ++i) {
        const std::size_t here = bytes.size();
        bytes.push_back(static_cast<std::byte>(0xc0 | previous >> 8));
        bytes.push_back(static_cast<std::byte>(previous & 0xff));
        previous = here;
    }
    bytes.push_back(static_cast<std::byte>(0xc0 | previous >> 8));
    bytes.push_back(static_cast<std::byte>(previous & 0xff));
    bytes = bytes + octets("\0\x01\0\x01\0\0\0\0\0\x04\x0a\0\0\x02");
    EXPECT_EQ(Message::parse(bytes).error(), MessageError::too_many_pointers);
}

TEST(Rfc1035Compression, NameThatGrowsBeyond255OctetsThroughPointersIsRefused) {
    Bytes bytes = head(2, 0);
    for (int i = 0; i < 3; ++i) bytes = bytes + octets("\x3f") + Bytes(63, std::byte{'a'});
    bytes = bytes + octets("\0\0\x01\0\x01");
    bytes = bytes + octets("\x3f") + Bytes(63, std::byte{'b'}) + octets("\xc0\x0c\0\x01\0\x01");
    EXPECT_EQ(Message::parse(bytes).error(), MessageError::name_too_long);
}

TEST(Rfc1035Message, LabelTypes01And10AreRefused) {
    EXPECT_EQ(Message::parse(head(1, 0) + octets("\x40\0\0\x01\0\x01")).error(), MessageError::bad_label);
    EXPECT_EQ(Message::parse(head(1, 0) + octets("\x80\0\0\x01\0\x01")).error(), MessageError::bad_label);
}

TEST(Rfc1035Message, EveryShorterPrefixIsRefused) {
    const auto bytes = everything().to_bytes();
    for (std::size_t n = 0; n < bytes.size(); ++n)
        EXPECT_FALSE(Message::parse(std::span(bytes).first(n))) << n << " of " << bytes.size();
}

TEST(Rfc1035Message, OctetsBehindTheLastRecordAreRefused) {
    EXPECT_EQ(Message::parse(everything().to_bytes() + octets("x")).error(), MessageError::trailing_octets);
}

TEST(Rfc1035Message, DataMustFillItsLengthExactly) {
    const auto a_record = [](char length, const Bytes& data) {
        Bytes bytes = head(0, 1) + octets("\0\0\x01\0\x01\0\0\0\0\0");
        bytes.push_back(static_cast<std::byte>(length));
        return Message::parse(bytes + data);
    };
    EXPECT_TRUE(a_record(4, octets("\x0a\0\0\x02")));
    EXPECT_EQ(a_record(5, octets("\x0a\0\0\x02\0")).error(), MessageError::bad_data);
    EXPECT_EQ(a_record(3, octets("\x0a\0\0")).error(), MessageError::cut_short);
}

TEST(Rfc1035Message, NameInDataMayNotRunPastItsLength) {
    // CNAME of three octets of data whose label claims five.
    const Bytes bytes = head(0, 1) + octets("\0\0\x05\0\x01\0\0\0\0\0\x03\x05xxxxx\0");
    EXPECT_EQ(Message::parse(bytes).error(), MessageError::cut_short);
}

TEST(Rfc1035Message, TxtNeedsOneStringAtLeast) {
    EXPECT_EQ(Message::parse(head(0, 1) + octets("\0\0\x10\0\x01\0\0\0\0\0\0")).error(), MessageError::bad_data);
}

TEST(Rfc2181Message, TtlWithItsTopBitSetIsZero) {
    const Bytes bytes = head(0, 1) + octets("\0\0\x01\0\x01\x80\0\0\x01\0\x04\x0a\0\0\x02");
    EXPECT_EQ(Message::parse(bytes)->answers.at(0).ttl, 0u);
}

TEST(Rfc2181Message, TruncationDropsWholeRecordsAndSetsTc) {
    Message m = make_query(1, {name("big.example.test"), Type::a, Class::in});
    for (std::uint32_t i = 0; i < 100; ++i)
        m.answers.push_back({name("big.example.test"), Type::a, Class::in, 1, IpAddress::v4(0x0a000000 + i)});
    m.edns = Edns{};
    const auto bytes = m.to_bytes(512);
    EXPECT_LE(bytes.size(), 512u);
    const auto cut = Message::parse(bytes);
    ASSERT_TRUE(cut);
    EXPECT_TRUE(cut->header.truncated);
    EXPECT_EQ(cut->answers.size(), 29u);  // (512 - 34 - 11) / 16
    EXPECT_TRUE(cut->edns);
}

TEST(Rfc2181Message, AdditionalDataThatDoesNotFitIsNoTruncation) {
    Message m = make_query(1, {name("x.test"), Type::a, Class::in});
    for (std::uint32_t i = 0; i < 100; ++i)
        m.additionals.push_back({name("x.test"), Type::a, Class::in, 1, IpAddress::v4(i)});
    const auto cut = Message::parse(m.to_bytes(512));
    ASSERT_TRUE(cut);
    EXPECT_FALSE(cut->header.truncated);
    EXPECT_LT(cut->additionals.size(), 100u);
}

TEST(Rfc6891Message, RcodeIsSplitBetweenHeaderAndOpt) {
    Message m = make_query(1, {name("x.test"), Type::a, Class::in});
    m.header.rcode = Rcode::bad_version;
    m.edns = Edns{};
    const auto bytes = m.to_bytes();
    EXPECT_EQ(std::to_integer<int>(bytes[3]) & 0xf, 0);
    EXPECT_EQ(Message::parse(bytes)->header.rcode, Rcode::bad_version);
}

TEST(Rfc6891Message, SecondOptOrOptOutsideAdditionalIsRefused) {
    const Bytes opt = octets("\0\0\x29\x04\xd0\0\0\0\0\0\0");
    Bytes two = octets("\x12\x34\x01\x00\0\0\0\0\0\0\0\x02") + opt + opt;
    EXPECT_EQ(Message::parse(two).error(), MessageError::bad_opt);
    EXPECT_EQ(Message::parse(head(0, 1) + opt).error(), MessageError::bad_opt);
    const Bytes named = octets("\x12\x34\x01\x00\0\0\0\0\0\0\0\x01\x01x") + opt;
    EXPECT_EQ(Message::parse(named).error(), MessageError::bad_opt);
}

TEST(Rfc1035Message, MoreRecordsThanTheLimitAreRefusedBeforeTheyAreRead) {
    EXPECT_EQ(Message::parse(everything().to_bytes(), {.records = 5}).error(), MessageError::too_many_records);
}

TEST(Rfc3597Text, UnknownTypesAndDataPrintInTheirGenericForm) {
    EXPECT_EQ(to_string(static_cast<Type>(65280)), "TYPE65280");
    EXPECT_EQ(parse_type("type65280"), static_cast<Type>(65280));
    EXPECT_EQ(parse_type("aaaa"), Type::aaaa);
    EXPECT_EQ(parse_type("TYPE65536"), std::nullopt);
    EXPECT_EQ(everything().answers.back().to_string(), "www.example.test. 300 IN TYPE65280 \\# 3 0A00FF");
}

TEST(MessageSummary, SaysWhatWasAskedAndAnswered) {
    Message m = make_query(1, {name("www.example.test"), Type::a, Class::in});
    EXPECT_EQ(m.summary(), "query A www.example.test");
    m.header.response = true;
    m.header.rcode = Rcode::name_error;
    EXPECT_EQ(m.summary(), "answer NXDOMAIN: A www.example.test, no records");
    m.header.rcode = Rcode::no_error;
    m.answers.push_back({name("www.example.test"), Type::a, Class::in, 300, address("10.0.0.2")});
    EXPECT_EQ(m.summary(), "answer NOERROR: www.example.test. 300 IN A 10.0.0.2");
}

TEST(Rfc7766Framing, MessagesComeOutOfAStreamCutAnywhere) {
    const auto one = make_query(1, {name("one.test"), Type::a, Class::in}).to_bytes();
    const auto two = make_query(2, {name("two.test"), Type::a, Class::in}).to_bytes();
    const Bytes stream = tcp_framed(one) + tcp_framed(two);
    for (std::size_t cut = 0; cut <= stream.size(); ++cut) {
        TcpFramer framer;
        std::vector<Bytes> messages;
        for (auto part : {std::span(stream).first(cut), std::span(stream).subspan(cut)}) {
            std::span<const std::byte> rest = part;
            while (auto message = framer.take(rest)) messages.push_back(std::move(*message));
        }
        EXPECT_EQ(messages, (std::vector<Bytes>{one, two})) << "cut at " << cut;
        EXPECT_TRUE(framer.at_boundary());
    }
}

}  // namespace
}  // namespace hourglass::dns
