#include "hourglass/wire/tcp.h"

#include <gtest/gtest.h>

#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

const TcpHeader kData{.source_port = Port(40000),
                      .destination_port = Port(80),
                      .seq = tcp::Seq(0xfffffffe),
                      .ack = tcp::Seq(0x05060708),
                      .flags = TcpFlags::kPsh | TcpFlags::kAck,
                      .window = 501};

TEST(Rfc9293Header, DataSegmentIsWrittenOctetByOctet) {
    EXPECT_EQ(kData.size(), 20u);
    EXPECT_EQ(emitted(kData), hex("9c40 0050 fffffffe 05060708 5018 01f5 0000 0000"));
}

TEST(Rfc9293Header, EveryFieldReadsAsItIsWritten) {
    TcpHeader header = kData;
    header.flags = header.flags | TcpFlags::kUrg | TcpFlags::kAe;
    header.urgent_pointer = 3;
    header.options.timestamps = {1, 0xffffffff};
    const auto segment = joined(emitted(header), hex("616263"));
    const auto view = TcpView::parse(segment);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->header(), header);
    EXPECT_EQ(view->header_size(), 32u);
    EXPECT_EQ(copy(view->payload()), hex("616263"));
    EXPECT_EQ(view->checksum(), 0);
}

TEST(Rfc9293Header, ChecksumCoversPseudoHeaderHeaderAndData) {
    auto segment = joined(emitted(kData), hex("6162636465"));
    const IpAddress a = ip("2001:db8::1"), b = ip("2001:db8::2");
    store_be16(segment.data() + TcpHeader::kChecksumOffset, transport_checksum(a, b, IpProtocol::tcp, segment));
    EXPECT_TRUE(TcpView::parse(segment)->checksum_is_valid(a, b));
    segment.back() ^= std::byte{0x80};
    EXPECT_FALSE(TcpView::parse(segment)->checksum_is_valid(a, b));
}

TEST(Rfc9293Header, DataOffsetIsChecked) {
    auto segment = emitted(kData);
    segment[12] = std::byte{0x40};
    EXPECT_EQ(TcpView::parse(segment).error(), ParseError::bad_header_length);
    segment[12] = std::byte{0x60};
    EXPECT_EQ(TcpView::parse(segment).error(), ParseError::bad_header_length);
    for (std::size_t n = 0; n < 20; ++n)
        EXPECT_EQ(TcpView::parse(std::span(segment).first(n)).error(), ParseError::truncated) << n;
}

TEST(Rfc9293Header, SequenceLengthCountsSynAndFin) {
    TcpHeader header = kData;
    header.flags = TcpFlags::kSyn | TcpFlags::kFin;
    const auto segment = joined(emitted(header), hex("616263"));
    EXPECT_EQ(TcpView::parse(segment)->sequence_length(), 5u);
    EXPECT_EQ(TcpView::parse(emitted(kData))->sequence_length(), 0u);
}

TEST(Rfc9293Header, ReservedBitsDoNotShowInTheFlags) {
    auto segment = emitted(kData);
    segment[12] |= std::byte{0x0e};
    EXPECT_EQ(TcpView::parse(segment)->flags(), kData.flags);
}

TEST(TcpFlagsText, NamesAndTcpdumpLetters) {
    const TcpFlags syn_ack = TcpFlags::kSyn | TcpFlags::kAck;
    EXPECT_EQ(syn_ack.to_string(), "SYN, ACK");
    EXPECT_EQ(syn_ack.compact(), "S.");
    EXPECT_EQ(TcpFlags(TcpFlags::kFin | TcpFlags::kPsh | TcpFlags::kAck).compact(), "FP.");
    EXPECT_EQ(TcpFlags(TcpFlags::kAll).to_string(), "SYN, FIN, RST, PSH, ACK, URG, ECE, CWR, AE");
    EXPECT_EQ(TcpFlags().to_string(), "none");
    EXPECT_EQ(TcpFlags().compact(), "none");
}

TEST(TcpRawOptions, UnknownOptionsAndTheirOrderAreKept) {
    const auto segment =
        hex("9c40 0050 00000001 00000000 9002 faf0 0000 0000  01 1c04 803c 020405b4 fe04 1234 00 0000");
    const auto view = TcpView::parse(segment);
    ASSERT_TRUE(view);
    Octets out(view->header_size());
    EXPECT_EQ(view->header().emit_with(out, view->option_bytes()), segment.size());
    EXPECT_EQ(out, segment);
}

TEST(TcpRawOptions, ArePaddedWithEndOfList) {
    Octets out(60, std::byte{0xff});
    EXPECT_EQ(kData.emit_with(out, hex("1c0480 3c fe")), 28u);
    EXPECT_EQ(copy(std::span(out).subspan(20, 8)), hex("1c04803c fe000000"));
    EXPECT_EQ(TcpView::parse(out)->header_size(), 28u);
    EXPECT_EQ(out[28], std::byte{0xff});
}

}  // namespace
}  // namespace hourglass::wire
