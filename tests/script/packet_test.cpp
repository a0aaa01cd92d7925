#include <gtest/gtest.h>

#include "hourglass/script/parser.h"
#include "script/packets.h"
#include "script/world.h"

namespace hourglass::script {
namespace {

PacketSpec packet(std::string_view text) {
    const auto script = parse("0 " + std::string(text));
    if (!script) {
        ADD_FAILURE() << script.error().to_string();
        return {};
    }
    return std::get<PacketSpec>(script->events.at(0).action);
}

/// A connection whose ISN is 5000 here and 777 at the peer; the script says 0 and 777.
Flow flow(IpAddress local = IpAddress::v4(192, 168, 0, 1), IpAddress remote = IpAddress::v4(192, 0, 2, 1)) {
    Flow f;
    f.stage = Flow::Stage::answered;
    f.local = {local, Port(8080)};
    f.remote = {remote, Port(50000)};
    f.local_isn = 5000;
    f.remote_isn = 777;
    return f;
}

/// The same flow seen from the peer: what the script lets arrive is then what it expects there.
Flow mirrored(const Flow& f) {
    Flow m = f;
    std::swap(m.local, m.remote);
    std::swap(m.local_isn, m.remote_isn);
    return m;
}

/// Builds the packet, reads it as the other end would, and says it again.
std::string round_trip(std::string_view text, Flow f = flow()) {
    const auto built = build_packet(packet(text), f);
    if (!built) return built.error();
    const auto live = read_packet(*built, World::kStart);
    if (!live) return live.error();
    Flow peer = mirrored(f);
    return to_text(describe(*live, peer, nullptr));
}

TEST(ScriptWire, SayTheSameAfterTheWire) {
    EXPECT_EQ(round_trip("< P. 1:1001(1000) ack 5 win 100"), "> P. 1:1001(1000) ack 5 win 100");
    EXPECT_EQ(round_trip("< [ce] F. 1:1(0) ack 1 win 0 <nop,nop,sack 10:20 30:40>"),
              "> [ce] F. 1:1(0) ack 1 win 0 <nop,nop,sack 10:20 30:40>");
    EXPECT_EQ(round_trip("< - 1:1(0) win 7 <mss 1460,nop,nop,sackOK,nop,wscale 3>"),
              "> - 1:1(0) win 7 <mss 1460,nop,nop,sackOK,nop,wscale 3>");
    EXPECT_EQ(round_trip("< UEWA. 1:3(2) ack 1 win 7 urg 2 <md5 00112233445566778899aabbccddeeff,nop,nop>"),
              "> UEWA. 1:3(2) ack 1 win 7 urg 2 <md5 00112233445566778899aabbccddeeff,nop,nop>");
    EXPECT_EQ(round_trip("< udp (7)"), "> udp (7)");
    EXPECT_EQ(round_trip("< icmp unreachable frag_needed mtu 1000 [1:1(0)]"),
              "> icmp unreachable frag_needed mtu 1000 [1:1(0)]");
    EXPECT_EQ(round_trip("< icmp unreachable port_unreachable [udp (5)]"),
              "> icmp unreachable port_unreachable [udp (5)]");
    EXPECT_EQ(round_trip("< icmp nonsense"), "ICMP has no message 'nonsense '");
}

TEST(ScriptWire, SayTheSameOverIpv6) {
    const auto v6 = flow(*IpAddress::parse("fd3d::1"), *IpAddress::parse("2001:db8::1"));
    EXPECT_EQ(round_trip("< [ect0] . 1:11(10) ack 1 win 9", v6), "> [ect0] . 1:11(10) ack 1 win 9");
    EXPECT_EQ(round_trip("< icmp packet_too_big mtu 1280 [1:1(0)]", v6), "> icmp packet_too_big mtu 1280 [1:1(0)]");
    EXPECT_EQ(round_trip("< udp (1)", v6), "> udp (1)");
}

TEST(ScriptWire, NumbersCountFromTheSyn) {
    const auto built = *build_packet(packet("< . 1:1(0) ack 1 win 10"), flow());
    const auto view = *wire::TcpView::parse(std::span(built).subspan(20));
    EXPECT_EQ(view.seq().raw(), 778u);
    EXPECT_EQ(view.ack().raw(), 5001u);
    const auto syn = *build_packet(packet("< S 777:777(0) win 10"), flow());
    EXPECT_EQ(wire::TcpView::parse(std::span(syn).subspan(20))->seq().raw(), 777u);
}

TEST(ScriptWire, TimestampsAreMappedFromTheFirstOneOn) {
    Flow f = flow();
    Flow peer = mirrored(f);
    // The stack's clock says 90000 where the script says 100.
    const auto built = *build_packet(packet("< . 1:1(0) ack 1 win 1 <nop,nop,TS val 90000 ecr 5>"), f);
    const auto live = *read_packet(built, World::kStart);
    const auto shape = packet("> . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 5>");
    EXPECT_EQ(to_text(describe(live, peer, &shape)), "> . 1:1(0) ack 1 win 1 <nop,nop,TS val 100 ecr 5>");
    // What the script echoes is what the stack sent.
    const auto echo = *build_packet(packet("< . 1:1(0) ack 1 win 1 <nop,nop,TS val 7 ecr 100>"), peer);
    EXPECT_EQ(wire::TcpView::parse(std::span(echo).subspan(20))->options().timestamps->echo_reply, 90000u);
    const auto later = *build_packet(packet("< . 1:1(0) ack 1 win 1 <nop,nop,TS val 7 ecr 150>"), peer);
    EXPECT_EQ(wire::TcpView::parse(std::span(later).subspan(20))->options().timestamps->echo_reply, 90050u);
}

std::string compare(std::string_view expected, std::string_view actual, const Config& config = {}) {
    Flow f = flow();
    PacketSpec got = packet(actual);
    if (got.ip.check != IpMarks::Check::none) got.ip.check = IpMarks::Check::tos;
    return mismatch(packet(expected), got, f, config);
}

TEST(ScriptMatching, WhatAnIcmpMessageQuotes) {
    constexpr std::string_view actual = "> icmp unreachable frag_needed mtu 1000 [1:11(10)]";
    EXPECT_EQ(compare("> icmp unreachable frag_needed mtu 1000 [1:11(10)]", actual), "");
    EXPECT_EQ(compare("> icmp unreachable frag_needed", actual), "");
    EXPECT_EQ(compare("> icmp unreachable frag_needed mtu 999", actual), "MTU: expected 999, got 1000");
    EXPECT_EQ(compare("> icmp unreachable frag_needed [2:12(10)]", actual),
              "sequence number that is quoted: expected 2, got 1");
    EXPECT_EQ(compare("> icmp unreachable frag_needed [1:12(11)]", actual),
              "octets of the datagram that is quoted: expected 11, got 10");
    EXPECT_EQ(compare("> icmp unreachable frag_needed [udp (10)]", actual), "ICMP message: it quotes another protocol");
    EXPECT_EQ(compare("> icmp echo_reply id 7", "> icmp echo_reply id 8"), "identifier: expected 7, got 8");
}

TEST(ScriptMatching, EveryFieldOfATcpSegment) {
    constexpr std::string_view actual = "> P. 1:1001(1000) ack 5 win 100";
    EXPECT_EQ(compare("> P. 1:1001(1000) ack 5 win 100", actual), "");
    EXPECT_EQ(compare("> P. 1:1001(1000) ack 5", actual), "");
    EXPECT_EQ(compare("> P. 1:1001(1000) ack * win *", actual), "");
    EXPECT_EQ(compare("> . 1:1001(1000) ack 5", actual), "flags: expected ., got P.");
    EXPECT_EQ(compare("> P. 2:1002(1000) ack 5", actual), "sequence number: expected 2, got 1");
    EXPECT_EQ(compare("> P. 1:1002(1001) ack 5", actual), "octets of data: expected 1001, got 1000");
    EXPECT_EQ(compare("> P. 1:1001(1000) ack 6", actual), "acknowledgement: expected 6, got 5");
    EXPECT_EQ(compare("> P. 1:1001(1000) ack 5 win 99", actual), "window: expected 99, got 100");
    EXPECT_EQ(compare("> P. 1:1001(1000) ack 5 urg 1", actual), "urgent pointer: expected 1, got 0");
    EXPECT_EQ(compare("> udp (1000)", actual), "another protocol");
}

TEST(ScriptMatching, OptionsInAnyOrderUnlessStrict) {
    constexpr std::string_view actual = "> S 0:0(0) <mss 1460,nop,nop,sackOK>";
    EXPECT_EQ(compare("> S 0:0(0) <mss 1460,sackOK,nop,nop>", actual), "");
    EXPECT_EQ(compare("> S 0:0(0) <...>", actual), "");
    EXPECT_EQ(compare("> S 0:0(0)", actual), "TCP options: other ones");
    EXPECT_EQ(compare("> S 0:0(0) <mss 1461,sackOK,nop,nop>", actual), "TCP option of kind 2: another value");
    Config strict;
    strict.strict_options = true;
    EXPECT_EQ(compare("> S 0:0(0) <mss 1460,sackOK,nop,nop>", actual, strict), "TCP options: other ones");
}

TEST(ScriptMatching, TimestampsWhereTheyAreToBeStrict) {
    constexpr std::string_view actual = "> . 1:1(0) ack 1 <nop,nop,TS val 110 ecr 7>";
    constexpr std::string_view expected = "> . 1:1(0) ack 1 <nop,nop,TS val 100 ecr 7>";
    EXPECT_EQ(compare(expected, actual), "");
    Config strict;
    strict.strict_timestamps = true;
    EXPECT_EQ(compare(expected, actual, strict), "TCP option of kind 8: TS val: expected 100, got 110");
    strict.tolerance = std::chrono::milliseconds(10);
    EXPECT_EQ(compare(expected, actual, strict), "");
    EXPECT_EQ(compare("> . 1:1(0) ack 1 <nop,nop,TS val 110 ecr 8>", actual, strict),
              "TCP option of kind 8: TS ecr: expected 8, got 7");
}

TEST(ScriptMatching, MarksOfTheIpHeader) {
    EXPECT_EQ(compare("> [ect0] . 1:1(0) ack 1", "> [ect0] . 1:1(0) ack 1"), "");
    EXPECT_EQ(compare("> [ect01] . 1:1(0) ack 1", "> [ect1] . 1:1(0) ack 1"), "");
    EXPECT_EQ(compare("> [noecn] . 1:1(0) ack 1", "> [ce] . 1:1(0) ack 1"), "ECN: expected noecn, got ce");
    EXPECT_EQ(compare("> . 1:1(0) ack 1", "> [ce] . 1:1(0) ack 1"), "");
    EXPECT_EQ(compare("> [tos 0x10] . 1:1(0) ack 1", "> [tos 0x11] . 1:1(0) ack 1"), "TOS: expected 0x10, got 0x11");
}

}  // namespace
}  // namespace hourglass::script
