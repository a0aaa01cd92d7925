// Messages of DHCP (RFC 2131, section 2) and their options (RFC 2132, RFC 3396).

#include "hourglass/dhcp/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace hourglass::dhcp {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::ParseError;

constexpr MacAddress kMac{{2, 0, 0, 0, 0, 1}};

std::vector<std::byte> discover() {
    return MessageWriter({.transaction = 0x12345678, .seconds = 3, .broadcast = true, .mac = kMac},
                         MessageType::discover)
        .text(Option::host_name, "sand")
        .finish();
}

TEST(Rfc2131Message, WhatIsWrittenIsRead) {
    const auto bytes = discover();
    const auto view = MessageView::parse(bytes);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), (Header{.transaction = 0x12345678, .seconds = 3, .broadcast = true, .mac = kMac}));
    EXPECT_EQ(view->type(), MessageType::discover);
    EXPECT_EQ(view->option(Option::host_name)->size(), 4u);
    EXPECT_FALSE(view->option(Option::router));
}

TEST(Rfc1542, AMessageHasAtLeastThreeHundredOctets) { EXPECT_EQ(discover().size(), 300u); }

TEST(Rfc2131Message, WithoutTheMagicCookieItIsNone) {
    auto bytes = discover();
    bytes[236] = {};
    EXPECT_EQ(MessageView::parse(bytes).error(), ParseError::bad_version);
}

/// The message type takes three octets behind the cookie, the host name six more.
bool cuts_an_option(std::size_t size) { return (size > 240 && size < 243) || (size > 243 && size < 249); }

TEST(Rfc2131Message, NoPrefixOfAMessageReadsBeyondIt) {
    const auto bytes = discover();
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_EQ(MessageView::parse(std::span(bytes).first(size)).has_value(), size >= 240 && !cuts_an_option(size));
}

TEST(Rfc2132Options, OneThatRunsOverTheEndIsRefused) {
    auto bytes = discover();
    bytes.resize(243);
    bytes[241] = std::byte{200};
    EXPECT_EQ(MessageView::parse(bytes).error(), ParseError::bad_option);
}

TEST(Rfc3396, PartsOfAnOptionAreJoinedInTheirOrder) {
    const auto bytes = MessageWriter({.reply = true, .mac = kMac}, MessageType::ack)
                           .text(Option::domain_name, "exam")
                           .text(Option::domain_name, "ple.net")
                           .finish();
    const auto domain = *MessageView::parse(bytes)->option(Option::domain_name);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(domain.data()), domain.size()), "example.net");
}

TEST(Rfc2132Overload, OptionsGoOnInFileAndThenInServerName) {
    constexpr std::array both{std::byte{3}};
    auto bytes = MessageWriter({.reply = true, .mac = kMac}, MessageType::ack).option(Option::overload, both).finish();
    const auto put = [&](std::size_t at, std::initializer_list<unsigned> octets) {
        for (const unsigned octet : octets) bytes[at++] = static_cast<std::byte>(octet);
    };
    put(108, {6, 4, 10, 0, 0, 1, 255});
    put(44, {6, 4, 10, 0, 0, 2, 255});
    EXPECT_THAT(MessageView::parse(bytes)->addresses(Option::domain_name_server, 8),
                ElementsAre(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)));
    put(44, {6, 64});
    EXPECT_EQ(MessageView::parse(bytes).error(), ParseError::bad_option);
}

TEST(Rfc2132Options, AListOfAWrongLengthIsNone) {
    const auto bytes = MessageWriter({.reply = true, .mac = kMac}, MessageType::ack)
                           .text(Option::router, "12345")
                           .text(Option::lease_time, "123")
                           .finish();
    const auto view = MessageView::parse(bytes);
    EXPECT_THAT(view->addresses(Option::router, 8), IsEmpty());
    EXPECT_FALSE(view->number(Option::lease_time));
}

}  // namespace
}  // namespace hourglass::dhcp
