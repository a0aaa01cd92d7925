#include "hourglass/trace/summary.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "hourglass/base/random.h"
#include "hourglass/dns/message.h"
#include "hourglass/wire/arp.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/icmp.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/tcp.h"
#include "hourglass/wire/udp.h"

namespace hourglass::trace {
namespace {

using Bytes = std::vector<std::byte>;

const IpAddress kA = IpAddress::v4(10, 0, 0, 1);
const IpAddress kB = IpAddress::v4(10, 0, 0, 2);

Bytes datagram(wire::IpProtocol protocol, const Bytes& payload) {
    const wire::Ipv4Header ip{.protocol = protocol,
                              .payload_length = static_cast<std::uint16_t>(payload.size()),
                              .source = kA,
                              .destination = kB};
    Bytes bytes(20 + payload.size());
    ip.emit(bytes);
    std::ranges::copy(payload, bytes.begin() + 20);
    return bytes;
}

Bytes segment(const wire::TcpHeader& header, std::string_view data) {
    Bytes bytes(header.size());
    header.emit(bytes);
    for (const char c : data) bytes.push_back(static_cast<std::byte>(c));
    return datagram(wire::IpProtocol::tcp, bytes);
}

TEST(Summary, ReadsATcpSegment) {
    wire::TcpHeader header{.source_port = Port(1000), .destination_port = Port(80), .seq = tcp::Seq(7)};
    header.flags = wire::TcpFlags::kSyn;
    header.window = 500;
    header.options.mss = 1460;
    header.options.sack_permitted = true;
    const PacketSummary summary = summarize(segment(header, ""), ip::Medium::ip);
    EXPECT_EQ(summary.protocol, "TCP");
    EXPECT_EQ(summary.source.to_string(), "10.0.0.1:1000");
    EXPECT_EQ(summary.destination.to_string(), "10.0.0.2:80");
    ASSERT_TRUE(summary.tcp);
    EXPECT_EQ(flag_text(summary.tcp->flags), "SYN");
    EXPECT_EQ(option_texts(summary.tcp->options), (std::vector<std::string>{"mss 1460", "sack ok"}));
}

TEST(Summary, FindsTheStartLineOfAnHttpMessage) {
    wire::TcpHeader header{.source_port = Port(1000), .destination_port = Port(80)};
    const auto start_line = [&](std::string_view data) {
        return summarize(segment(header, data), ip::Medium::ip).start_line;
    };
    EXPECT_EQ(start_line("GET /a?b HTTP/1.1\r\nHost: x\r\n\r\n"), "GET /a?b HTTP/1.1");
    EXPECT_EQ(start_line("HTTP/1.1 404 Not Found\r\n\r\n"), "HTTP/1.1 404 Not Found");
    EXPECT_EQ(start_line("just some octets\r\n"), "");
    EXPECT_EQ(start_line("GET /\x1b[2J HTTP/1.1\r\n"), "") << "not for a terminal";
}

TEST(Summary, ReadsADnsMessage) {
    const auto name = dns::Name::parse("www.example.com");
    ASSERT_TRUE(name);
    const auto message = dns::make_query(1, {*name, dns::Type::a, dns::Class::in}).to_bytes();
    Bytes bytes(8);
    wire::UdpHeader{.source_port = Port(5000),
                    .destination_port = dns::kPort,
                    .payload_length = static_cast<std::uint16_t>(message.size())}
        .emit(bytes);
    bytes.insert(bytes.end(), message.begin(), message.end());
    const PacketSummary summary = summarize(datagram(wire::IpProtocol::udp, bytes), ip::Medium::ip);
    EXPECT_EQ(summary.protocol, "DNS");
    EXPECT_NE(summary.text.find("www.example.com"), std::string::npos) << summary.text;
}

TEST(Summary, ReadsIcmpAndArp) {
    Bytes echo(8);
    wire::IcmpHeader::echo_request(1, 42).emit_message(echo, {});
    EXPECT_EQ(summarize(datagram(wire::IpProtocol::icmp, echo), ip::Medium::ip).text, "echo request 42");

    Bytes frame(14 + 28);
    wire::EthernetHeader{.destination = MacAddress::broadcast(), .source = {}, .type = wire::EtherType::arp}.emit(
        frame);
    wire::ArpPacket{.operation = wire::ArpOperation::request, .sender_ip = kA, .target_ip = kB}.emit(
        std::span(frame).subspan(14));
    const PacketSummary arp = summarize(frame, ip::Medium::ethernet);
    EXPECT_EQ(arp.protocol, "ARP");
    EXPECT_EQ(arp.text, "who has 10.0.0.2? tell 10.0.0.1");
}

TEST(Summary, SaysWhatItCannotRead) {
    EXPECT_EQ(summarize({}, ip::Medium::ip).text, "empty");
    EXPECT_EQ(summarize(datagram(wire::IpProtocol::tcp, Bytes(5)), ip::Medium::ip).text, "unreadable: truncated");
    Random random(1);
    for (int i = 0; i < 20'000; ++i) {
        Bytes noise(random.below(80));
        for (std::byte& b : noise) b = static_cast<std::byte>(random.next());
        if (!noise.empty() && random.chance(0.7)) noise[0] = random.chance(0.5) ? std::byte{0x45} : std::byte{0x60};
        const auto medium = random.chance(0.5) ? ip::Medium::ip : ip::Medium::ethernet;
        EXPECT_FALSE(summarize(noise, medium).text.empty());
    }
}

}  // namespace
}  // namespace hourglass::trace
