#include "hourglass/base/address.h"

#include <gtest/gtest.h>

namespace hourglass {
namespace {

std::string canonical(std::string_view text) {
    const auto address = IpAddress::parse(text);
    return address ? address->to_string() : "refused";
}

TEST(IpAddressText, Ipv4IsFourDecimalNumbers) {
    EXPECT_EQ(canonical("10.0.0.1"), "10.0.0.1");
    EXPECT_EQ(canonical("255.255.255.255"), "255.255.255.255");
    EXPECT_EQ(IpAddress::parse("10.0.0.1"), IpAddress::v4(0x0a000001));
}

TEST(IpAddressText, OctalShortAndOverlongIpv4FormsAreRefused) {
    for (const auto* text : {"", "10.0.0", "10.0.0.0.1", "10.0.0.256", "010.0.0.1", "10.0.0.+1", "10.0.0.1 ",
                             "0x0a.0.0.1", "10..0.1", "167772161"})
        EXPECT_EQ(canonical(text), "refused") << text;
}

TEST(Rfc5952, CanonicalText) {
    EXPECT_EQ(canonical("2001:0DB8:0:0:0:0:0:1"), "2001:db8::1") << "section 4.1, 4.3";
    EXPECT_EQ(canonical("2001:db8:0:0:1:0:0:1"), "2001:db8::1:0:0:1") << "section 4.2.3: the first of equal runs";
    EXPECT_EQ(canonical("2001:0:0:1:0:0:0:1"), "2001:0:0:1::1") << "section 4.2.3: the longest run";
    EXPECT_EQ(canonical("2001:db8:0:1:1:1:1:1"), "2001:db8:0:1:1:1:1:1") << "section 4.2.2: not for one group";
    EXPECT_EQ(canonical("0:0:0:0:0:0:0:0"), "::");
    EXPECT_EQ(canonical("1::"), "1::");
    EXPECT_EQ(canonical("1:0:0:0:0:0:0:0"), "1::");
}

TEST(Rfc4291Section22, DottedTailIsRead) {
    EXPECT_EQ(canonical("64:ff9b::192.0.2.33"), "64:ff9b::c000:221");
    EXPECT_EQ(canonical("::ffff:10.0.0.1"), "10.0.0.1") << "the mapped form is the IPv4 address itself";
}

TEST(Rfc4291Section22, MalformedTextIsRefused) {
    for (const auto* text : {":", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3", "12345::", "g::", "::1.2.3",
                             "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0", ":1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::"})
        EXPECT_EQ(canonical(text), "refused") << text;
}

TEST(IpAddressKinds, AreToldApart) {
    EXPECT_TRUE(IpAddress::parse("224.0.0.1")->is_multicast());
    EXPECT_TRUE(IpAddress::parse("ff02::1")->is_multicast());
    EXPECT_FALSE(IpAddress::parse("223.255.255.255")->is_multicast());
    EXPECT_TRUE(IpAddress::parse("127.1.2.3")->is_loopback());
    EXPECT_TRUE(IpAddress::parse("::1")->is_loopback());
    EXPECT_FALSE(IpAddress::parse("::2")->is_loopback());
    EXPECT_TRUE(IpAddress::parse("febf::1")->is_link_local());
    EXPECT_FALSE(IpAddress::parse("fec0::1")->is_link_local());
    EXPECT_TRUE(IpAddress::parse("169.254.9.9")->is_link_local());
    EXPECT_TRUE(IpAddress().is_unspecified());
    EXPECT_TRUE(IpAddress::v4(0).is_unspecified());
    EXPECT_TRUE(IpAddress::v4(0xffffffff).is_limited_broadcast());
}

TEST(IpAddressKinds, WireOctetsAreFourOrSixteen) {
    EXPECT_EQ(IpAddress::v4(10, 0, 0, 1).wire_octets().size(), 4u);
    EXPECT_EQ(IpAddress::parse("::1")->wire_octets().size(), 16u);
}

TEST(SocketAddressText, AddressAndPort) {
    for (const auto* text : {"10.0.0.2:80", "[2001:db8::1]:65535", "[::]:80"})
        EXPECT_EQ(SocketAddress::parse(text).value().to_string(), text);
    EXPECT_EQ(SocketAddress::parse(":80").value().to_string(), "0.0.0.0:80");
}

TEST(SocketAddressText, ErrorSaysWhatIsWrong) {
    EXPECT_EQ(SocketAddress::parse("10.0.0.2").error(),
              "'10.0.0.2' has no port; write ADDRESS:PORT, as in 10.0.0.2:80");
    EXPECT_EQ(SocketAddress::parse("10.0.0.2:65536").error(), "'65536' is not a port (0 to 65535)");
    for (const auto* text : {"2001:db8::1:80", "[10.0.0.2]:80", "[::1:80", "host:80"})
        EXPECT_NE(SocketAddress::parse(text).error().find("is not an address"), std::string::npos) << text;
}

TEST(PrefixMembership, ComparesTheFirstBits) {
    const auto contains = [](std::string_view prefix, std::string_view address) {
        return Prefix::parse(prefix).value().contains(IpAddress::parse(address).value());
    };
    EXPECT_TRUE(contains("10.0.0.0/24", "10.0.0.255"));
    EXPECT_FALSE(contains("10.0.0.0/24", "10.0.1.0"));
    EXPECT_TRUE(contains("10.0.0.128/25", "10.0.0.129"));
    EXPECT_FALSE(contains("10.0.0.128/25", "10.0.0.127"));
    EXPECT_TRUE(contains("0.0.0.0/0", "203.0.113.7"));
    EXPECT_FALSE(contains("0.0.0.0/0", "2001:db8::1")) << "another family";
    EXPECT_FALSE(contains("::/0", "10.0.0.1")) << "another family";
    EXPECT_TRUE(contains("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(contains("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(contains("10.0.0.1", "10.0.0.1")) << "without a length: one host";
}

TEST(PrefixMembership, DirectedBroadcast) {
    EXPECT_EQ(Prefix::parse("10.0.0.0/24")->broadcast(), IpAddress::v4(10, 0, 0, 255));
    EXPECT_EQ(Prefix::parse("10.0.0.1/32")->broadcast(), IpAddress::v4(10, 0, 0, 1));
}

TEST(PrefixText, LengthIsChecked) {
    for (const auto* text : {"10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.0/-1", "/24"})
        EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(MacAddressKinds, GroupBitAndText) {
    EXPECT_TRUE(MacAddress::broadcast().is_group());
    EXPECT_FALSE((MacAddress{{2, 0, 0, 0, 0, 1}}).is_group());
    EXPECT_EQ((MacAddress{{2, 0, 0, 0xab, 0, 1}}).to_string(), "02:00:00:ab:00:01");
}

}  // namespace
}  // namespace hourglass
