#include "hourglass/link/tun.h"

#include <algorithm>
#include <poll.h>

#include "hourglass/runtime/kernel_interface.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/udp.h"
#include "runtime/private_network.h"

namespace hourglass::runtime {
namespace {

using link::Tun;

constexpr IpAddress kKernel = IpAddress::v4(10, 9, 0, 1);
constexpr IpAddress kOurs = IpAddress::v4(10, 9, 0, 2);

/// An IPv4 datagram from us to the kernel that carries `text` over UDP, its checksum complete or left to the device.
Packet datagram(BufferPool& pool, Port to, std::string_view text, Offload::Checksum checksum) {
    constexpr std::size_t udp_size = 8;
    const auto length = static_cast<std::uint16_t>(udp_size + text.size());
    Packet packet = pool.packet(wire::Ipv4Header::kSize + length);
    wire::Ipv4Header{
        .protocol = wire::IpProtocol::udp, .payload_length = length, .source = kOurs, .destination = kKernel}
        .emit(packet.append(wire::Ipv4Header::kSize));
    const std::span<std::byte> udp = packet.append(length);
    wire::store_be16(udp.data(), 5353);
    wire::store_be16(udp.data() + 2, to_number(to));
    wire::store_be16(udp.data() + 4, length);
    wire::store_be16(udp.data() + 6, 0);
    std::ranges::copy(std::as_bytes(std::span(text)), udp.begin() + udp_size);
    const wire::PartialSum pseudo = wire::pseudo_header_sum(kOurs, kKernel, wire::IpProtocol::udp, length);
    wire::store_be16(udp.data() + 6, checksum == Offload::Checksum::partial
                                         ? wire::fold(pseudo)
                                         : wire::checksum(pseudo + wire::partial_sum(udp)));
    packet.offload.checksum = checksum;
    return packet;
}

class TunDevice : public PrivateNetwork {
  protected:
    std::unique_ptr<Tun> open(const std::string& name) {
        auto tun = Tun::open({.name = name}, pool_);
        EXPECT_TRUE(tun) << tun.error().message;
        const auto up = configure_interface(name, {.mtu = 1500, .queue_length = 100, .addresses = {{kKernel, 24}}});
        EXPECT_TRUE(up) << up.error().message;
        return std::move(*tun);
    }

    /// The next UDP datagram that the kernel sends into the device.
    static Packet next_udp(Tun& tun) {
        std::vector<Packet> batch;
        for (int attempt = 0; attempt < 20; ++attempt) {
            pollfd poll{tun.descriptor(), POLLIN, 0};
            ::poll(&poll, 1, 500);
            batch.clear();
            if (!tun.read(batch, 64)) return {};
            for (Packet& packet : batch)
                if (const auto v4 = wire::Ipv4View::parse(packet.bytes());
                    v4 && v4->protocol() == wire::IpProtocol::udp)
                    return std::move(packet);
        }
        return {};
    }

    BufferPool pool_;
};

TEST_F(TunDevice, DatagramOfTheKernelArrivesWithItsChecksumLeftToUs) {
    const auto tun = open("read0");
    KernelUdpSocket socket("10.9.0.1", 4000);
    ASSERT_TRUE(socket.bound());
    ASSERT_TRUE(socket.send("10.9.0.2", 53, "question"));

    const Packet packet = next_udp(*tun);
    const auto v4 = wire::Ipv4View::parse(packet.bytes());
    ASSERT_TRUE(v4);
    EXPECT_EQ(v4->destination(), kOurs);
    EXPECT_EQ(packet.offload.checksum, Offload::Checksum::partial);
    EXPECT_EQ(packet.offload.gso_size, 0);
}

TEST_F(TunDevice, SmallDatagramDoesNotHoldALargeBuffer) {
    const auto tun = open("read1");
    KernelUdpSocket socket("10.9.0.1", 4000);
    ASSERT_TRUE(socket.send("10.9.0.2", 53, "question"));
    const Packet packet = next_udp(*tun);
    ASSERT_FALSE(packet.empty());
    EXPECT_EQ(packet.slice(0, 1).held_memory(), BufferPool::kSmall);
}

TEST_F(TunDevice, KernelCompletesAPartialChecksum) {
    const auto tun = open("write0");
    KernelUdpSocket socket("10.9.0.1", 4000);
    std::array<Packet, 1> batch = {datagram(pool_, Port{4000}, "partial", Offload::Checksum::partial)};
    EXPECT_EQ(tun->write(batch), 1u);
    EXPECT_TRUE(batch[0].empty());
    EXPECT_EQ(socket.receive(), "partial");
}

TEST_F(TunDevice, KernelVerifiesACompleteChecksum) {
    const auto tun = open("write1");
    KernelUdpSocket socket("10.9.0.1", 4000);
    std::array<Packet, 2> batch = {datagram(pool_, Port{4000}, "corrupted", Offload::Checksum::complete),
                                   datagram(pool_, Port{4000}, "complete", Offload::Checksum::complete)};
    batch[0].bytes().back() ^= std::byte{1};
    EXPECT_EQ(tun->write(batch), 2u);
    EXPECT_EQ(socket.receive(), "complete");
}

TEST_F(TunDevice, WhatIsNoDatagramIsCountedAndDropped) {
    const auto tun = open("write2");
    const std::array<std::byte, 20> zeros{};
    std::array<Packet, 2> batch = {pool_.packet(zeros), pool_.packet(zeros)};
    batch[1].offload.checksum = Offload::Checksum::partial;
    EXPECT_EQ(tun->write(batch), 2u);
    EXPECT_EQ(tun->counters().refused, 2u);
}

TEST_F(TunDevice, NothingToReadIsNoError) {
    const auto tun = Tun::open({.name = "quiet0"}, pool_);
    ASSERT_TRUE(tun);
    std::vector<Packet> batch;
    EXPECT_EQ((*tun)->read(batch, 64), 0u);
}

TEST_F(TunDevice, SecondUserIsToldThatItIsBusy) {
    const auto first = Tun::open({.name = "busy0"}, pool_);
    ASSERT_TRUE(first);
    const auto second = Tun::open({.name = "busy0"}, pool_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::device_or_resource_busy);
    EXPECT_THAT(second.error().message, testing::HasSubstr("in use"));
}

TEST_F(TunDevice, InterfaceOfAnotherKindIsRefused) {
    const auto tun = Tun::open({.name = "lo"}, pool_);
    ASSERT_FALSE(tun);
    EXPECT_THAT(tun.error().message, testing::HasSubstr("another kind"));
}

TEST(TunName, ThatCannotNameAnInterfaceIsRefused) {
    BufferPool pool;
    for (const char* name : {"", "a/b", "sixteen-letters-", "a b", ".."}) {
        const auto tun = Tun::open({.name = name}, pool);
        ASSERT_FALSE(tun) << name;
        EXPECT_EQ(tun.error().code, std::errc::invalid_argument) << name;
    }
}

TEST(TunDeviceFile, ThatIsMissingIsNamed) {
    BufferPool pool;
    const auto tun = Tun::open({.control_file = "/nonexistent/tun"}, pool);
    ASSERT_FALSE(tun);
    EXPECT_EQ(tun.error().code, std::errc::no_such_file_or_directory);
    EXPECT_THAT(tun.error().message, testing::HasSubstr("there is no /nonexistent/tun"));
}

}  // namespace
}  // namespace hourglass::runtime
