#include "cli/listen_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"

namespace hourglass::cli {
namespace {

SocketAddress endpoint(const char* text) { return *SocketAddress::parse(text); }
Prefix prefix(const char* text) { return *Prefix::parse(text); }

TEST(ListenAddresses, HaveAnIpv6OneByDefault) {
    const ListenAddresses addresses = parse_listen_addresses({"10.0.0.2:8080"}, true);
    EXPECT_THAT(addresses.endpoints, testing::ElementsAre(endpoint("10.0.0.2:8080"), endpoint("[fd00:6867::2]:8080")));
    EXPECT_THAT(addresses.own, testing::ElementsAre(prefix("10.0.0.2/24"), prefix("fd00:6867::2/64")));
}

TEST(ListenAddresses, TheIpv6OneCanBeGiven) {
    const ListenAddresses addresses = parse_listen_addresses({"10.0.0.2:80", "[fd00:1::7]:81"}, true);
    EXPECT_THAT(addresses.endpoints, testing::ElementsAre(endpoint("10.0.0.2:80"), endpoint("[fd00:1::7]:81")));
}

TEST(ListenAddresses, HaveNoneWhereTheKernelHasNoIpv6) {
    EXPECT_EQ(parse_listen_addresses({"10.0.0.2:80"}, false).endpoints.size(), 1u);
}

TEST(ListenAddresses, TwoPortsOfOneAddressNeedItOnce) {
    EXPECT_EQ(parse_listen_addresses({"10.0.0.2:80", "10.0.0.2:81", "[fd00::2]:80"}, true).own.size(), 2u);
}

TEST(ListenAddresses, ThatNoHostCanHaveAreRefused) {
    for (const char* text :
         {"10.0.0.2", "10.0.0.2:0", "0.0.0.0:80", ":80", "127.0.0.1:80", "224.0.0.1:80", "255.255.255.255:80",
          "[::]:80", "[ff02::1]:80", "host:80", "10.0.0.256:80", "10.0.0.2:65536"})
        EXPECT_THROW(static_cast<void>(parse_listen_addresses({text}, true)), Failure) << text;
}

TEST(ListenPorts, OfAHostThatGetsItsAddressesAreOfBothFamilies) {
    EXPECT_THAT(parse_listen_ports({":8080"}).endpoints,
                testing::ElementsAre(endpoint("0.0.0.0:8080"), endpoint("[::]:8080")));
    EXPECT_THAT(parse_listen_ports({":80", "[::]:81"}).endpoints,
                testing::ElementsAre(endpoint("0.0.0.0:80"), endpoint("[::]:81")));
    EXPECT_TRUE(parse_listen_ports({":80"}).own.empty());
}

TEST(ListenPorts, HaveNoAddress) {
    for (const char* text : {"10.0.0.2:80", ":0", "80", "[fd00::1]:80"})
        EXPECT_THROW(static_cast<void>(parse_listen_ports({text})), Failure) << text;
}

TEST(OsListenAddresses, AreLoopbackUnlessGiven) {
    EXPECT_THAT(parse_os_listen_addresses({}, true),
                testing::ElementsAre(endpoint("127.0.0.1:8080"), endpoint("[::1]:8080")));
    EXPECT_THAT(parse_os_listen_addresses({}, false), testing::ElementsAre(endpoint("127.0.0.1:8080")));
    EXPECT_THAT(parse_os_listen_addresses({"127.0.0.1:0"}, true), testing::ElementsAre(endpoint("127.0.0.1:0")));
}

TEST(OsListenAddresses, APortAloneIsEveryAddressOfBothFamilies) {
    EXPECT_THAT(parse_os_listen_addresses({":80"}, true),
                testing::ElementsAre(endpoint("0.0.0.0:80"), endpoint("[::]:80")));
    EXPECT_THAT(parse_os_listen_addresses({":80", "[::]:80"}, true),
                testing::ElementsAre(endpoint("0.0.0.0:80"), endpoint("[::]:80")));
    EXPECT_THAT(parse_os_listen_addresses({":80"}, false), testing::ElementsAre(endpoint("0.0.0.0:80")));
}

TEST(OsListenAddresses, AreThoseOfAMachine) {
    for (const char* text : {"224.0.0.1:80", "255.255.255.255:80", "[ff02::1]:80", "host:80", "127.0.0.1"})
        EXPECT_THROW(static_cast<void>(parse_os_listen_addresses({text}, true)), Failure) << text;
}

}  // namespace
}  // namespace hourglass::cli
