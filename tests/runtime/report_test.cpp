#include "hourglass/runtime/report.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace hourglass::runtime {
namespace {

using nlohmann::json;

class Report : public testing::Test {
  protected:
    Report() : host_({}, pool_) { host_.add_interface({.name = "hg0", .addresses = {*Prefix::parse("10.0.0.2/24")}}); }

    BufferPool pool_;
    ip::Host host_;
};

TEST_F(Report, ListsListenersWithoutARemoteEnd) {
    ASSERT_TRUE(host_.tcp().listen({IpAddress::v4(10, 0, 0, 2), Port{80}}));
    const json report = json::parse(connections_report(host_, Instant{}));
    ASSERT_EQ(report["connections"].size(), 1u);
    EXPECT_EQ(report["connections"][0]["state"], "LISTEN");
    EXPECT_EQ(report["connections"][0]["local"], "10.0.0.2:80");
    EXPECT_TRUE(report["connections"][0]["remote"].is_null());
}

TEST_F(Report, ListsAnAttemptToConnectWithItsTimer) {
    ASSERT_TRUE(host_.tcp().connect({IpAddress::v4(10, 0, 0, 1), Port{80}}));
    host_.poll(Instant{});
    const json report = json::parse(connections_report(host_, Instant{}));
    ASSERT_EQ(report["connections"].size(), 1u);
    EXPECT_EQ(report["connections"][0]["state"], "SYN-SENT");
    EXPECT_EQ(report["connections"][0]["remote"], "10.0.0.1:80");
    EXPECT_DOUBLE_EQ(report["connections"][0]["timer_in"], 1.0) << "RFC 6298, section 2.1";
}

TEST_F(Report, CountsAMalformedPacketByItsReason) {
    const std::array<std::byte, 7> truncated{std::byte{0x45}};
    host_.receive(ip::InterfaceId{0}, pool_.packet(truncated), Instant{});
    const json report = json::parse(counters_report(host_, {.refused = 3}));
    EXPECT_EQ(report["counters"]["ip"]["malformed_ipv4_truncated"], 1);
    EXPECT_EQ(report["counters"]["tun"]["refused"], 3);
    EXPECT_EQ(report["counters"]["tcp"]["segments_in"], 0);
}

}  // namespace
}  // namespace hourglass::runtime
