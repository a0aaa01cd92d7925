#include "hourglass/wire/neighbor_discovery.h"

#include <gtest/gtest.h>

#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;
using namespace std::chrono_literals;

const IpAddress kLocal = ip("fe80::1");
const IpAddress kAllNodes = ip("ff02::1");
const MacAddress kMac{{2, 0, 0, 0, 0, 1}};

template <class Message>
Octets written(const Message& message) {
    Octets out(message.size());
    message.emit(out, kLocal, kAllNodes);
    return out;
}

/// Reads octets as a message, whatever their checksum.
template <class Message>
std::expected<Message, ParseError> read(const Octets& octets) {
    return Message::parse(*Icmpv6View::parse(octets));
}

/// A neighbour advertisement of `fe80::2` with these options.
std::expected<NeighborAdvertisement, ParseError> advertisement_with(std::string_view options) {
    return read<NeighborAdvertisement>(
        joined(hex("8800 0000 60000000 fe800000000000000000000000000002"), hex(options)));
}

/// A router advertisement with these options.
std::expected<RouterAdvertisement, ParseError> router_with(std::string_view options) {
    return read<RouterAdvertisement>(joined(hex("8600 0000 40000708 00000000 00000000"), hex(options)));
}

RouterAdvertisement router() {
    RouterAdvertisement message{.hop_limit = 64,
                                .managed = true,
                                .router_lifetime = RouterAdvertisement{}.router_lifetime.max(),
                                .reachable_time = 30000ms,
                                .retransmit_timer = 1000ms,
                                .source_link_layer = kMac,
                                .mtu = 1500,
                                .prefix_count = 2};
    message.prefixes[0] = {*Prefix::parse("2001:db8::/64"), true, true, 86400s, 14400s};
    message.prefixes[1] = {*Prefix::parse("2001:db8:1::/48"), true, false, 1s, 0s};
    return message;
}

TEST(Rfc4861Section43, SolicitationReadsAsItIsWritten) {
    const NeighborSolicitation message{ip("fe80::2"), kMac};
    const auto octets = written(message);
    EXPECT_EQ(copy(std::span(octets).subspan(4)), hex("00000000 fe800000000000000000000000000002 0101 020000000001"));
    EXPECT_EQ(read<NeighborSolicitation>(octets), message);
    EXPECT_TRUE(Icmpv6View::parse(octets)->checksum_is_valid(kLocal, kAllNodes));
}

TEST(Rfc4861Section43, ProbeForDuplicatesHasNoLinkLayerAddress) {
    const NeighborSolicitation probe{ip("fe80::2"), std::nullopt};
    EXPECT_EQ(written(probe).size(), 24u);
    EXPECT_EQ(read<NeighborSolicitation>(written(probe)), probe);
}

TEST(Rfc4861Section44, AdvertisementReadsAsItIsWritten) {
    for (unsigned flags = 0; flags < 8; ++flags) {
        const NeighborAdvertisement message{(flags & 4) != 0, (flags & 2) != 0, (flags & 1) != 0, ip("2001:db8::2"),
                                            kMac};
        const auto octets = written(message);
        EXPECT_EQ(std::to_integer<unsigned>(octets[4]), flags << 5);
        EXPECT_EQ(read<NeighborAdvertisement>(octets), message);
    }
}

TEST(Rfc4861Section41, RouterSolicitationReadsAsItIsWritten) {
    EXPECT_EQ(read<RouterSolicitation>(written(RouterSolicitation{kMac})), RouterSolicitation{kMac});
    EXPECT_EQ(read<RouterSolicitation>(written(RouterSolicitation{})), RouterSolicitation{});
}

TEST(Rfc4861Section42, RouterAdvertisementReadsAsItIsWritten) {
    const auto octets = written(router());
    EXPECT_EQ(octets.size(), 16u + 8 + 8 + 2 * 32);
    EXPECT_EQ(copy(std::span(octets).subspan(4, 12)), hex("4080 ffff 00007530 000003e8"));
    EXPECT_EQ(copy(std::span(octets).subspan(32, 32)),
              hex("0304 40 c0 00015180 00003840 00000000 20010db8000000000000000000000000"));
    EXPECT_EQ(read<RouterAdvertisement>(octets), router());
}

