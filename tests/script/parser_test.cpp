#include "hourglass/script/parser.h"

#include <gtest/gtest.h>

#include "hourglass/wire/tcp.h"

namespace hourglass::script {
namespace {

using namespace std::chrono_literals;

Script script(std::string_view text) {
    auto parsed = parse(text);
    EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().to_string());
    return parsed ? *parsed : Script{};
}

std::string error(std::string_view text) {
    const auto parsed = parse(text);
    return parsed ? "no error" : parsed.error().to_string();
}

TcpSpec tcp(std::string_view packet) {
    const Script s = script("0 " + std::string(packet));
    if (s.events.size() != 1) return {};
    return std::get<TcpSpec>(std::get<PacketSpec>(s.events[0].action).body);
}

EventTime time(std::string_view text) { return script(std::string(text) + " > . 1:1(0) ack 1").events.at(0).time; }

CallSpec call(std::string_view text) {
    return std::get<CallSpec>(script("0 " + std::string(text)).events.at(0).action);
}

TEST(ScriptTimes, AbsoluteRelativeAnyAndRanges) {
    using Kind = EventTime::Kind;
    EXPECT_EQ(time("1.5").at, 1500ms);
    EXPECT_EQ(time("+.1").at, 100ms);
    EXPECT_EQ(time("+.1").kind, Kind::relative);
    EXPECT_EQ(time("*").kind, Kind::any);
    EXPECT_EQ(time("1~2").kind, Kind::absolute_range);
    EXPECT_EQ(time("1~2").until, 2s);
    EXPECT_EQ(time("+0.2~+0.3").kind, Kind::relative_range);
    EXPECT_EQ(time("+0.2~+0.3").until, 300ms);
    EXPECT_EQ(time("0.000001").at, 1us);
}

TEST(ScriptTimes, OnlyPacketsToBeSentMayComeAtAnyTime) {
    EXPECT_EQ(error("* < . 1:1(0) ack 1 win 10"),
              "1:1: expected one time: only a packet to be sent may come at any time or in a range, found '*'");
    EXPECT_NE(error("1~2 close(3) = 0"), "no error");
    EXPECT_NE(error("2~1 > . 1:1(0) ack 1"), "no error");
    EXPECT_NE(error("-1 > . 1:1(0) ack 1"), "no error");
}

TEST(ScriptTimes, ACallThatBlocksHasTwo) {
    const CallSpec spec = call("...0.2 read(4, ..., 1000) = 1000");
    EXPECT_EQ(spec.end, 200ms);
    EXPECT_EQ(std::get<CallSpec>(script("+0...0.300 close(4) = 0").events[0].action).end, 300ms);
    EXPECT_EQ(std::get<CallSpec>(script("0.1 ... 0.3 close(4) = 0").events[0].action).end, 300ms);
}

TEST(ScriptPackets, Flags) {
    using wire::TcpFlags;
    EXPECT_EQ(tcp("> S. 0:0(0) ack 1").flags, TcpFlags::kSyn | TcpFlags::kAck);
    EXPECT_EQ(tcp("> . 1:1(0) ack 1").flags, TcpFlags::kAck);
    EXPECT_EQ(tcp("> - 1:1(0)").flags, 0);
    EXPECT_EQ(tcp("> FRPU. 1:1(0) ack 1 urg 7").flags,
              TcpFlags::kFin | TcpFlags::kRst | TcpFlags::kPsh | TcpFlags::kUrg | TcpFlags::kAck);
    EXPECT_EQ(tcp("> SEWA 0:0(0)").flags, TcpFlags::kSyn | TcpFlags::kEce | TcpFlags::kCwr | TcpFlags::kAe);
}

TEST(ScriptPackets, AccurateEcnCountsInOneDigit) {
    const TcpSpec spec = tcp("> P.5 1:101(100) ack 1");
    EXPECT_EQ(spec.ace, 5);
    EXPECT_EQ(spec.flags, wire::TcpFlags::kPsh | wire::TcpFlags::kAck | wire::TcpFlags::kEce | wire::TcpFlags::kAe);
    EXPECT_EQ(tcp("> .6 1:1(0) ack 1").ace, 6);
    EXPECT_EQ(error("0 > E.5 1:1(0) ack 1"),
              "1:6: expected ECN flags as letters or as one digit, not both, found '.5'");
}

TEST(ScriptPackets, SequenceAckWindowUrgent) {
    const TcpSpec spec = tcp("< P. 1:1001(1000) ack 4294967295 win 65535 urg 12");
    EXPECT_EQ(spec.seq, 1u);
    EXPECT_EQ(spec.length, 1000u);
    EXPECT_EQ(spec.ack, 4294967295u);
    EXPECT_EQ(spec.win, 65535);
    EXPECT_EQ(spec.urgent_pointer, 12);
    EXPECT_TRUE(tcp("> . 1:1(0) ack *").any_ack);
    EXPECT_FALSE(tcp("> . 1:1(0) ack 1").win);
}

TEST(ScriptPackets, Options) {
    const TcpSpec spec = tcp("> S 0:0(0) <mss 1460,sackOK,TS val 100 ecr 0,nop,wscale 8>");
    ASSERT_EQ(spec.options.size(), 5u);
    EXPECT_EQ(spec.options[0].kind, 2);
    EXPECT_EQ(spec.options[0].data, (std::vector{std::byte{5}, std::byte{180}}));
    EXPECT_EQ(spec.options[2].data.size(), 8u);
    EXPECT_TRUE(tcp("> . 1:1(0) ack 1 <...>").any_options);
    EXPECT_EQ(tcp("> . 1:1(0) ack 1 <nop,nop,sack 10:20 30:40>").options[2].data.size(), 16u);
    EXPECT_EQ(tcp("< S 0:0(0) win 1 <FO abcd1234,nop,nop>").options[0].data.size(), 4u);
    EXPECT_EQ(tcp("< S 0:0(0) win 1 <FO,nop,nop>").options[0].data.size(), 0u);
    EXPECT_EQ(tcp("< S 0:0(0) win 1 <FOEXP,nop,nop,nop,nop>").options[0].kind, 254);
    EXPECT_EQ(tcp("< . 1:1(0) ack 1 win 1 <ECN e1b 1 ceb 0 e0b 1,nop>").options[0].kind, 174);
    EXPECT_EQ(tcp("< S 0:0(0) win 1 <kind 253 0102>").options[0].data.size(), 2u);
}

TEST(ScriptPackets, MarksPortsUdpAndIcmp) {
    const auto packet = [](std::string_view text) {
        return std::get<PacketSpec>(script("0 " + std::string(text)).events.at(0).action);
    };
    EXPECT_EQ(packet("> [ect0] . 1:1(0) ack 1").ip.tos, 2);
    EXPECT_EQ(packet("> (tos 0x10) . 1:1(0) ack 1").ip.tos, 16);
    EXPECT_EQ(packet("> [ttl 1] . 1:1(0) ack 1").ip.ttl, 1);
    EXPECT_EQ(packet("> (ect1, flowlabel 0x5) . 1:1(0) ack 1").ip.flow_label, 5u);
    EXPECT_EQ(packet("< 1234>80 S 0:0(0) win 1").ports->destination, 80);
    EXPECT_EQ(std::get<UdpSpec>(packet("> udp (100)").body).length, 100u);
    const auto icmp = std::get<IcmpSpec>(packet("< icmp unreachable frag_needed mtu 1000 [1:1001(1000)]").body);
    EXPECT_EQ(icmp.code, "frag_needed");
    EXPECT_EQ(icmp.mtu, 1000u);
    EXPECT_EQ(icmp.length, 1000u);
    EXPECT_EQ(std::get<IcmpSpec>(packet("< icmp unreachable [udp (5)]").body).echoed, IcmpSpec::Echoed::udp);
}

TEST(ScriptCalls, ValuesOfEveryShape) {
    EXPECT_EQ(call("socket(..., SOCK_STREAM, IPPROTO_TCP) = 3").arguments.size(), 3u);
    EXPECT_EQ(call("write(4, ..., 1000) = -1 EAGAIN (Resource temporarily unavailable)").error, "EAGAIN");
    EXPECT_EQ(call("fcntl(3, F_GETFL) = 0x2 (flags O_RDWR)").error, "");
    EXPECT_EQ(std::get<Union>(call("fcntl(3, F_SETFL, O_RDWR|O_NONBLOCK) = 0").arguments[2].value).operands.size(), 2u);
    EXPECT_EQ(
        std::get<List>(call("poll([{fd=4, events=POLLIN, revents=0}], 1, 0) = 0").arguments[0].value).items.size(), 1u);
    const auto recvmsg = call(
        "recvmsg(4, {msg_name(...)=..., msg_iov(1)=[{..., 1000}], msg_flags=0, "
        "msg_control=[{cmsg_level=SOL_TCP, cmsg_type=TCP_CM_INQ, cmsg_data=5}]}, 0) = 1000");
    EXPECT_EQ(std::get<Structure>(recvmsg.arguments[1].value).fields.size(), 4u);
    EXPECT_EQ(std::get<Structure>(recvmsg.arguments[1].value).fields[1].count.size(), 1u);
    const auto bind =
        call("bind(3, {sa_family = AF_INET, sin_port = htons(80), sin_addr = inet_addr(\"192.0.2.1\")}, ...) = 0");
    EXPECT_EQ(std::get<Structure>(bind.arguments[1].value).fields.size(), 3u);
    EXPECT_EQ(
        std::get<Text>(call(R"(setsockopt(3, SOL_TCP, TCP_CONGESTION, "re" "no", 4) = 0)").arguments[3].value).value,
        "reno");
}

TEST(ScriptFiles, OptionsCommandsCommentsAndDefinitions) {
    const Script s = script(
        "// one comment\n"
        "--tolerance_usecs=10000 --local_ip=192.0.2.7\n"
        "--define=FAMILY=AF_INET\n"
        "/* another\n   one */ # a third\n"
        "`sysctl -q net.ipv4.tcp_sack=0`\n"
        "0 socket(FAMILY, SOCK_STREAM, IPPROTO_TCP) = 3\n"
        "+0 %{ assert tcpi_state == 1 }%\n"
        "+0 `sleep 1`\n"
        "`the end`\n");
    ASSERT_EQ(s.options.size(), 3u);
    EXPECT_EQ(s.options[1].value, "192.0.2.7");
    EXPECT_EQ(s.initial.size(), 1u);
    EXPECT_EQ(s.final.size(), 1u);
    ASSERT_EQ(s.events.size(), 3u);
    EXPECT_EQ(std::get<Word>(std::get<CallSpec>(s.events[0].action).arguments[0].value).text, "AF_INET");
    EXPECT_EQ(s.events[0].position, (Position{7, 1}));
}

TEST(ScriptFiles, WhatIsNotPerformedIsNamed) {
    const Script s = script("0 > ipv4 1.1.1.1 > 2.2.2.2: . 1:1(0) ack 1");
    ASSERT_EQ(s.unsupported.size(), 1u);
    EXPECT_EQ(s.unsupported[0].position, (Position{1, 5}));
}

TEST(ScriptErrors, NameLineColumnExpectationAndFinding) {
    EXPECT_EQ(error(""), "1:1: expected an event, found the end of the file");
    EXPECT_EQ(error("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+0 foo bar"),
              "2:8: expected '(' and the arguments of the call, found 'bar'");
    EXPECT_EQ(error("0 > S 0:0"), "1:10: expected '(' and the number of octets, found the end of the file");
    EXPECT_EQ(error("0 > S 0:5(4)"), "1:7: expected 0:4(4): the end is the beginning and the octets, found '0:5(4)'");
    EXPECT_EQ(error("0 < . 1:1(0) ack 1"),
              "1:19: expected 'win' and the window that the packet offers, found the end of the file");
    EXPECT_EQ(error("0 > X 1:1(0)"),
              "1:5: expected the flags of a TCP segment: letters of FSRPUEWA or a digit of 0 to 7, found 'X'");
    EXPECT_EQ(
        error("0 > . 1:1(0) ack 1 <foo 3>"),
        "1:21: expected a TCP option: mss, wscale, sackOK, sack, TS, FO, FOEXP, md5, ECN, kind, nop or eol, found "
        "'foo'");
    EXPECT_EQ(error("0 > . 1:1(0) ack 1 <nop>"),
              "1:20: expected options of a multiple of 4 octets and at most 40: nop or eol fill up, found 1 octets");
    EXPECT_EQ(error("0 close(3) ="),
              "1:13: expected a value: a number, a name, \"text\", ..., [a list] or {a structure}, "
              "found the end of the file");
    EXPECT_EQ(error("0 close(3) = 0 EBADF"),
              "1:21: expected '(' and what EBADF means, as strace prints it, found the end of the file");
    EXPECT_EQ(error("0 `sysctl"), "1:3: expected ` somewhere behind this `, found the end of the file");
    EXPECT_EQ(error("/* no end"), "1:1: expected '*/' somewhere behind this '/*', found the end of the file");
    EXPECT_EQ(error("0 close(99999999999999999999) = 0"),
              "1:9: expected a number below 2^63, found '99999999999999999999'");
    EXPECT_EQ(error("0 > . 1:1(0) ack 5000000000"),
              "1:18: expected an acknowledgement number from 0 to 4294967295, found '5000000000'");
}

TEST(ScriptErrors, NestingHasALimit) {
    EXPECT_NE(error("0 f(" + std::string(10'000, '[')), "no error");
    EXPECT_NE(error("0 f(" + std::string(10'000, '{')), "no error");
}

}  // namespace
}  // namespace hourglass::script
