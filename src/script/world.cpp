#include "script/world.h"

namespace hourglass::script {

namespace {

constexpr std::size_t kMaxSent = 100'000;

ip::InterfaceSettings interface_settings(const Config& config) {
    ip::InterfaceSettings settings;
    settings.name = "tun0";
    settings.mtu = config.mtu;
    settings.addresses = {{config.local_ip, static_cast<std::uint8_t>(config.is_v6() ? 48 : 16)}};
    return settings;
}

}  // namespace

World::World(const ip::HostSettings& settings, const Config& config)
    : host_(settings, pool_), interface_(host_.add_interface(interface_settings(config))), sockets_(host_) {
    const IpAddress any = config.is_v6() ? IpAddress{} : IpAddress::v4(0);
    host_.add_route({.destination = {any, 0}, .gateway = std::nullopt, .interface = interface_});
    host_.poll(now_);
}

void World::receive(std::span<const std::byte> datagram) { host_.receive(interface_, pool_.packet(datagram), now_); }

bool World::poll() {
    host_.poll(now_);
    batch_.clear();
    host_.take_output(interface_, batch_);
    for (const Packet& packet : batch_) {
        auto read = read_packet(packet.bytes(), now_);
        if (!read)
            malformed = read.error();
        else if (sent.size() < kMaxSent)
            sent.push_back(std::move(*read));
    }
    return !batch_.empty();
}

}  // namespace hourglass::script