TEST(Rfc4861Section42, MorePrefixesThanTheLimitAreLeftOut) {
    std::string options;
    for (int i = 0; i < 10; ++i)
        options += "0304 40 c0 00015180 00003840 00000000 20010db80000000" + std::to_string(i) + "0000000000000000";
    const auto message = router_with(options);
    ASSERT_TRUE(message);
    ASSERT_EQ(message->announced().size(), RouterAdvertisement::kMaxPrefixes);
    EXPECT_EQ(message->announced()[7].prefix.to_string(), "2001:db8:0:7::/64");
}

TEST(Rfc4861Section46, OptionsOfOtherKindsAreSkipped) {
    const auto message = advertisement_with("0e01 010203040506 0201 020000000001");
    ASSERT_TRUE(message);
    EXPECT_EQ(message->target_link_layer, kMac);
}

TEST(Rfc4861Section46, OptionOfLengthZeroIsRefused) {
    EXPECT_EQ(advertisement_with("0200 020000000001").error(), ParseError::bad_option);
    EXPECT_EQ(advertisement_with("0e00 000000000000").error(), ParseError::bad_option) << "of an unknown kind";
}

TEST(Rfc4861Section46, OptionBeyondTheMessageIsTruncated) {
    EXPECT_EQ(advertisement_with("0202 020000000001").error(), ParseError::truncated);
    EXPECT_EQ(advertisement_with("0201 0200").error(), ParseError::truncated);
}

TEST(Rfc4861Section46, OptionOfWrongSizeIsRefused) {
    EXPECT_EQ(advertisement_with("0202 020000000001 0000000000000000").error(), ParseError::bad_option);
    EXPECT_EQ(router_with("0502 0000 000005dc 0000000000000000").error(), ParseError::bad_option);
    EXPECT_EQ(router_with("0301 40c0 00015180").error(), ParseError::bad_option);
}

TEST(Rfc4861Section46, PrefixLongerThanAnAddressIsRefused) {
    const std::string rest = "c0 00015180 00003840 00000000 20010db8000000000000000000000000";
    EXPECT_EQ(router_with("0304 81" + rest).error(), ParseError::bad_option);
    EXPECT_TRUE(router_with("0304 80" + rest));
}

TEST(Rfc4861Section71, TargetIsOneHost) {
    for (const char* target : {"ff02::1", "10.0.0.1"}) {
        EXPECT_EQ(read<NeighborSolicitation>(written(NeighborSolicitation{ip(target)})).error(),
                  ParseError::bad_address);
        NeighborAdvertisement message;
        message.target = ip(target);
        EXPECT_EQ(read<NeighborAdvertisement>(written(message)).error(), ParseError::bad_address);
    }
}

TEST(Rfc4861Section71, OtherTypeOrCodeIsRefused) {
    auto octets = written(NeighborSolicitation{ip("fe80::2")});
    EXPECT_EQ(read<NeighborAdvertisement>(octets).error(), ParseError::bad_type);
    octets[1] = std::byte{1};
    EXPECT_EQ(read<NeighborSolicitation>(octets).error(), ParseError::bad_type);
}

TEST(Rfc4861Section71, FixedPartMustBeThere) {
    const auto octets = written(NeighborSolicitation{ip("fe80::2")});
    for (std::size_t n = Icmpv6Header::kSize; n < octets.size(); ++n)
        EXPECT_EQ(read<NeighborSolicitation>(copy(std::span(octets).first(n))).error(), ParseError::truncated) << n;
}

TEST(NeighborDiscoveryLimits, MessageWithTooManyOptionsIsRefused) {
    std::string options;
    for (unsigned i = 0; i < kMaxNdOptions; ++i) options += "0e01 000000000000";
    EXPECT_TRUE(advertisement_with(options));
    EXPECT_EQ(advertisement_with(options + "0e01 000000000000").error(), ParseError::too_many_headers);
}

TEST(Rfc4291Section271, SolicitedNodeAddressTakesTheLast24Bits) {
    EXPECT_EQ(solicited_node_multicast(ip("2001:db8::12:3456")).to_string(), "ff02::1:ff12:3456");
}

}  // namespace
}  // namespace hourglass::wire
