#include "hourglass/script/runner.h"

#include <gtest/gtest.h>

#include "hourglass/script/suite.h"

namespace hourglass::script {
namespace {

/// A connection accepted as 4, at 100 ms.
const std::string kOpen =
    "0    socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
    "+0   bind(3, ..., ...) = 0\n"
    "+0   listen(3, 1) = 0\n"
    "+0   < S 0:0(0) win 32768 <mss 1000>\n"
    "+0   > S. 0:0(0) ack 1 <mss 1460>\n"
    "+.1  < . 1:1(0) ack 1 win 32768\n"
    "+0   accept(3, ..., ...) = 4\n";

/// Passes, or what is wrong: "failed: ...".
std::string result(const std::string& text, const RunOptions& options = {}) {
    const Report report = run(text, options);
    if (report.outcome == Outcome::passed) return "passed";
    return std::string(to_string(report.outcome)) + ": " + report.message;
}

std::string open(const std::string& text) { return result(kOpen + text); }

TEST(ScriptRun, AHandshakePasses) {
    const Report report = run(kOpen);
    EXPECT_EQ(report.outcome, Outcome::passed) << to_text(report, "script");
    EXPECT_EQ(report.virtual_time, std::chrono::milliseconds(100));
    EXPECT_EQ(report.rows.size(), 7u);
}

TEST(ScriptRun, IsTheSameEveryTime) { EXPECT_EQ(ladder(run(kOpen)), ladder(run(kOpen))); }

TEST(ScriptRun, EveryFieldOfAPacketCounts) {
    const std::string write = "+0 write(4, ..., 100) = 100\n";
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1"), "passed");
    EXPECT_EQ(open(write + "+0 > . 1:101(100) ack 1"), "failed: flags: expected ., got P.");
    EXPECT_EQ(open(write + "+0 > P. 2:102(100) ack 1"), "failed: sequence number: expected 2, got 1");
    EXPECT_EQ(open(write + "+0 > P. 1:102(101) ack 1"), "failed: octets of data: expected 101, got 100");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 2"), "failed: acknowledgement: expected 2, got 1");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1 win 7"), "failed: window: expected 7, got 65535");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1 <nop,nop,sackOK>"), "failed: TCP options: other ones");
    EXPECT_EQ(open(write + "+0 > [ce] P. 1:101(100) ack 1"), "failed: ECN: expected ce, got noecn");
    EXPECT_EQ(open(write + "+0 > [ttl 3] P. 1:101(100) ack 1"), "failed: TTL: expected 3, got 64");
}

TEST(ScriptRun, APacketThatDoesNotComeFails) {
    const Report report = run(kOpen + "+0 > . 1:1(0) ack 1\n");
    EXPECT_EQ(report.outcome, Outcome::failed);
    EXPECT_EQ(report.message, "nothing was sent");
    EXPECT_EQ(report.position, (Position{8, 1}));
    EXPECT_EQ(report.expected, "> . 1:1(0) ack 1");
}

TEST(ScriptRun, TooEarlyAndTooLateFail) {
    const std::string write = "+0 write(4, ..., 100) = 100\n";
    EXPECT_EQ(open(write + "+.003 > P. 1:101(100) ack 1"), "passed");
    EXPECT_EQ(open(write + "+.005 > P. 1:101(100) ack 1"),
              "failed: time: expected this packet at 0.105000 s, was at 0.100000 s (tolerance 0.004000 s)");
    EXPECT_EQ(result("--tolerance_usecs=5000\n" + kOpen + write + "+.005 > P. 1:101(100) ack 1"), "passed");
    EXPECT_EQ(open(write + "+.1~+.2 > P. 1:101(100) ack 1").substr(0, 12), "failed: time");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1\n0.5~0.9 > P. 1:101(100) ack 1"), "failed: nothing was sent");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1\n1~1.2 > P. 1:101(100) ack 1"), "passed");
    EXPECT_EQ(open(write + "+0 > P. 1:101(100) ack 1\n* > P. 1:101(100) ack 1"), "passed");
    EXPECT_EQ(open("0.05 write(4, ..., 1) = 1").substr(0, 12), "failed: time");
}

TEST(ScriptRun, ResultsAndErrorsOfCallsCount) {
    EXPECT_EQ(open("+0 write(4, ..., 100) = 99"), "failed: result: expected 99, got 100");
    EXPECT_EQ(open("+0 read(4, ..., 100) = 0").substr(0, 7), "failed:");
    const std::string nonblocking = "+0 fcntl(4, F_SETFL, O_RDWR|O_NONBLOCK) = 0\n";
    EXPECT_EQ(open(nonblocking + "+0 read(4, ..., 100) = -1 EAGAIN (Resource temporarily unavailable)"), "passed");
    EXPECT_EQ(open(nonblocking + "+0 read(4, ..., 100) = -1 ECONNRESET (Connection reset by peer)"),
              "failed: error: expected ECONNRESET, got EAGAIN");
    EXPECT_EQ(open("+0 close(9) = -1 EBADF (Bad file descriptor)"), "passed");
    EXPECT_EQ(open("+0 getsockopt(4, SOL_TCP, TCP_NODELAY, [1], [4]) = 0"), "failed: value: expected [1], got [0]");
}

TEST(ScriptRun, CallsThatBlockReturnWhenTheyShould) {
    EXPECT_EQ(open("+0...0.3 read(4, ..., 100) = 50\n+.3 < P. 1:51(50) ack 1 win 100"), "passed");
    EXPECT_EQ(open("+0...0.2 read(4, ..., 100) = 50\n+.3 < P. 1:51(50) ack 1 win 100").substr(0, 12), "failed: time");
    EXPECT_EQ(open("+0...0.3 read(4, ..., 100) = 50"), "failed: the script ends while read(4, ..., 100) still waits");
    EXPECT_EQ(open("+0 read(4, ..., 100) = 50\n+.3 < P. 1:51(50) ack 1 win 100"), "failed: the call does not return");
}

