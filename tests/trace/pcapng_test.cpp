#include "hourglass/trace/pcapng.h"

#include <gtest/gtest.h>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/trace/export.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/udp.h"
#include "trace/conversation.h"
#include "trace/tshark.h"

namespace hourglass::trace {
namespace {

using namespace std::chrono_literals;

std::uint32_t number_at(std::span<const std::byte> bytes, std::size_t offset, std::size_t size = 4) {
    std::uint32_t n = 0;
    for (std::size_t i = 0; i < size; ++i) n |= std::to_integer<std::uint32_t>(bytes[offset + i]) << (8 * i);
    return n;
}

/// A block as it stands in the file.
struct Block {
    std::uint32_t type = 0;
    std::vector<std::byte> body;

    /// The options behind `fixed` octets of the body.
    [[nodiscard]] std::map<std::uint32_t, std::string> options(std::size_t fixed) const {
        std::map<std::uint32_t, std::string> found;
        for (std::size_t at = fixed; at < body.size();) {
            const std::uint32_t code = number_at(body, at, 2);
            const std::uint32_t length = number_at(body, at + 2, 2);
            if (code != 0) found[code].assign(reinterpret_cast<const char*>(body.data()) + at + 4, length);
            at += 4 + (length + 3) / 4 * 4;
        }
        return found;
    }
};

std::vector<Block> blocks_of(const std::string& file) {
    const auto bytes = std::as_bytes(std::span(file));
    std::vector<Block> blocks;
    for (std::size_t at = 0; at < bytes.size();) {
        const std::uint32_t length = number_at(bytes, at + 4);
        EXPECT_EQ(length % 4, 0U);
        EXPECT_EQ(number_at(bytes, at + length - 4), length) << "the length stands at both ends";
        const auto body = bytes.subspan(at + 8, length - 12);
        blocks.push_back({number_at(bytes, at), {body.begin(), body.end()}});
        at += length;
    }
    return blocks;
}

std::string capture_of(const Recorder& recorder, const CaptureOptions& options = {}) {
    std::ostringstream out;
    PcapngWriter writer(out);
    write_pcapng(recorder, writer, options);
    return out.str();
}

TEST(Pcapng, BlocksAreThoseOfTheDraft) {
    std::ostringstream out;
    PcapngWriter writer(out, {.application = "test", .unix_time = 1s});
    const auto interface = writer.add_interface({.name = "eth0", .type = LinkType::ethernet, .snaplen = 6});
    const std::string packet = "abcdefgh";
    writer.write(interface, Instant(5s + 7ns), std::as_bytes(std::span(packet)), "why", CaptureDirection::outbound);

    const auto blocks = blocks_of(out.str());
    ASSERT_EQ(blocks.size(), 3U);
    EXPECT_EQ(blocks[0].type, 0x0a0d0d0aU);
    EXPECT_EQ(number_at(blocks[0].body, 0), 0x1a2b3c4dU);
    EXPECT_EQ(blocks[0].options(16).at(4), "test");

    EXPECT_EQ(blocks[1].type, 1U);
    EXPECT_EQ(number_at(blocks[1].body, 0, 2), 1U) << "LINKTYPE_ETHERNET";
    EXPECT_EQ(blocks[1].options(8).at(2), "eth0");
    EXPECT_EQ(blocks[1].options(8).at(9), "\x09") << "nanoseconds";

    EXPECT_EQ(blocks[2].type, 6U);
    const std::uint64_t time = std::uint64_t{number_at(blocks[2].body, 4)} << 32 | number_at(blocks[2].body, 8);
    EXPECT_EQ(time, 6'000'000'007U);
    EXPECT_EQ(number_at(blocks[2].body, 12), 6U) << "captured";
    EXPECT_EQ(number_at(blocks[2].body, 16), 8U) << "on the wire";
    EXPECT_EQ(blocks[2].options(20 + 8).at(1), "why");
    EXPECT_EQ(blocks[2].options(20 + 8).at(2), std::string("\x02\0\0\0", 4)) << "outbound";
}

TEST(Pcapng, SameSeedWritesTheSameBytes) {
    const auto run = [](std::uint64_t seed) {
        Conversation c(sim::LinkSettings().both({.delay = 10ms, .jitter = 5ms, .loss = 0.1, .duplicate = 0.05}), seed);
        c.response.append(50'000, 'x');
        c.run();
        return capture_of(c.recorder);
    };
    const std::string first = run(1);
    EXPECT_EQ(first, run(1));
    EXPECT_NE(first, run(2));
}

TEST(Pcapng, EveryCommentTellsReasonStatesAndClause) {
    Conversation c(quiet_link());
    c.run();
    std::vector<std::string> comments;
    for (const Block& block : blocks_of(capture_of(c.recorder))) {
        if (block.type != 6) continue;
        const std::size_t padded = (number_at(block.body, 12) + 3) / 4 * 4;
        comments.push_back(block.options(20 + padded).at(1));
    }
    ASSERT_EQ(comments.size(), 7U);
    EXPECT_EQ(comments[0],
              "sent: active open: our SYN (RFC 9293 3.5); CLOSED -> SYN-SENT, OPEN call | at server: LISTEN -> "
              "SYN-RECEIVED, SYN received (RFC 9293 3.10.7.2 third)");
    for (const std::string& comment : comments) EXPECT_NE(comment.find("RFC "), std::string::npos) << comment;
}

TEST(Pcapng, LostPacketsAreShownOrNot) {
    Conversation c(quiet_link());
    c.link.set_script(sim::Direction::b_to_a,
                      [](const sim::PacketView&, std::uint64_t n) { return sim::Verdict{.lose = n == 2}; });
    c.run();
    const auto all = blocks_of(capture_of(c.recorder)).size();
    EXPECT_EQ(blocks_of(capture_of(c.recorder, {.lost_packets = false})).size(), all - 1);
    EXPECT_EQ(blocks_of(capture_of(c.recorder, {.side = CaptureOptions::Side::receiver})).size(), all - 1);
}

TEST(Pcapng, TsharkFindsNothingWrongOnACleanLink) {
    if (!have_tshark()) GTEST_SKIP() << "tshark is not installed";
    for (const ip::Medium medium : {ip::Medium::ip, ip::Medium::ethernet}) {
        sim::LinkSettings settings = quiet_link();
        settings.medium = medium;
        Conversation c(settings);
        c.response.append(100'000, 'x');
        c.run();
        const std::string capture = capture_of(c.recorder);
        const std::string experts = tshark(capture, "-q -z expert,note");
        EXPECT_EQ(experts.find("Errors"), std::string::npos) << experts;
        EXPECT_EQ(experts.find("Warns"), std::string::npos) << experts;
        EXPECT_EQ(experts.find("etransmission"), std::string::npos) << experts;
        EXPECT_EQ(tshark(capture, "-Y '_ws.malformed or tcp.checksum.status == 0 or ip.checksum.status == 0'"), "");
        EXPECT_NE(tshark(capture, "-Y 'frame.comment contains \"CLOSED -> SYN-SENT\"'"), "");
    }
}

TEST(Pcapng, TsharkFindsOnlyWhatTheLossExplains) {
    if (!have_tshark()) GTEST_SKIP() << "tshark is not installed";
    Conversation c(sim::LinkSettings().both({.delay = 10ms, .loss = 0.05}), 4);
    c.response.append(200'000, 'x');
    c.run();
    // Segments one by one: a reader that puts the stream together takes what was lost behind the capture for two.
    const std::string experts = tshark(capture_of(c.recorder), "-o tcp.desegment_tcp_streams:FALSE -q -z expert,note");
    EXPECT_EQ(experts.find("Errors"), std::string::npos) << experts;
    EXPECT_NE(experts.find("retransmission"), std::string::npos) << experts;
    EXPECT_EQ(experts.find("Malformed"), std::string::npos) << experts;
    EXPECT_EQ(experts.find("hecksum"), std::string::npos) << experts;
}

TEST(Pcapng, CaptureCompletesChecksumsThatWereLeftToTheDevice) {
    // A UDP datagram whose checksum field holds the sum of the pseudo-header only.
    const wire::UdpHeader udp{.source_port = Port(1), .destination_port = Port(2), .payload_length = 5};
    const wire::Ipv4Header ip{.protocol = wire::IpProtocol::udp,
                              .payload_length = 13,
                              .source = IpAddress::v4(10, 0, 0, 1),
                              .destination = IpAddress::v4(10, 0, 0, 2)};
    std::vector<std::byte> bytes(33, std::byte{'x'});
    ip.emit(bytes);
    udp.emit(std::span(bytes).subspan(20));
    const auto pseudo = wire::pseudo_header_sum(ip.source, ip.destination, wire::IpProtocol::udp, 13);
    wire::store_be16(bytes.data() + 26, wire::fold(pseudo));

    std::ostringstream out;
    PcapngWriter writer(out);
    const auto sink = capture_to(writer, writer.add_interface({.name = "tun0"}));
    sink({.time = Instant(1s), .outbound = true, .offload = {.checksum = Offload::Checksum::partial}, .bytes = bytes});
    const auto blocks = blocks_of(out.str());
    const auto written = std::span<const std::byte>(blocks.back().body).subspan(20, 33);
    const auto view = wire::UdpView::parse(written.subspan(20));
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->checksum_is_valid(ip.source, ip.destination));
}

}  // namespace
}  // namespace hourglass::trace
