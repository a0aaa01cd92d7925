#include "hourglass/wire/tcp_options.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "hourglass/base/random.h"
#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

TcpOptions parse(std::string_view text) { return TcpOptions::parse(hex(text)); }

FastOpenCookie cookie(std::string_view text) {
    const auto octets = hex(text);
    FastOpenCookie result;
    result.size = static_cast<std::uint8_t>(octets.size());
    std::ranges::copy(octets, result.octets.begin());
    return result;
}

TEST(TcpOptionsWriter, SynCarriesThemAsTheFieldDoes) {
    const TcpOptions options{
        .timestamps = TcpTimestamps{0x11223344, 0}, .mss = 1460, .window_scale = 7, .sack_permitted = true};
    EXPECT_EQ(options.size(), 20u);
    EXPECT_EQ(emitted(options), hex("020405b4 0402080a 11223344 00000000 01030307"));
    EXPECT_EQ(TcpOptions::parse(emitted(options)), options);
}

TEST(TcpOptionsWriter, TimestampsAloneAreAlignedByTwoNoOperations) {
    const TcpOptions options{.timestamps = TcpTimestamps{1, 2}};
    EXPECT_EQ(emitted(options), hex("0101080a 00000001 00000002")) << "RFC 7323, appendix A";
}

TEST(TcpOptionsWriter, NoOptionsTakeNoRoom) { EXPECT_EQ(TcpOptions{}.size(), 0u); }

TEST(TcpOptionsWriter, SackBlocksThatFindNoRoomAreNotWritten) {
    TcpOptions options{.timestamps = TcpTimestamps{1, 2}, .sack_count = 4};
    for (std::uint32_t i = 0; i < 4; ++i) options.sack[i] = {tcp::Seq(i * 100), tcp::Seq(i * 100 + 50)};
    EXPECT_EQ(options.size(), TcpOptions::kMaxSize);
    const TcpOptions read = TcpOptions::parse(emitted(options));
    ASSERT_EQ(read.sack_count, 3) << "RFC 2018, section 3: three blocks beside timestamps";
    EXPECT_EQ(read.sack[2], options.sack[2]);
    options.timestamps.reset();
    EXPECT_EQ(TcpOptions::parse(emitted(options)), options);
}

TEST(TcpOptionsWriter, WhatItWritesReadsBackForEveryCombination) {
    Random random(4);
    for (unsigned set = 0; set < 128; ++set) {
        TcpOptions options;
        if ((set & 1) != 0) options.mss = static_cast<std::uint16_t>(random.next());
        if ((set & 2) != 0) options.window_scale = static_cast<std::uint8_t>(random.below(15));
        options.sack_permitted = (set & 4) != 0;
        if ((set & 8) != 0)
            options.timestamps = {static_cast<std::uint32_t>(random.next()), static_cast<std::uint32_t>(random.next())};
        options.fast_open_present = (set & 16) != 0;
        if (options.fast_open_present && (set & 32) != 0) options.fast_open = cookie("0102030405060708");
        if ((set & 64) != 0) {
            options.sack_count = 4;
            for (std::uint32_t i = 0; i < 4; ++i) options.sack[i] = {tcp::Seq(0xfffffff0 + i * 32), tcp::Seq(i * 32)};
        }
        const std::size_t size = options.size();
        ASSERT_EQ(size % 4, 0u);
        ASSERT_LE(size, TcpOptions::kMaxSize);
        const TcpOptions read = TcpOptions::parse(emitted(options));
        if (read.sack_count < options.sack_count) {
            EXPECT_GT(size + (read.sack_count == 0 ? 12 : 8), TcpOptions::kMaxSize) << "another block had room";
        }
        options.sack_count = read.sack_count;
        ASSERT_EQ(read, options) << "set " << set;
    }
}

TEST(TcpOptionsReader, TimestampsAreFoundWhereverTheyStand) {
    for (const auto* text :
         {"0101 080a 00000001 00000002", "080a 00000001 00000002 0000", "01 080a 00000001 00000002 01"})
        EXPECT_EQ(parse(text).timestamps, (TcpTimestamps{1, 2})) << text;
}

TEST(TcpOptionsReader, UnknownKindsAreCountedAndPassedOver) {
    const TcpOptions options = parse("1c04 803c 1e03 00 020405b4 13 12 00112233445566778899aabbccddeeff 00");
    EXPECT_EQ(options.unknown_count, 3);
    EXPECT_EQ(options.mss, 1460);
    EXPECT_FALSE(options.malformed);
}

TEST(TcpOptionsReader, NothingCountsBehindTheEndOfTheList) {
    const TcpOptions options = parse("00 020405b4 000000");
    EXPECT_FALSE(options.mss);
    EXPECT_FALSE(options.malformed);
}

TEST(TcpOptionsReader, OfARepeatedKindTheLastCounts) { EXPECT_EQ(parse("020405b4 02040200").mss, 512); }

TEST(TcpOptionsReader, WindowShiftIsToldAsItStands) { EXPECT_EQ(parse("0103030f").window_scale, 15); }

TEST(Rfc9293Must7, IllegalLengthEndsTheListAndShows) {
    for (const auto* text : {"0200 05b4 020405b4", "1e01 0000 020405b4", "0101 01 08", "0101 080a 00000001 000000"}) {
        const TcpOptions options = parse(text);
        EXPECT_TRUE(options.malformed) << text;
        EXPECT_FALSE(options.mss) << text;
        EXPECT_FALSE(options.timestamps) << text;
    }
}

TEST(Rfc9293Must7, LengthThatDoesNotFitTheKindLeavesItOutAndShows) {
    for (const auto* wrong : {"0203 05", "0302", "0403 00", "0502", "0509 00000000 000000", "0806 00000001"}) {
        const TcpOptions options = parse(std::string(wrong) + "020405b4");
        EXPECT_TRUE(options.malformed) << wrong;
        EXPECT_EQ(options.mss, 1460) << wrong << ": the rest of the list is read";
        EXPECT_EQ(options.sack_count, 0);
        EXPECT_FALSE(options.sack_permitted || options.window_scale || options.timestamps);
    }
}

TEST(Rfc7413FastOpen, RequestAndCookie) {
    const TcpOptions request = parse("2202 0101");
    EXPECT_TRUE(request.fast_open_present);
    EXPECT_EQ(request.fast_open.size, 0);
    const TcpOptions given = parse("2206 a1a2a3a4 0101");
    EXPECT_EQ(copy(given.fast_open.bytes()), hex("a1a2a3a4"));
}

TEST(Rfc7413FastOpen, CookieOfIllegalSizeIsIgnored) {
    for (const auto* text : {"2204 a1a2", "2207 a1a2a3a4a5", "2214 00112233445566778899aabbccddeeff0011"}) {
        EXPECT_FALSE(parse(text).fast_open_present) << text;
        EXPECT_TRUE(parse(text).malformed) << text;
    }
}

TEST(TcpOptionListRange, GivesEveryOptionInItsOrder) {
    const auto octets = hex("020405b4 01 030307 fe03 aa 00 ff");
    std::vector<int> kinds;
    std::vector<std::size_t> sizes;
    for (const TcpRawOption& option : TcpOptionList(octets)) {
        kinds.push_back(static_cast<int>(option.kind));
        sizes.push_back(option.data.size());
    }
    EXPECT_EQ(kinds, (std::vector<int>{2, 1, 3, 254}));
    EXPECT_EQ(sizes, (std::vector<std::size_t>{2, 0, 1, 1}));
}

}  // namespace
}  // namespace hourglass::wire
