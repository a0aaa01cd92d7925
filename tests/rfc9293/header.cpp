// RFC 9293, sections 3.1 and 3.2: the header and its options.

#include "rfc9293/clauses.h"

namespace hourglass::tcp::testing {
namespace {

template <typename... T>
std::vector<std::byte> octets(T... values) {
    return {static_cast<std::byte>(values)...};
}

}  // namespace

TEST_F(Rfc9293, MUST_1_TheWindowIsUnsigned) {
    accept_connection({}, 65535);
    EXPECT_EQ(app.stream.info().snd_wnd, 65535u);
}

TEST_F(Rfc9293, REC_1_WindowsAreKeptIn32Bits) {
    settings.window_scaling = true;
    accept_connection({.window_scale = 14});
    EXPECT_EQ(app.stream.info().snd_wnd, 65535u << 14);
}

TEST_F(Rfc9293, MUST_2_EverySegmentHasAChecksum) {
    accept_connection();
    send_now("data");  // Single::send_segment verifies the checksum of whatever is sent
    EXPECT_EQ(out(), "P. seq=1 ack=1 len=4");
}

TEST_F(Rfc9293, MUST_3_ASegmentWithAWrongChecksumIsDropped) {
    accept_connection();
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "data", .bad_checksum = true});
    pass(1s);
    EXPECT_EQ(out(), "nothing");
    EXPECT_EQ(app.received, "");
    EXPECT_EQ(stack().counters().dropped_checksum, 1u);
}

TEST(Rfc9293Options, MUST_4_EndOfListNoOperationAndMssAreRead) {
    const auto options = wire::TcpOptions::parse(octets(1, 1, 2, 4, 0x05, 0xb4, 0, 9));
    EXPECT_EQ(options.mss, 1460);
    EXPECT_FALSE(options.malformed);
    EXPECT_EQ(options.unknown_count, 0) << "what follows the end of the list is not read";
}

TEST_F(Rfc9293, MUST_5_OptionsAreReadInEverySegment) {
    settings.timestamps = true;
    accept_connection({.timestamps = wire::TcpTimestamps{100, 0}});
    in({.flags = "P.", .seq = 1, .ack = 1, .data = "x", .options = {.timestamps = wire::TcpTimestamps{107, 0}}});
    pass(40ms);
    out();
    ASSERT_TRUE(last_header.options.timestamps);
    EXPECT_EQ(last_header.options.timestamps->echo_reply, 107u);
}

TEST(Rfc9293Options, MUST_6_OptionsOfOtherKindsArePassedOver) {
    const auto options = wire::TcpOptions::parse(octets(254, 6, 1, 2, 3, 4, 2, 4, 0x05, 0xb4, 222, 2));
    EXPECT_EQ(options.mss, 1460);
    EXPECT_EQ(options.unknown_count, 2);
}

TEST(Rfc9293Options, MUST_7_AnIllegalLengthEndsTheListAndNothingElse) {
    for (const int length : {0, 1, 30}) {
        const auto options = wire::TcpOptions::parse(octets(2, 4, 0x05, 0xb4, 254, length, 2, 4));
        EXPECT_TRUE(options.malformed);
        EXPECT_EQ(options.mss, 1460) << "what stood before it counts";
    }
    EXPECT_TRUE(wire::TcpOptions::parse(octets(2)).malformed) << "no room for its length";
}

TEST(Rfc9293Options, MUST_64_OptionsMayBeginAnywhere) {
    const auto options = wire::TcpOptions::parse(octets(1, 3, 3, 7, 2, 4, 0x05, 0xb4, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2));
    EXPECT_EQ(options.window_scale, 7);
    EXPECT_EQ(options.mss, 1460);
    EXPECT_EQ(options.timestamps, (wire::TcpTimestamps{1, 2}));
}

TEST(Rfc9293Options, MUST_68_WhatWeSendHasALengthInEveryOptionButTheTwo) {
    const wire::TcpOptions options{
        .timestamps = wire::TcpTimestamps{1, 2}, .mss = 1460, .window_scale = 7, .sack_permitted = true};
    std::vector<std::byte> written(options.size());
    options.emit(written);
    std::vector<int> kinds;
    for (std::size_t i = 0; i < written.size();) {
        const int kind = static_cast<int>(written[i]);
        if (kind > 1) kinds.push_back(kind);
        ASSERT_TRUE(kind <= 1 || static_cast<int>(written[i + 1]) >= 2);
        i += kind <= 1 ? 1 : static_cast<std::size_t>(written[i + 1]);
    }
    std::ranges::sort(kinds);
    EXPECT_EQ(kinds, (std::vector<int>{2, 3, 4, 8}));
}

TEST(Rfc9293Options, MUST_69_TheHeaderIsPaddedWithZeros) {
    const auto raw = octets(3, 3, 7, 254, 2);
    std::vector<std::byte> segment(wire::TcpHeader::kMaxSize, std::byte{0xff});
    const std::size_t size = wire::TcpHeader{}.emit_with(segment, raw);
    ASSERT_EQ(size, 28u);
    EXPECT_EQ(segment[25], std::byte{0});
    EXPECT_EQ(segment[26], std::byte{0});
    EXPECT_EQ(segment[27], std::byte{0});
}

}  // namespace hourglass::tcp::testing
