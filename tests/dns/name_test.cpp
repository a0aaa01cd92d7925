#include "hourglass/dns/name.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "dns/support.h"

namespace hourglass::dns {
namespace {

TEST(Rfc1035Name, TextWithAndWithoutFinalDotIsTheSameName) {
    EXPECT_EQ(name("www.example.test"), name("www.example.test."));
    EXPECT_EQ(name("www.example.test.").to_string(), "www.example.test");
    EXPECT_EQ(name(".").to_string(), ".");
    EXPECT_TRUE(name(".").is_root());
}

TEST(Rfc1035Name, LabelHasAtMost63Octets) {
    EXPECT_TRUE(Name::parse(std::string(63, 'a') + ".test"));
    const auto longer = Name::parse(std::string(64, 'a') + ".test");
    ASSERT_FALSE(longer);
    EXPECT_NE(longer.error().find("63"), std::string::npos) << longer.error();
}

TEST(Rfc1035Name, NameHasAtMost255OctetsWithItsRoot) {
    std::string text;
    for (int i = 0; i < 3; ++i) text += std::string(63, 'a') + ".";
    const auto longest = Name::parse(text + std::string(61, 'a'));
    ASSERT_TRUE(longest);
    EXPECT_EQ(longest->wire_size(), 255u);
    EXPECT_FALSE(Name::parse(text + std::string(62, 'a')));
    EXPECT_FALSE(Name::join("a", *longest));
}

TEST(Rfc1035Name, EmptyLabelsAreRefused) {
    for (const char* text : {"", "..", "a..b", ".a", "a.."}) EXPECT_FALSE(Name::parse(text)) << text;
}

TEST(Rfc1035Name, EscapesNameAnyOctetAndPrintBack) {
    const Name dotted = name("a\\.b.c");
    EXPECT_EQ(dotted.label_count(), 2u);
    EXPECT_EQ(dotted.first_label(), "a.b");
    EXPECT_EQ(name("\\000\\255 ").to_string(), "\\000\\255\\032");
    for (const char* text : {"a\\.b.c", "\\000x", "sp\\032ace", "q\\\"uote\\\\", "\\@"})
        EXPECT_EQ(name(text).to_string(), text);
    for (const char* text : {"a\\", "a\\25", "a\\256", "a\\1x3"}) EXPECT_FALSE(Name::parse(text)) << text;
}

TEST(Rfc1035Name, RelativeTextIsCompletedByItsOrigin) {
    EXPECT_EQ(Name::parse("www", name("example.test")), name("www.example.test"));
    EXPECT_EQ(Name::parse("www.", name("example.test")), name("www"));
}

TEST(Rfc4343Name, ComparisonIgnoresAsciiCaseAndOutputKeepsIt) {
    EXPECT_EQ(name("WWW.Example.TEST"), name("www.example.test"));
    EXPECT_EQ(name("WWW.Example.TEST").to_string(), "WWW.Example.TEST");
    EXPECT_NE(name("\\193"), name("\\225")) << "only ASCII letters have case";
    EXPECT_NE(name("a\\.b"), name("a.b"));
}

TEST(Rfc4034Name, CanonicalOrderIsThatOfSection6Point1) {
    // The example of RFC 4034, section 6.1.
    const std::vector<std::string> sorted{"example",         "a.example",      "yljkjljk.a.example",
                                          "Z.a.example",     "zABC.a.EXAMPLE", "z.example",
                                          "\\001.z.example", "*.z.example",    "\\200.z.example"};
    std::vector<Name> names;
    for (const auto& text : sorted) names.push_back(name(text));
    std::ranges::reverse(names);
    std::ranges::sort(names, [](const Name& a, const Name& b) { return a < b; });
    std::vector<std::string> texts;
    for (const Name& n : names) texts.push_back(n.to_string());
    EXPECT_EQ(texts, sorted);
}

TEST(Rfc1034Name, WithinIsByLabelsNotByCharacters) {
    EXPECT_TRUE(name("www.EXAMPLE.test").is_within(name("example.test")));
    EXPECT_TRUE(name("example.test").is_within(name("example.test")));
    EXPECT_TRUE(name("example.test").is_within(Name()));
    EXPECT_FALSE(name("badexample.test").is_within(name("example.test")));
    EXPECT_FALSE(name("test").is_within(name("example.test")));
    // The octets of "\007example" look like a label with its length.
    EXPECT_FALSE(name("x\\007example.test").is_within(name("example.test")));
}

TEST(Rfc1034Name, ParentDropsTheLeftmostLabel) {
    EXPECT_EQ(name("www.example.test").parent(), name("example.test"));
    EXPECT_TRUE(name("test").parent().is_root());
    EXPECT_TRUE(name("*.example.test").is_wildcard());
    EXPECT_FALSE(name("a*.example.test").is_wildcard());
}

}  // namespace
}  // namespace hourglass::dns