TEST(ScriptRun, SegmentsAddUpToWhatTheScriptSays) {
    const std::string write = "+0 write(4, ..., 3000) = 3000\n";
    EXPECT_EQ(open(write + "+0 > P. 1:3001(3000) ack 1"), "passed");
    EXPECT_EQ(open(write + "+0 > . 1:1001(1000) ack 1\n+0 > P. 1001:3001(2000) ack 1"), "passed");
    EXPECT_EQ(result("--strict_segments\n" + kOpen + write + "+0 > P. 1:3001(3000) ack 1"),
              "failed: flags: expected P., got .");
    EXPECT_EQ(open(write + "+0 > P. 1:5001(5000) ack 1"), "failed: octets of data: expected 5000, got 3000");
}

TEST(ScriptRun, ConnectionsAreToldApartByTheirPorts) {
    EXPECT_EQ(result("0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
                     "+0 bind(3, ..., ...) = 0\n"
                     "+0 listen(3, 5) = 0\n"
                     "+0 < 1111>8080 S 0:0(0) win 1000 <mss 1000>\n"
                     "+0 > 8080>1111 S. 0:0(0) ack 1 <mss 1460>\n"
                     "+0 < 2222>8080 S 100:100(0) win 1000 <mss 1000>\n"
                     "+0 > 8080>2222 S. 0:0(0) ack 101 <mss 1460>\n"
                     "+0 < 2222>8080 . 1:1(0) ack 1 win 1000\n"
                     "+0 accept(3, ..., ...) = 4\n"
                     "+0 write(4, ..., 10) = 10\n"
                     "+0 > 8080>2222 P. 1:11(10) ack 1\n"),
              "passed");
}

TEST(ScriptRun, CodeLooksAtTheConnection) {
    EXPECT_EQ(open("+0 %{ assert tcpi_state == TCP_ESTABLISHED }%"), "passed");
    const Report report = run(kOpen + "+0 %{\nassert tcpi_unacked == 0\nassert tcpi_snd_mss == 1 }%");
    EXPECT_EQ(report.message, "assert tcpi_snd_mss == 1: false with 1000 == 1");
    EXPECT_EQ(report.position.line, 10u);
}

TEST(ScriptRun, WhatIsNotSupportedIsNamedAndNeverPasses) {
    EXPECT_EQ(open("+0 frobnicate(4) = 0"), "unsupported: the system call frobnicate()");
    EXPECT_EQ(open("+0 `rm -rf x`"), "unsupported: the command 'rm -rf x'");
    EXPECT_EQ(result("`sysctl -q net.ipv4.tcp_nonsense=1`\n" + kOpen), "unsupported: the sysctl net.ipv4.tcp_nonsense");
    EXPECT_EQ(open("+0 setsockopt(4, SOL_TCP, TCP_NONSENSE, [1], 4) = 0"), "unsupported: the name TCP_NONSENSE");
    EXPECT_EQ(open("+0 %{ import os }%"), "unsupported: Python's 'import'");
    EXPECT_EQ(open("+0 > gre: . 1:1(0) ack 1"), "unsupported: a packet inside gre");
    EXPECT_EQ(result("--so_filename=x\n" + kOpen).substr(0, 12), "unsupported:");
}

TEST(ScriptRun, SysctlsAreHonoured) {
    EXPECT_EQ(result("`sysctl -q net.ipv4.tcp_timestamps=0`\n"
                     "0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n"
                     "+0 bind(3, ..., ...) = 0\n"
                     "+0 listen(3, 1) = 0\n"
                     "+0 < S 0:0(0) win 1000 <mss 1000,nop,nop,TS val 1 ecr 0>\n"
                     "+0 > S. 0:0(0) ack 1 <mss 1460>\n"),
              "passed");
}

TEST(ScriptRun, Ipv6AndMappedAddresses) {
    const std::string v6 = "--ip_version=ipv6\n" + kOpen;
    EXPECT_EQ(result(v6), "failed: TCP option of kind 2: another value");
    EXPECT_EQ(result("--mtu=1520\n" + v6), "passed");
    EXPECT_EQ(result("--ip_version=ipv4-mapped-ipv6\n" + kOpen), "passed");
}

TEST(ScriptRun, Udp) {
    EXPECT_EQ(result("0 socket(..., SOCK_DGRAM, IPPROTO_UDP) = 3\n"
                     "+0 bind(3, ..., ...) = 0\n"
                     "+0 connect(3, ..., ...) = 0\n"
                     "+0 write(3, ..., 100) = 100\n"
                     "+0 > udp (100)\n"
                     "+.1 < udp (50)\n"
                     "+0 read(3, ..., 1000) = 50\n"),
              "passed");
}

TEST(ScriptRun, AReportShowsWhatHappened) {
    const Report report = run(kOpen + "+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 2\n");
    EXPECT_EQ(to_text(report, "a.pkt", 3),
              "a.pkt:9:1: failed: acknowledgement: expected 2, got 1\n"
              "  expected  > P. 1:101(100) ack 2\n"
              "  actual    > P. 1:101(100) ack 1 win 65535\n"
              "What happened last:\n"
              "      0.100000  call  accept(3, ..., ...) = 4\n"
              "      0.100000  call  write(4, ..., 100) = 100\n"
              "      0.100000  ->    > P. 1:101(100) ack 1 win 65535\n");
}

TEST(ScriptRun, TheFirstEventIsAtTimeZero) {
    EXPECT_EQ(result("1 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3"), "failed: the first event must be at time 0");
}

}  // namespace
}  // namespace hourglass::script
