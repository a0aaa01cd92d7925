#include "hourglass/runtime/tun_host.h"

#include <asio/io_context.hpp>
#include <chrono>
#include <thread>

#include "runtime/private_network.h"

namespace hourglass::runtime {
namespace {

using namespace std::chrono_literals;

Prefix prefix(const char* text) { return *Prefix::parse(text); }

TEST(FirstOtherAddress, IsTheLowestThatIsFree) {
    EXPECT_EQ(first_other_address(prefix("10.0.0.2/24")), prefix("10.0.0.1/24"));
    EXPECT_EQ(first_other_address(prefix("10.0.0.1/24")), prefix("10.0.0.2/24"));
    EXPECT_EQ(first_other_address(prefix("192.168.7.77/28")), prefix("192.168.7.65/28"));
    EXPECT_EQ(first_other_address(prefix("fd00:6867::2/64")), prefix("fd00:6867::1/64"));
}

TEST(FirstOtherAddress, ExistsOnALinkOfTwo) {
    EXPECT_EQ(first_other_address(prefix("10.0.0.0/31")), prefix("10.0.0.1/31"));
    EXPECT_EQ(first_other_address(prefix("10.0.0.1/31")), prefix("10.0.0.0/31"));
    EXPECT_EQ(first_other_address(prefix("fd00::1/127")), prefix("fd00::/127"));
}

TEST(FirstOtherAddress, DoesNotExistOnALinkOfOne) {
    EXPECT_EQ(first_other_address(prefix("10.0.0.2/32")), std::nullopt);
    EXPECT_EQ(first_other_address(prefix("fd00::2/128")), std::nullopt);
}

class HostOnTun : public PrivateNetwork {
  protected:
    std::unique_ptr<TunHost> open(const char* name, std::vector<Prefix> addresses) {
        TunHostSettings settings;
        settings.tun.name = name;
        settings.addresses = std::move(addresses);
        auto result = TunHost::open(context_, std::move(settings));
        EXPECT_TRUE(result) << result.error().message;
        return std::move(*result);
    }

    asio::io_context context_;
};

TEST_F(HostOnTun, AnswersTheKernelsDatagrams) {
    const auto here = open("host0", {prefix("10.7.0.2/24")});
    udp::Sockets& udp = here->host().udp();
    const auto echo = [&udp](udp::SocketId id, SocketAddress from, SocketAddress, std::span<const std::byte> bytes,
                             Instant) { static_cast<void>(udp.send(id, from, bytes)); };
    ASSERT_TRUE(udp.open({IpAddress::v4(10, 7, 0, 2), Port{7}}, echo));

    KernelUdpSocket socket("10.7.0.1", 4000);
    ASSERT_TRUE(socket.bound());
    ASSERT_TRUE(socket.send("10.7.0.2", 7, "round trip"));
    std::string answer;
    for (int i = 0; i < 100 && answer.empty(); ++i) {
        context_.run_for(20ms);
        answer = socket.receive(MSG_DONTWAIT);
    }
    EXPECT_EQ(answer, "round trip");
}

TEST_F(HostOnTun, TimersRunWithoutTraffic) {
    const auto here = open("host1", {prefix("10.7.1.2/24")});
    Instant due = kNever;
    bool ran = false;
    here->host().add_poller([&](Instant now) { ran = ran || now >= due; }, [&] { return ran ? kNever : due; });
    context_.run_for(10ms);
    EXPECT_FALSE(ran);
    due = here->host().now() + 30ms;
    here->loop().wake();
    for (int tries = 0; tries < 100 && !ran; ++tries) context_.run_for(100ms);
    EXPECT_TRUE(ran);
    EXPECT_GE(here->host().now(), due);
}

TEST_F(HostOnTun, WindowFitsTheDevicesQueue) {
    TunHostSettings settings;
    settings.tun.name = "host2";
    settings.addresses = {prefix("10.7.2.2/24")};
    settings.queue_length = 100;
    const auto here = TunHost::open(context_, std::move(settings));
    ASSERT_TRUE(here);
    EXPECT_EQ((*here)->host().settings().tcp.receive_buffer, 100u * 1500u);
}

TEST_F(HostOnTun, KernelsAddressIsChosenOrGiven) {
    const auto chosen = open("host3", {prefix("10.7.3.2/24"), prefix("fd00:7:3::2/64")});
    EXPECT_THAT(chosen->kernel_addresses(), testing::ElementsAre(prefix("10.7.3.1/24"), prefix("fd00:7:3::1/64")));

    TunHostSettings settings;
    settings.tun.name = "host5";
    settings.addresses = {prefix("10.7.5.2/24")};
    settings.kernel_addresses = {prefix("10.7.5.9/24")};
    const auto given = TunHost::open(context_, std::move(settings));
    ASSERT_TRUE(given) << given.error().message;
    EXPECT_THAT((*given)->kernel_addresses(), testing::ElementsAre(prefix("10.7.5.9/24")));
}

TEST_F(HostOnTun, PrefixWithoutRoomForTheKernelIsRefused) {
    TunHostSettings settings;
    settings.tun.name = "host4";
    settings.addresses = {prefix("10.7.4.2/32")};
    const auto here = TunHost::open(context_, std::move(settings));
    ASSERT_FALSE(here);
    EXPECT_THAT(here.error().message, testing::HasSubstr("shorter prefix"));
}

}  // namespace
}  // namespace hourglass::runtime
