#include "hourglass/uwsgi/packet.h"

#include <gtest/gtest.h>

#include "hourglass/http/body.h"

namespace hourglass::uwsgi {
namespace {

using namespace std::string_literals;

TEST(UwsgiPacket, IsAHeaderAndPairsOfSizedTexts) {
    const auto packet = write_packet({{"A", "xy"}, {"BC", ""}});
    EXPECT_EQ(packet,
              "\x00\x0d\x00\x00"s
              "\x01\x00"s
              "A"
              "\x02\x00"s
              "xy"
              "\x02\x00"s
              "BC"
              "\x00\x00"s);
    EXPECT_EQ(parse_header(http::as_bytes(*packet)), (PacketHeader{0, 13, 0}));
    EXPECT_EQ(parse_variables(http::as_bytes(*packet).subspan(4)), (Variables{{"A", "xy"}, {"BC", ""}}));
}

TEST(UwsgiPacket, SizesAreLittleEndian) {
    const auto packet = write_packet({{"A", std::string(600, 'x')}}, 5, 7);
    EXPECT_EQ(parse_header(http::as_bytes(*packet)), (PacketHeader{5, 605, 7}));
    EXPECT_EQ(packet->substr(0, 4), "\x05\x5d\x02\x07"s);
}

TEST(UwsgiPacket, WhatReachesBeyondItIsRefused) {
    for (const std::string& block : {"\x01"s,
                                     "\x05\x00"s
                                     "abc",
                                     "\x01\x00"s
                                     "a",
                                     "\x01\x00"s
                                     "a\x02\x00"s
                                     "b"})
        EXPECT_EQ(parse_variables(http::as_bytes(block)).error(), Error::variable_cut_off) << block;
    EXPECT_EQ(parse_variables(http::as_bytes("\x00\x00\x00\x00"s)).error(), Error::empty_name);
}

TEST(UwsgiPacket, LimitsHold) {
    const auto packet = write_packet({{"A", "1"}, {"B", "2"}, {"C", "3"}});
    const auto block = http::as_bytes(*packet).subspan(4);
    EXPECT_EQ(parse_variables(block, {.packet = 100, .variables = 2}).error(), Error::too_many_variables);
    EXPECT_EQ(parse_variables(block, {.packet = 10, .variables = 9}).error(), Error::packet_too_large);
    EXPECT_EQ(write_packet({{"A", std::string(65531, 'x')}}).error(), Error::packet_too_large);
    EXPECT_TRUE(write_packet({{"A", std::string(65530, 'x')}}));
}

}  // namespace
}  // namespace hourglass::uwsgi
