#include "hourglass/dns/hosts.h"

#include <gtest/gtest.h>

#include "dns/support.h"

namespace hourglass::dns {
namespace {

TEST(HostsFile, LineGivesAddressCanonicalNameAndAliases) {
    const auto hosts = HostsFile::parse("# comment\n\n10.0.0.2\tweb.example.test  web WWW # the shop\r\n::1 six\n");
    ASSERT_EQ(hosts.entries().size(), 2u);
    const auto found = hosts.find(name("www"));
    ASSERT_EQ(found.size(), 1u);
    EXPECT_EQ(found[0]->address, address("10.0.0.2"));
    EXPECT_EQ(found[0]->names.front(), name("web.example.test"));
    EXPECT_EQ(hosts.find(name("SIX")).at(0)->address, address("::1"));
    EXPECT_TRUE(hosts.find(name("example.test")).empty());
}

TEST(HostsFile, NameMayHaveSeveralAddressesInTheFilesOrder) {
    const auto hosts = HostsFile::parse("10.0.0.3 db\n10.0.0.1 db db\n2001:db8::1 db");
    const auto found = hosts.find(name("db"));
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0]->address, address("10.0.0.3"));
    EXPECT_EQ(found[2]->address, address("2001:db8::1"));
}

TEST(HostsFile, BadLinesAreCountedAndDoNotHideTheOthers) {
    const auto hosts = HostsFile::parse("10.0.0.300 x\nname first\n10.0.0.1\n10.0.0.2 a..b\n10.0.0.3 good\n");
    EXPECT_EQ(hosts.skipped_lines(), 4u);
    ASSERT_EQ(hosts.entries().size(), 1u);
    EXPECT_EQ(hosts.find(name("good")).size(), 1u);
}

TEST(HostsFile, StopsAtItsLimit) {
    EXPECT_EQ(HostsFile::parse("1.1.1.1 a\n1.1.1.2 b\n1.1.1.3 c\n", 2).entries().size(), 2u);
}

TEST(ResolvConf, ServersAndOptionsAreTakenAndTheRestPassedOver) {
    const auto conf = ResolvConf::parse(
        "# generated\nsearch example.test\nnameserver 10.0.0.53 ; first\nnameserver nonsense\n"
        "nameserver 2001:db8::53\noptions rotate timeout:3 attempts:99 ndots:1\n");
    EXPECT_EQ(conf.servers, (std::vector{address("10.0.0.53"), address("2001:db8::53")}));
    EXPECT_EQ(conf.timeout, std::chrono::seconds(3));
    EXPECT_EQ(conf.attempts, 5u) << "resolv.conf(5) caps it";
}

TEST(ResolvConf, TakesThreeServersAtMost) {
    const auto conf =
        ResolvConf::parse("nameserver 1.1.1.1\nnameserver 1.1.1.2\nnameserver 1.1.1.3\nnameserver 1.1.1.4");
    EXPECT_EQ(conf.servers.size(), 3u);
    EXPECT_EQ(conf.timeout, std::nullopt);
}

}  // namespace
}  // namespace hourglass::dns
