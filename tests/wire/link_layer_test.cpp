#include <gtest/gtest.h>

#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

const MacAddress kMac1{{2, 0, 0, 0, 0, 1}};
const MacAddress kMac2{{2, 0, 0, 0, 0, 2}};

TEST(Ethernet, HeaderReadsAsItIsWritten) {
    const EthernetHeader header{kMac2, kMac1, EtherType::ipv6};
    const auto frame = joined(emitted(header), hex("60"));
    EXPECT_EQ(frame, hex("020000000002 020000000001 86dd 60"));
    const auto view = EthernetView::parse(frame);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), header);
    EXPECT_EQ(copy(view->payload()), hex("60"));
}

TEST(Ethernet, FrameShorterThanItsHeaderIsTruncated) {
    EXPECT_EQ(EthernetView::parse(hex("020000000002 020000000001 08")).error(), ParseError::truncated);
    EXPECT_EQ(EthernetView::parse({}).error(), ParseError::truncated);
}

TEST(Ethernet, LengthFieldOf802Dot3IsNotAType) {
    EXPECT_EQ(EthernetView::parse(hex("0180c2000000 020000000001 0026 4242")).error(), ParseError::bad_type);
    EXPECT_TRUE(EthernetView::parse(hex("0180c2000000 020000000001 0600")));
}

TEST(Rfc1112Section64, MulticastMacTakesTheLow23Bits) {
    EXPECT_EQ(multicast_mac(ip("224.0.0.251")).to_string(), "01:00:5e:00:00:fb");
    EXPECT_EQ(multicast_mac(ip("239.129.2.3")).to_string(), "01:00:5e:01:02:03");
}

TEST(Rfc2464Section7, MulticastMacTakesTheLastFourOctets) {
    EXPECT_EQ(multicast_mac(ip("ff02::1:ff00:1")).to_string(), "33:33:ff:00:00:01");
}

TEST(Rfc826Arp, RequestReadsAsItIsWritten) {
    const ArpPacket request{ArpOperation::request, kMac1, ip("10.0.0.1"), {}, ip("10.0.0.2")};
    const auto octets = emitted(request);
    EXPECT_EQ(octets, hex("0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002"));
    EXPECT_EQ(ArpPacket::parse(octets), request);
}

TEST(Rfc826Arp, FramePaddingBehindThePacketIsIgnored) {
    const ArpPacket reply{ArpOperation::reply, kMac2, ip("10.0.0.2"), kMac1, ip("10.0.0.1")};
    EXPECT_EQ(ArpPacket::parse(joined(emitted(reply), Octets(18))), reply);
}

TEST(Rfc826Arp, OtherHardwareProtocolOrLengthIsRefused) {
    const auto octets = emitted(ArpPacket{});
    const auto with = [&](std::size_t at, int value) {
        auto changed = octets;
        changed[at] = static_cast<std::byte>(value);
        return ArpPacket::parse(changed);
    };
    EXPECT_EQ(with(1, 6).error(), ParseError::bad_type);
    EXPECT_EQ(with(2, 0x86).error(), ParseError::bad_type);
    EXPECT_EQ(with(4, 8).error(), ParseError::bad_length);
    EXPECT_EQ(with(5, 16).error(), ParseError::bad_length);
}

TEST(Rfc826Arp, EveryShorterPrefixIsTruncated) {
    const auto octets = emitted(ArpPacket{});
    for (std::size_t n = 0; n < octets.size(); ++n)
        EXPECT_EQ(ArpPacket::parse(std::span(octets).first(n)).error(), ParseError::truncated) << n;
}

}  // namespace
}  // namespace hourglass::wire
