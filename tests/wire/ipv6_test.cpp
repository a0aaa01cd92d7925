#include "hourglass/wire/ipv6.h"

#include <gtest/gtest.h>

#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;
using Answer = Ipv6ChainError::Answer;

const Ipv6Header kHeader{.dscp = 46,
                         .ecn = Ecn::ect1,
                         .flow_label = 0xabcde,
                         .payload_length = 3,
                         .next_header = IpProtocol::udp,
                         .hop_limit = 255,
                         .source = ip("2001:db8::1"),
                         .destination = ip("ff02::1")};

/// A packet whose first next header is `first`, with `payload` behind the fixed header.
Octets packet(IpProtocol first, std::string_view payload) {
    const auto octets = hex(payload);
    Ipv6Header header = kHeader;
    header.next_header = first;
    header.payload_length = static_cast<std::uint16_t>(octets.size());
    return joined(emitted(header), octets);
}

std::expected<Ipv6Chain, Ipv6ChainError> walk(const Octets& octets, Ipv6WalkLimits limits = {}) {
    return walk_extensions(*Ipv6View::parse(octets), limits);
}

TEST(Rfc8200Header, EveryFieldReadsAsItIsWritten) {
    const auto octets = joined(emitted(kHeader), hex("616263"));
    EXPECT_EQ(copy(std::span(octets).first(8)), hex("6b9a bcde 0003 11 ff"));
    const auto view = Ipv6View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), kHeader);
    EXPECT_EQ(copy(view->payload()), hex("616263"));
}

TEST(Rfc8200Header, LinkPaddingIsNotPayload) {
    auto octets = joined(emitted(kHeader), hex("616263"));
    octets.resize(64);
    EXPECT_EQ(copy(Ipv6View::parse(octets)->payload()), hex("616263"));
}

TEST(Rfc8200Header, EachDefectHasItsReason) {
    auto octets = joined(emitted(kHeader), hex("6162"));
    EXPECT_EQ(Ipv6View::parse(octets).error(), ParseError::truncated);
    EXPECT_EQ(copy(Ipv6View::parse_quoted(octets)->payload()), hex("6162"));
    EXPECT_EQ(Ipv6View::parse_quoted(std::span(octets).first(39)).error(), ParseError::truncated);
    octets[0] = std::byte{0x45};
    EXPECT_EQ(Ipv6View::parse(octets).error(), ParseError::bad_version);
}

TEST(Rfc8200Header, MappedAddressCannotPassForIpv4) {
    Ipv6Header header = kHeader;
    header.payload_length = 0;
    header.source = ip("10.0.0.1");
    EXPECT_EQ(Ipv6View::parse(emitted(header)).error(), ParseError::bad_address);
    header.source = ip("::1");
    header.destination = ip("10.0.0.1");
    EXPECT_EQ(Ipv6View::parse(emitted(header)).error(), ParseError::bad_address);
}

TEST(Rfc8200Chain, WithoutExtensionHeadersTheUpperLayerFollows) {
    for (const auto protocol : {IpProtocol::tcp, IpProtocol::no_next_header, IpProtocol::esp, IpProtocol(253)}) {
        const auto chain = walk(packet(protocol, "00"));
        ASSERT_TRUE(chain);
        EXPECT_EQ(chain->protocol, protocol);
        EXPECT_EQ(chain->offset, 40u);
        EXPECT_EQ(chain->pointer, 6u) << "the Next Header field of the fixed header";
        EXPECT_FALSE(chain->fragment);
    }
}

