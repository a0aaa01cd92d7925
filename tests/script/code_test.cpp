#include "script/code.h"

#include <gtest/gtest.h>

#include "script/commands.h"

namespace hourglass::script {
namespace {

/// Empty when the code ran; else what was wrong, after "unsupported: " where it is that.
std::string code(std::string_view text, CodeRunner&& runner = {}, std::string* printed = nullptr) {
    const auto lookup = [](std::string_view name) -> std::optional<std::int64_t> {
        if (name == "tcpi_snd_cwnd") return 10;
        if (name == "tcpi_rto") return 204000;
        if (name == "TCP_CA_Open") return 0;
        return std::nullopt;
    };
    const auto print = [&](std::string_view line) {
        if (printed != nullptr) *printed += std::string(line) + "\n";
    };
    const auto done = runner.run(text, lookup, print);
    if (done) return "";
    return (done.error().kind == CodeFault::Kind::unsupported ? "unsupported: " : "") + done.error().message;
}

TEST(ScriptCode, Assertions) {
    EXPECT_EQ(code(" assert tcpi_snd_cwnd == 10 "), "");
    EXPECT_EQ(code("assert tcpi_snd_cwnd == 11"), "assert tcpi_snd_cwnd == 11: false with 10 == 11");
    EXPECT_EQ(code("assert tcpi_snd_cwnd == 11, tcpi_snd_cwnd"), "assert tcpi_snd_cwnd == 11: false with 10 == 11: 10");
    EXPECT_EQ(code("assert tcpi_snd_cwnd < 5, 'cwnd is %d' % tcpi_snd_cwnd"),
              "assert tcpi_snd_cwnd < 5: false with 10 < 5: cwnd is 10");
    EXPECT_EQ(code("assert 200000 <= tcpi_rto <= 210000 and not tcpi_snd_cwnd == 3 or 0"), "");
    EXPECT_EQ(code("assert tcpi_snd_cwnd in (9, 10)"), "");
    EXPECT_EQ(code("assert (tcpi_rto > 1 and\n   tcpi_snd_cwnd == 10)"), "");
}

TEST(ScriptCode, ArithmeticIsPythons) {
    EXPECT_EQ(code("assert 7 // 2 == 3; assert -7 // 2 == -4; assert -7 % 3 == 2; assert 7 / 2 == 3.5"), "");
    EXPECT_EQ(code("assert 1 << 4 | 3 == 19; assert ~0 == -1; assert 6 & 3 ^ 1 == 3"), "");
    EXPECT_EQ(code("assert abs(-3) == 3; assert min(4, 2) + max(4, 2) == 6; assert int(3.9) == 3"), "");
    EXPECT_EQ(code("assert 1 / 0 == 0"), "a division by zero");
    EXPECT_EQ(code("assert 0x10 == 16 # a comment\nassert True"), "");
}

TEST(ScriptCode, VariablesAndPrint) {
    std::string printed;
    EXPECT_EQ(code("before = tcpi_snd_cwnd\nprint(before, 'and', 5)\nassert before + 1 == 11", {}, &printed), "");
    EXPECT_EQ(printed, "10 and 5\n");
}

TEST(ScriptCode, WhatIsNotPerformedIsNamed) {
    EXPECT_EQ(code("import os"), "unsupported: Python's 'import'");
    EXPECT_EQ(code("assert tcpi_foo == 1"), "unsupported: the name 'tcpi_foo' in code");
    EXPECT_EQ(code("assert foo == 1"), "the name 'foo' is not known");
    EXPECT_EQ(code("exec('x')").substr(0, 11), "unsupported");
    EXPECT_EQ(code("assert " + std::string(5000, '(')).substr(0, 11), "unsupported");
    EXPECT_EQ(code("assert " + std::string(5000, '-') + "1").substr(0, 11), "unsupported");
}

std::string settings(std::string_view text) {
    const FileReader read = [](std::string_view name) -> std::optional<std::string> {
        if (name == "more.sh") return "sysctl -q net.ipv4.tcp_ecn=1\n# nothing\n./more.sh\n";
        return std::nullopt;
    };
    const CommandEffect effect = read_commands(text, read);
    std::string result;
    for (const Assignment& a : effect.sysctls) result += a.name + "=" + a.value + " ";
    for (const std::string& line : effect.unsupported) result += "?" + line + " ";
    if (effect.sleep > Duration{}) result += "sleep ";
    return result;
}

TEST(ScriptCommands, SysctlsInEveryWriting) {
    EXPECT_EQ(settings("sysctl -q net.ipv4.tcp_sack=0"), "net.ipv4.tcp_sack=0 ");
    EXPECT_EQ(settings("sysctl -w net.ipv4.tcp_rmem=\"4096 540000 $((15*1024*1024))\" > /dev/null 2>&1"),
              "net.ipv4.tcp_rmem=4096 540000 15728640 ");
    EXPECT_EQ(settings("sysctl net.ipv4.tcp_early_retrans=4 net.ipv4.tcp_recovery=1"),
              "net.ipv4.tcp_early_retrans=4 net.ipv4.tcp_recovery=1 ");
    EXPECT_EQ(settings("echo 1 > /proc/sys/net/ipv4/tcp_ecn; echo \"1 2\" >/proc/sys/net/ipv4/tcp_wmem"),
              "net.ipv4.tcp_ecn=1 net.ipv4.tcp_wmem=1 2 ");
    EXPECT_EQ(settings("../common/set_sysctls.py /proc/sys/net/ipv4/tcp_timestamps=0 /proc/sys/net/ipv4/tcp_sack=1"),
              "net.ipv4.tcp_timestamps=0 net.ipv4.tcp_sack=1 ");
}

TEST(ScriptCommands, FilesSleepAndWhatMakesNoDifference) {
    EXPECT_EQ(settings("./defaults.sh\nip tcp_metrics flush all && tc qdisc add dev tun0 root fq\n"), "");
    EXPECT_EQ(settings("more.sh").substr(0, 19), "net.ipv4.tcp_ecn=1 ");
    EXPECT_EQ(settings("sleep 0.5 && true"), "sleep ");
    EXPECT_EQ(settings("/tmp/sysctl_restore_${PPID}.sh"), "");
    EXPECT_EQ(settings("rm -rf x"), "?rm -rf x ");
    EXPECT_EQ(settings("other.sh"), "?other.sh ");
}

}  // namespace
}  // namespace hourglass::script
