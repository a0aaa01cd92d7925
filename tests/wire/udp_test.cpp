#include "hourglass/wire/udp.h"

#include <gtest/gtest.h>

#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

Octets datagram(std::string_view data, const IpAddress& source, const IpAddress& destination) {
    const auto payload = hex(data);
    auto out = joined(emitted(UdpHeader{Port(5353), Port(53), static_cast<std::uint16_t>(payload.size())}), payload);
    store_be16(out.data() + UdpHeader::kChecksumOffset, udp_checksum(source, destination, out));
    return out;
}

TEST(Rfc768Udp, DatagramReadsAsItIsWritten) {
    for (const auto& [source, destination] :
         {std::pair{ip("10.0.0.1"), ip("10.0.0.2")}, std::pair{ip("2001:db8::1"), ip("2001:db8::2")}}) {
        const auto octets = datagram("010203", source, destination);
        const auto view = UdpView::parse(octets);
        ASSERT_TRUE(view);
        EXPECT_EQ(view->header(), (UdpHeader{Port(5353), Port(53), 3}));
        EXPECT_EQ(copy(view->payload()), hex("010203"));
        EXPECT_TRUE(view->checksum_is_valid(source, destination));
        EXPECT_FALSE(view->checksum_is_valid(source, ip(source.is_v4() ? "10.0.0.3" : "2001:db8::3")));
    }
}

TEST(Rfc768Udp, OctetsBehindTheDatagramAreLeftOut) {
    const auto octets = joined(datagram("010203", ip("10.0.0.1"), ip("10.0.0.2")), Octets(9));
    EXPECT_EQ(copy(UdpView::parse(octets)->payload()), hex("010203"));
}

TEST(Rfc768Udp, LengthFieldIsChecked) {
    auto octets = datagram("010203", ip("10.0.0.1"), ip("10.0.0.2"));
    octets[5] = std::byte{7};
    EXPECT_EQ(UdpView::parse(octets).error(), ParseError::bad_length);
    octets[5] = std::byte{12};
    EXPECT_EQ(UdpView::parse(octets).error(), ParseError::truncated);
    EXPECT_EQ(UdpView::parse(std::span(octets).first(7)).error(), ParseError::truncated);
}

TEST(Rfc768Udp, SumOfZeroIsSentAsAllOnes) {
    const IpAddress a = ip("10.0.0.1"), b = ip("10.0.0.2");
    auto octets = datagram("0000", a, b);
    // The complement of the sum so far, as data, makes the whole add up to 0xffff, whose complement is zero.
    const std::uint16_t rest = load_be16(octets.data() + UdpHeader::kChecksumOffset);
    store_be16(octets.data() + UdpHeader::kChecksumOffset, 0);
    store_be16(octets.data() + UdpHeader::kSize, rest);
    ASSERT_EQ(transport_checksum(a, b, IpProtocol::udp, octets), 0);
    EXPECT_EQ(udp_checksum(a, b, octets), 0xffff);
    store_be16(octets.data() + UdpHeader::kChecksumOffset, 0xffff);
    EXPECT_TRUE(UdpView::parse(octets)->checksum_is_valid(a, b));
}

TEST(Rfc8200Section81, MissingChecksumIsForIpv4Only) {
    const auto octets = emitted(UdpHeader{Port(1), Port(2), 0});
    EXPECT_TRUE(UdpView::parse(octets)->checksum_is_valid(ip("10.0.0.1"), ip("10.0.0.2")));
    EXPECT_FALSE(UdpView::parse(octets)->checksum_is_valid(ip("::1"), ip("::1")));
}

}  // namespace
}  // namespace hourglass::wire
