#include "hourglass/wire/icmp.h"

#include <gtest/gtest.h>

#include "hourglass/wire/ipv4.h"
#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

Octets message(const IcmpHeader& header, std::span<const std::byte> body) {
    Octets out(IcmpHeader::kSize + body.size());
    header.emit_message(out, body);
    return out;
}

/// The beginning of a datagram, as an error quotes it: the IPv4 header and eight octets (RFC 792).
Octets quote() { return hex("4500 0040 0001 4000 4006 26b5 0a000001 0a000002 9c40 0050 0102 0304"); }

TEST(Rfc792Echo, RequestReadsAsItIsWritten) {
    const auto octets = message(IcmpHeader::echo_request(0x1234, 7), hex("616263"));
    EXPECT_EQ(octets, hex("0800 2162 1234 0007 616263"));
    const auto view = IcmpView::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), IcmpHeader::echo_request(0x1234, 7));
    EXPECT_EQ(view->identifier(), 0x1234);
    EXPECT_EQ(view->sequence(), 7);
    EXPECT_EQ(copy(view->body()), hex("616263"));
    EXPECT_TRUE(view->checksum_is_valid());
    EXPECT_FALSE(view->is_error());
}

TEST(Rfc792Echo, DamageShowsInTheChecksum) {
    auto octets = message(IcmpHeader::echo_reply(1, 2), hex("616263"));
    octets[9] ^= std::byte{0x10};
    EXPECT_FALSE(IcmpView::parse(octets)->checksum_is_valid());
}

TEST(Rfc1191, FragmentationNeededTellsTheNextHopMtu) {
    const auto octets =
        message(IcmpHeader::destination_unreachable(IcmpUnreachable::fragmentation_needed, 1400), quote());
    const auto view = IcmpView::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->is_error());
    EXPECT_EQ(view->type(), IcmpType::destination_unreachable);
    EXPECT_EQ(view->code(), 4);
    EXPECT_EQ(view->next_hop_mtu(), 1400);
    const auto quoted = Ipv4View::parse_quoted(view->quoted());
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->destination(), ip("10.0.0.2"));
    EXPECT_EQ(copy(quoted->payload()), hex("9c40 0050 0102 0304"));
}

TEST(Rfc792Errors, TimeExceededAndParameterProblem) {
    const auto time = message(IcmpHeader::time_exceeded(IcmpTimeExceeded::in_reassembly), quote());
    EXPECT_EQ(IcmpView::parse(time)->code(), 1);
    EXPECT_TRUE(IcmpView::parse(time)->is_error());
    const auto problem = message(IcmpHeader::parameter_problem(20), quote());
    EXPECT_EQ(IcmpView::parse(problem)->pointer(), 20);
    EXPECT_EQ(copy(IcmpView::parse(problem)->quoted()), quote());
}

TEST(Rfc4884, ExtensionsAreNotPartOfTheQuote) {
    IcmpHeader header = IcmpHeader::time_exceeded(IcmpTimeExceeded::in_transit);
    header.rest = 7u << 16;  // seven words of 32 bits are quoted
    const auto octets = message(header, joined(quote(), hex("2000 0000 0008 0101 0000 1101")));
    EXPECT_EQ(copy(IcmpView::parse(octets)->quoted()), quote());
}

TEST(Rfc4884, LengthBeyondTheMessageQuotesWhatThereIs) {
    IcmpHeader header = IcmpHeader::time_exceeded(IcmpTimeExceeded::in_transit);
    header.rest = 255u << 16;
    EXPECT_EQ(copy(IcmpView::parse(message(header, quote()))->quoted()), quote());
}

TEST(Rfc1122Section322, OnlyErrorsAreErrors) {
    for (unsigned type = 0; type < 256; ++type) {
        const bool expected = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
        EXPECT_EQ(IcmpView::parse(message({IcmpType(type), 0, 0}, {}))->is_error(), expected) << type;
    }
}

TEST(Rfc792Echo, EveryShorterPrefixIsTruncated) {
    const auto octets = message(IcmpHeader::echo_request(1, 1), {});
    for (std::size_t n = 0; n < octets.size(); ++n)
        EXPECT_EQ(IcmpView::parse(std::span(octets).first(n)).error(), ParseError::truncated) << n;
}

}  // namespace
}  // namespace hourglass::wire
