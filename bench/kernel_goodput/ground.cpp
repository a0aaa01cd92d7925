#include "ground.h"

#include <fmt/format.h>
#include <fstream>
#include <stdexcept>

#include "addresses.h"
#include "hourglass/runtime/kernel_interface.h"
#include "hourglass/runtime/network_namespace.h"

namespace hourglass::bench {

namespace {

constexpr std::uint32_t kDeviceQueue = 10000;  // the link's own queue is the one that drops

template <typename Result>
auto require(Result result) {
    if (!result) throw std::runtime_error(result.error().message);
    if constexpr (!std::is_void_v<typename Result::value_type>) return std::move(*result);
}

/// A device that neither cuts nor sums: the link carries packets of its MTU.
std::unique_ptr<link::Tun> make_device(const char* name, const Prefix& address, BufferPool& pool) {
    auto device = require(link::Tun::open({.name = name, .offload = false}, pool));
    require(runtime::configure_interface(name, {.mtu = 1500, .queue_length = kDeviceQueue, .addresses = {address}}));
    return device;
}

void set_sysctl(const char* name, int value) {
    std::ofstream file(fmt::format("/proc/sys/net/ipv4/{}", name));
    if (!(file << value << std::flush)) throw std::runtime_error(fmt::format("the sysctl {} can't be set", name));
}

}  // namespace

Ground::Ground() {
    require(runtime::enter_private_network());
    receiver_ = make_device("receiver", {kReceiver, 16}, pool_);  // our stack's network is behind the link as well
    listener_ = std::make_unique<Socket>(listen_for_stream());
    datagrams_ = std::make_unique<Socket>(listen_for_datagrams());

    require(runtime::enter_private_network());
    sender_ = make_device("sender", {kSender, 24}, pool_);
    set_sysctl("ip_forward", 1);
    set_sysctl("tcp_no_metrics_save", 1);  // no connection profits from an earlier one
}

}  // namespace hourglass::bench
