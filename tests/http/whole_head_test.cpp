#include "http/whole_head.h"

#include <array>
#include <gtest/gtest.h>
#include <random>
#include <string>

#include "http/head_parser.h"

namespace hourglass::http::detail {
namespace {

constexpr std::string_view kRequest =
    "GET /a/path?with=query HTTP/1.1\r\nHost: example.com\r\nUser-Agent:\t agent \t\r\nEmpty:\r\n"
    "A-name-that-reaches-over-the-end-of-a-block-of-64-bytes: and a value \xfc that is longer than another of "
    "them\r\n\r\n";

/// What byte by byte makes of it: the text that was read, or nothing.
std::string byte_by_byte(std::string_view text, const Limits& limits) {
    HeadParser parser(HeadParser::Kind::request, limits);
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto result = parser.feed(text.substr(i, 1));
        if (!result) return {};
        used += result->consumed;
        if (!result->complete) continue;
        std::string all = std::to_string(used) + " " + std::string(parser.method()) + " " +
                          std::string(parser.target()) + " " + std::to_string(parser.version().minor);
        for (const Field f : parser.fields()) all += "|" + std::string(f.name) + "=" + std::string(f.value);
        return all;
    }
    return {};
}

std::string at_once(std::string_view text, const Limits& limits) {
    std::array<FieldPlace, 64> places{};
    const WholeHead head = read_whole_head(text, limits, places);
    if (!head) return {};
    const auto part = [&](std::size_t at, std::size_t size) { return std::string(text.substr(at, size)); };
    std::string all = std::to_string(head.size) + " " + part(0, head.method_end) + " " +
                      part(head.method_end + 1, head.target_end - head.method_end - 1) + " 1";
    for (const FieldPlace& p : std::span(places).first(head.fields))
        all += "|" + part(p.name_at, p.name_size) + "=" + part(p.value_at, p.value_size);
    return all;
}

struct WholeHeads : testing::Test {
    void SetUp() override {
        if (!can_read_whole_heads()) GTEST_SKIP() << "the processor has no AVX2";
    }
};

TEST_F(WholeHeads, AreReadAsByteByByteWhereverTheyEnd) {
    for (std::size_t padding = 0; padding < 130; ++padding) {
        std::string text(kRequest);
        text.insert(text.size() - 2, "Padding: " + std::string(padding, 'p') + "\r\n");
        const std::string expected = byte_by_byte(text, {});
        EXPECT_NE(expected, "");
        EXPECT_EQ(at_once(text, {}), expected);
        EXPECT_EQ(at_once(text + "GET / HTTP/1.1\r\n", {}), expected) << "more behind it";
    }
}

TEST_F(WholeHeads, ThatGoOnAreNotRead) {
    for (std::size_t n = 0; n < kRequest.size(); ++n) EXPECT_EQ(at_once(kRequest.substr(0, n), {}), "") << n;
}

TEST_F(WholeHeads, WithAnyOtherByteAreReadAlikeOrNotAtAll) {
    for (std::size_t i = 0; i < kRequest.size(); ++i)
        for (int c = 0; c < 256; ++c) {
            std::string text(kRequest);
            text[i] = static_cast<char>(c);
            if (const std::string read = at_once(text, {}); !read.empty()) {
                EXPECT_EQ(read, byte_by_byte(text, {})) << "byte " << c << " at " << i;
            }
        }
}

TEST_F(WholeHeads, BeyondALimitAreNotRead) {
    const auto reads = [](auto change) {
        Limits limits;
        change(limits);
        const std::string read = at_once(kRequest, limits);
        EXPECT_EQ(read, byte_by_byte(kRequest, limits));
        return !read.empty();
    };
    const std::size_t section = kRequest.size() - kRequest.find('\n') - 1;
    EXPECT_TRUE(reads([](Limits& l) { l.method = 3; }));
    EXPECT_FALSE(reads([](Limits& l) { l.method = 2; }));
    EXPECT_TRUE(reads([](Limits& l) { l.start_line = 23; }));
    EXPECT_FALSE(reads([](Limits& l) { l.start_line = 22; }));
    EXPECT_TRUE(reads([](Limits& l) { l.fields = 4; }));
    EXPECT_FALSE(reads([](Limits& l) { l.fields = 3; }));
    EXPECT_TRUE(reads([&](Limits& l) { l.field_section = static_cast<std::uint32_t>(section); }));
    EXPECT_FALSE(reads([&](Limits& l) { l.field_section = static_cast<std::uint32_t>(section - 1); }));
}

}  // namespace
}  // namespace hourglass::http::detail
