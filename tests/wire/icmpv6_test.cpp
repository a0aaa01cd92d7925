#include "hourglass/wire/icmpv6.h"

#include <gtest/gtest.h>

#include "hourglass/wire/ipv6.h"
#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

const IpAddress kA = ip("2001:db8::1");
const IpAddress kB = ip("2001:db8::2");

Octets message(const Icmpv6Header& header, std::span<const std::byte> body) {
    Octets out(Icmpv6Header::kSize + body.size());
    header.emit_message(out, body, kA, kB);
    return out;
}

Octets quote() {
    return joined(
        emitted(Ipv6Header{.payload_length = 100, .next_header = IpProtocol::udp, .source = kB, .destination = kA}),
        hex("14e9 0035 0064 0000"));
}

TEST(Rfc4443Echo, RequestReadsAsItIsWritten) {
    const auto octets = message(Icmpv6Header::echo_request(0x1234, 7), hex("616263"));
    const auto view = Icmpv6View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), Icmpv6Header::echo_request(0x1234, 7));
    EXPECT_EQ(view->identifier(), 0x1234);
    EXPECT_EQ(view->sequence(), 7);
    EXPECT_EQ(copy(view->body()), hex("616263"));
    EXPECT_FALSE(view->is_error());
}

TEST(Rfc4443Section23, ChecksumCoversThePseudoHeader) {
    const auto octets = message(Icmpv6Header::echo_reply(1, 2), hex("616263"));
    EXPECT_TRUE(Icmpv6View::parse(octets)->checksum_is_valid(kA, kB));
    EXPECT_FALSE(Icmpv6View::parse(octets)->checksum_is_valid(kA, ip("2001:db8::3")));
}

TEST(Rfc4443Errors, PacketTooBigTellsTheMtuAndQuotes) {
    const auto octets = message(Icmpv6Header::packet_too_big(1280), quote());
    const auto view = Icmpv6View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->is_error());
    EXPECT_EQ(view->mtu(), 1280u);
    const auto quoted = Ipv6View::parse_quoted(view->quoted());
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->source(), kB);
    EXPECT_EQ(walk_extensions(*quoted)->offset, 40u);
}

TEST(Rfc4443Errors, ParameterProblemPoints) {
    const auto octets =
        message(Icmpv6Header::parameter_problem(Icmpv6Problem::unrecognized_next_header, 0x12345), quote());
    EXPECT_EQ(Icmpv6View::parse(octets)->code(), 1);
    EXPECT_EQ(Icmpv6View::parse(octets)->pointer(), 0x12345u);
}

TEST(Rfc4443Errors, UnreachableAndTimeExceeded) {
    const auto port = message(Icmpv6Header::destination_unreachable(Icmpv6Unreachable::port), quote());
    EXPECT_EQ(copy(std::span(port).first(2)), hex("0104"));
    const auto time = message(Icmpv6Header::time_exceeded(Icmpv6TimeExceeded::in_reassembly), quote());
    EXPECT_EQ(copy(std::span(time).first(2)), hex("0301"));
    EXPECT_EQ(copy(Icmpv6View::parse(time)->quoted()), quote());
}

TEST(Rfc4884, ExtensionsAreNotPartOfAnIcmpv6Quote) {
    Icmpv6Header header = Icmpv6Header::destination_unreachable(Icmpv6Unreachable::port);
    header.rest = 6u << 24;  // six words of 64 bits are quoted
    const auto octets = message(header, joined(quote(), hex("2000 0000 0004 0101")));
    EXPECT_EQ(copy(Icmpv6View::parse(octets)->quoted()), quote());
}

TEST(Rfc4443Echo, EveryShorterPrefixIsTruncated) {
    const auto octets = message(Icmpv6Header::echo_request(1, 1), {});
    for (std::size_t n = 0; n < octets.size(); ++n)
        EXPECT_EQ(Icmpv6View::parse(std::span(octets).first(n)).error(), ParseError::truncated) << n;
}

}  // namespace
}  // namespace hourglass::wire
