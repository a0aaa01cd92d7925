#include "hourglass/wire/ipv4.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

Octets packet_with(std::size_t at, int value) {
    auto packet = hex("4500 001c 0001 4000 4011 26ce 0a000001 0a000002 9c40 0035 0008 0000");
    packet[at] = static_cast<std::byte>(value);
    return packet;
}

const Ipv4Header kHeader{.dscp = 46,
                         .ecn = Ecn::ce,
                         .identification = 0xabcd,
                         .dont_fragment = true,
                         .ttl = 17,
                         .protocol = IpProtocol::tcp,
                         .payload_length = 3,
                         .source = ip("192.0.2.1"),
                         .destination = ip("198.51.100.2")};

TEST(Rfc791Header, EveryFieldReadsAsItIsWritten) {
    const auto packet = joined(emitted(kHeader), hex("616263"));
    const auto view = Ipv4View::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), kHeader);
    EXPECT_TRUE(view->checksum_is_valid());
    EXPECT_EQ(view->total_length(), 23);
    EXPECT_EQ(copy(view->payload()), hex("616263"));
    EXPECT_FALSE(view->is_fragment());
}

TEST(Rfc791Header, KnownPacketIsWrittenOctetByOctet) {
    const Ipv4Header header{.dont_fragment = true,
                            .protocol = IpProtocol::udp,
                            .payload_length = 95,
                            .source = ip("192.168.0.1"),
                            .destination = ip("192.168.0.199")};
    EXPECT_EQ(emitted(header), hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"));
}

TEST(Rfc791Header, OptionsAreSkipped) {
    const auto packet = hex("4600 0020 0001 0000 4001 d1d5 0a000001 0a000002 94040000 0800 f7ff 0000 0000");
    const auto view = Ipv4View::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header_size(), 24u);
    EXPECT_EQ(copy(view->option_bytes()), hex("94040000"));
    EXPECT_EQ(copy(view->payload()), hex("0800 f7ff 0000 0000"));
    EXPECT_EQ(view->header().payload_length, 8);
    EXPECT_TRUE(view->checksum_is_valid());
}

TEST(Rfc791Header, LinkPaddingIsNotPayload) {
    auto packet = joined(emitted(kHeader), hex("616263"));
    packet.resize(46);
    const auto view = Ipv4View::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(copy(view->payload()), hex("616263"));
}

TEST(Rfc791Header, FragmentsAreRecognised) {
    Ipv4Header first = kHeader;
    first.dont_fragment = false;
    first.more_fragments = true;
    Ipv4Header last = kHeader;
    last.dont_fragment = false;
    last.fragment_offset = 65528;
    for (const auto& header : {first, last}) {
        const auto packet = joined(emitted(header), hex("616263"));
        const auto view = Ipv4View::parse(packet);
        ASSERT_TRUE(view);
        EXPECT_TRUE(view->is_fragment());
        EXPECT_EQ(view->header(), header);
    }
}

TEST(Rfc791Malformed, EachDefectHasItsReason) {
    ASSERT_TRUE(Ipv4View::parse(packet_with(0, 0x45)));
    EXPECT_EQ(Ipv4View::parse(packet_with(0, 0x65)).error(), ParseError::bad_version);
    EXPECT_EQ(Ipv4View::parse(packet_with(0, 0x44)).error(), ParseError::bad_header_length);
    EXPECT_EQ(Ipv4View::parse(packet_with(0, 0x4f)).error(), ParseError::bad_header_length);
    EXPECT_EQ(Ipv4View::parse(packet_with(3, 19)).error(), ParseError::bad_length);
    EXPECT_EQ(Ipv4View::parse(packet_with(3, 29)).error(), ParseError::truncated);
    EXPECT_FALSE(Ipv4View::parse(packet_with(8, 0x41))->checksum_is_valid());
    EXPECT_TRUE(Ipv4View::parse(packet_with(8, 0x40))->checksum_is_valid());
}

TEST(Rfc791Malformed, EveryShorterPrefixIsTruncated) {
    const auto packet = packet_with(0, 0x45);
    for (std::size_t n = 0; n < packet.size(); ++n)
        EXPECT_EQ(Ipv4View::parse(std::span(packet).first(n)).error(), ParseError::truncated) << n;
}

TEST(Rfc792Quote, DatagramCutByAnErrorIsReadAsFarAsItGoes) {
    auto packet = joined(emitted(kHeader), hex("616263"));
    packet[3] = std::byte{200};
    EXPECT_FALSE(Ipv4View::parse(packet));
    const auto view = Ipv4View::parse_quoted(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->total_length(), 200);
    EXPECT_EQ(copy(view->payload()), hex("616263"));
    EXPECT_EQ(Ipv4View::parse_quoted(std::span(packet).first(19)).error(), ParseError::truncated);
}

TEST(ParseErrorNames, EveryReasonHasItsOwn) {
    std::vector<std::string_view> names;
    for (std::size_t i = 0; i < kParseErrorCount; ++i) names.push_back(to_string(ParseError(i)));
    std::ranges::sort(names);
    EXPECT_EQ(std::ranges::adjacent_find(names), names.end());
    EXPECT_EQ(std::ranges::find(names, "unknown"), names.end());
    EXPECT_EQ(to_string(ParseError(kParseErrorCount)), "unknown") << "kParseErrorCount is out of date";
}

TEST(ProtocolNames, KnownOnesHaveANameAndOthersANumber) {
    EXPECT_EQ(to_string(IpProtocol::tcp), "TCP");
    EXPECT_EQ(to_string(IpProtocol::icmpv6), "ICMPv6");
    EXPECT_EQ(to_string(IpProtocol(253)), "253");
}

}  // namespace
}  // namespace hourglass::wire
