#include "hourglass/runtime/kernel_interface.h"

#include "hourglass/link/tun.h"
#include "runtime/private_network.h"

namespace hourglass::runtime {
namespace {

class Interface : public PrivateNetwork {
  protected:
    BufferPool pool_;
};

TEST_F(Interface, IsBroughtUpAsAsked) {
    const auto tun = link::Tun::open({.name = "setup0"}, pool_);
    ASSERT_TRUE(tun);
    const Prefix v4 = *Prefix::parse("10.8.0.1/24"), v6 = *Prefix::parse("fd00:8::1/64");
    const auto done = configure_interface("setup0", {.mtu = 9000, .queue_length = 321, .addresses = {v4, v6}});
    ASSERT_TRUE(done) << done.error().message;

    const auto interface = inspect_interface("setup0");
    ASSERT_TRUE(interface);
    EXPECT_TRUE(interface->up);
    EXPECT_EQ(interface->mtu, 9000u);
    EXPECT_EQ(interface->queue_length, 321u);
    EXPECT_THAT(interface->addresses, testing::UnorderedElementsAre(v4, v6)) << "and no link-local address";
}

TEST_F(Interface, CanBeSetUpTwice) {
    const auto tun = link::Tun::open({.name = "setup1"}, pool_);
    ASSERT_TRUE(tun);
    const KernelInterfaceChange change{.mtu = 1500, .queue_length = 100, .addresses = {*Prefix::parse("10.8.1.1/24")}};
    EXPECT_TRUE(configure_interface("setup1", change));
    EXPECT_TRUE(configure_interface("setup1", change));
    EXPECT_EQ(inspect_interface("setup1")->addresses.size(), 1u);
}

TEST_F(Interface, LoopbackIsUpInAPrivateNetwork) { EXPECT_TRUE(inspect_interface("lo")->up); }

TEST_F(Interface, ThatIsNotThereIsAnError) {
    const auto done = configure_interface("absent0", {});
    ASSERT_FALSE(done);
    EXPECT_THAT(done.error().message, testing::HasSubstr("absent0"));
}

}  // namespace
}  // namespace hourglass::runtime