TEST(Rfc8200Chain, EveryKindOfHeaderIsWalked) {
    const auto chain = walk(packet(IpProtocol::hop_by_hop,
                                   "3c00 0502 0000 0100"  // hop-by-hop: router alert, pad
                                   "2b00 0104 0000 0000"  // destination options: pad
                                   "2c02 0400 0000 0000 0000000000000000 0000000000000000"  // routing, no segments left
                                   "3300 0000 0000 0009"                                    // atomic fragment
                                   "3c04 0000 0000 0001 0000 0001 0000 0000 0000 0000 0000 0000"  // authentication
                                   "1100 0104 0000 0000"                                          // destination options
                                   "14e9 0035 0008 0000"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->protocol, IpProtocol::udp);
    EXPECT_EQ(chain->offset, 40u + 8 + 8 + 24 + 8 + 24 + 8);
    EXPECT_EQ(chain->pointer, chain->offset - 8);
    EXPECT_FALSE(chain->fragment) << "RFC 6946: an atomic fragment needs no reassembly";
}

TEST(Rfc8200Fragment, WalkStopsAtAFragment) {
    const auto chain = walk(packet(IpProtocol::destination_options,
                                   "2c00 0104 0000 0000"
                                   "3c00 0011 deadbeef"  // offset 16, more to come, of destination options
                                   "0000 0000 0000 0000"));
    ASSERT_TRUE(chain);
    EXPECT_EQ(chain->fragment, (Ipv6Fragment{IpProtocol::destination_options, 16, true, 0xdeadbeef}));
    EXPECT_EQ(chain->protocol, IpProtocol::destination_options);
    EXPECT_EQ(chain->fragment_offset, 48u);
    EXPECT_EQ(chain->offset, 56u);
}

TEST(Rfc8200Fragment, HeaderReadsAsItIsWritten) {
    const Ipv6Fragment fragment{IpProtocol::udp, 0xfff8, true, 0x01020304};
    EXPECT_EQ(emitted(fragment), hex("1100 fff9 01020304"));
    EXPECT_EQ(Ipv6Fragment::parse(emitted(fragment)), fragment);
    EXPECT_EQ(Ipv6Fragment::parse(hex("1100 fff9 010203")).error(), ParseError::truncated);
}

TEST(Rfc8200Section45, FragmentOfOddSizePointsAtThePayloadLength) {
    const auto chain = walk(packet(IpProtocol::fragment, "1100 0001 00000001 616263"));
    EXPECT_EQ(chain.error(), (Ipv6ChainError{ParseError::bad_length, Answer::erroneous_header, 4}));
}

TEST(Rfc8200Section45, FragmentBeyond64KiBPointsAtTheFragmentOffset) {
    const auto chain = walk(packet(IpProtocol::fragment, "1100 fff8 00000001 6162636465666768"));
    EXPECT_EQ(chain.error(), (Ipv6ChainError{ParseError::bad_length, Answer::erroneous_header, 42}));
    EXPECT_TRUE(walk(packet(IpProtocol::fragment, "1100 fff8 00000001 61626364656667")));
}

TEST(Rfc8200Section45, FragmentCutByAQuoteIsJudgedByWhatItAnnounces) {
    const auto whole = packet(IpProtocol::fragment, "1100 0001 00000001 14e9 0035 0010 0000 6162636465666768");
    const auto cut = Ipv6View::parse_quoted(std::span(whole).first(whole.size() - 3));
    ASSERT_TRUE(cut);
    EXPECT_TRUE(walk_extensions(*cut));
}

TEST(Rfc8200Section42, UnknownOptionIsTreatedAsItsTypeAsks) {
    const auto with_option = [](std::string_view type) {
        return walk(packet(IpProtocol::destination_options, "1100" + std::string(type) + "04 00000000 00"));
    };
    EXPECT_TRUE(with_option("1e")) << "00: skip";
    const auto error = [](Answer answer) { return Ipv6ChainError{ParseError::unrecognized_header, answer, 42}; };
    EXPECT_EQ(with_option("5e").error(), error(Answer::none));
    EXPECT_EQ(with_option("9e").error(), error(Answer::unrecognized_option));
    EXPECT_EQ(with_option("de").error(), error(Answer::unrecognized_option_unicast_only));
}

TEST(Rfc8200Section42, OptionMustEndInsideItsHeader) {
    EXPECT_EQ(walk(packet(IpProtocol::hop_by_hop, "1100 1e05 0000 0000")).error(),
              (Ipv6ChainError{ParseError::bad_option, Answer::erroneous_header, 42}));
    EXPECT_EQ(walk(packet(IpProtocol::hop_by_hop, "1100 0103 0000 001e")).error(),
              (Ipv6ChainError{ParseError::bad_option, Answer::erroneous_header, 47}))
        << "a type without its length";
}

TEST(Rfc8200Section4, HopByHopOptionsElsewhereThanFirstAreNotRecognised) {
    const auto chain = walk(packet(IpProtocol::destination_options, "0000 0104 0000 0000 1100 0104 0000 0000"));
    EXPECT_EQ(chain.error(), (Ipv6ChainError{ParseError::unrecognized_header, Answer::unrecognized_next_header, 40}));
}

TEST(Rfc8200Section44, RoutingHeaderWithSegmentsLeftPointsAtItsType) {
    const auto chain = walk(packet(IpProtocol::routing, "1100 0001 0000 0000"));
    EXPECT_EQ(chain.error(), (Ipv6ChainError{ParseError::unrecognized_header, Answer::erroneous_header, 42}));
}

TEST(Ipv6WalkLimitsTest, LongerChainsAndOptionListsAreRefused) {
    std::string headers;
    for (int i = 0; i < 8; ++i) headers += "3c00 0104 0000 0000";
    EXPECT_EQ(walk(packet(IpProtocol::destination_options, headers + "1100 0104 0000 0000")).error().reason,
              ParseError::too_many_headers);
    EXPECT_TRUE(walk(packet(IpProtocol::destination_options, headers + "1100 0104 0000 0000"), {.headers = 9}));
    const auto options =
        packet(IpProtocol::destination_options, "1102 1e00 1e00 1e00 1e00 1e00 1e00 1e00 1e00 1e00 0102 0000");
    EXPECT_EQ(walk(options).error().reason, ParseError::too_many_headers);
    EXPECT_TRUE(walk(options, {.options = 9}));
}

TEST(Ipv6Chain, HeaderThatDoesNotFitIsTruncated) {
    const auto whole = hex("3c00 0104 0000 0000 1101 010c 0000 0000 0000 0000 0000 0000");
    for (std::size_t n = 0; n < whole.size(); ++n) {
        Ipv6Header header = kHeader;
        header.next_header = IpProtocol::destination_options;
        header.payload_length = static_cast<std::uint16_t>(n);
        const auto chain = walk(joined(emitted(header), std::span(whole).first(n)));
        ASSERT_FALSE(chain) << n;
        EXPECT_EQ(chain.error().reason, ParseError::truncated) << n;
    }
}

}  // namespace
}  // namespace hourglass::wire
