// A router between two links: RFC 1812, section 5; RFC 8200; RFC 4443.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "hourglass/wire/icmp.h"
#include "hourglass/wire/icmpv6.h"
#include "hourglass/wire/tcp.h"
#include "ip/ladder.h"
#include "ip/segmentation.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using wire::IpProtocol;

const IpAddress kA = address("10.1.0.1"), kB = address("10.2.0.1");
const IpAddress kA6 = address("fd01::1"), kB6 = address("fd02::1");

/// a - r - b; the second link may have a smaller MTU and another medium.
class Router : public ::testing::Test, public Ladder {
  protected:
    explicit Router(std::uint32_t mtu = 1500, Medium medium = Medium::ip)
        : a(add_host()), r(add_host({.tcp = {}, .secret = {}, .forwarding = true})), b(add_host()) {
        a.add_interface({.addresses = {prefix("10.1.0.1/24"), prefix("fd01::1/64")}});
        r.add_interface({.addresses = {prefix("10.1.0.254/24"), prefix("fd01::fe/64")}});
        r.add_interface({.medium = medium,
                         .mac = mac(0xfe),
                         .mtu = mtu,
                         .addresses = {prefix("10.2.0.254/24"), prefix("fd02::fe/64")}});
        b.add_interface(
            {.medium = medium, .mac = mac(1), .mtu = mtu, .addresses = {prefix("10.2.0.1/24"), prefix("fd02::1/64")}});
        a.add_route({prefix("0.0.0.0/0"), address("10.1.0.254"), {}});
        a.add_route({prefix("::/0"), address("fd01::fe"), {}});
        b.add_route({prefix("0.0.0.0/0"), address("10.2.0.254"), {}});
        b.add_route({prefix("::/0"), address("fd02::fe"), {}});
        connect({&a, {}, "a"}, at_r);
        connect({&r, InterfaceId{1}, "r"}, {&b, {}, "b"});
    }
    Host& a;
    Host& r;
    Host& b;
    End at_r{&r, {}, "r"};
};

struct NarrowRouter : Router {
    NarrowRouter() : Router(1280) {}
};
struct EthernetRouter : Router {
    EthernetRouter() : Router(1500, Medium::ethernet) {}
};

TEST_F(Router, PassesOnBothFamiliesWithOneHopLess) {
    std::vector<int> hops;
    filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "r>b ICMP 8/0") {
            hops.push_back(wire::Ipv4View::parse(packet)->ttl());
            EXPECT_TRUE(wire::Ipv4View::parse(packet)->checksum_is_valid());
        }
        if (line == "r>b ICMPv6 128/0") hops.push_back(wire::Ipv6View::parse(packet)->hop_limit());
        return true;
    };
    int answers = 0;
    a.ping(kB, 1, 56, now, [&](auto&&...) { ++answers; });
    a.ping(kB6, 1, 56, now, [&](auto&&...) { ++answers; });
    run();
    EXPECT_EQ(answers, 2);
    EXPECT_THAT(hops, ElementsAre(63, 63));
    EXPECT_EQ(r.counters().forwarded, 4u);
}

TEST_F(Router, Rfc1812TheLastHopIsTimeExceeded) {
    inject(at_r, datagram(kA, kB, IpProtocol::icmp, echo_request(kA, kB, {}), 1));
    inject(at_r, datagram(kA6, kB6, IpProtocol::icmpv6, echo_request(kA6, kB6, {}), 1));
    EXPECT_THAT(lines, ElementsAre("r>a ICMP 11/0", "r>a ICMPv6 3/0"));
    EXPECT_EQ(r.counters().dropped_hop_limit, 2u);
}

TEST_F(Router, Rfc1812WithoutARouteTheNetworkIsUnreachable) {
    const IpAddress far = address("8.8.8.8"), far6 = address("2001:db8::1");
    inject(at_r, datagram(kA, far, IpProtocol::icmp, echo_request(kA, far, {})));
    inject(at_r, datagram(kA6, far6, IpProtocol::icmpv6, echo_request(kA6, far6, {})));
    EXPECT_THAT(lines, ElementsAre("r>a ICMP 3/0", "r>a ICMPv6 1/0"));
    EXPECT_EQ(r.counters().dropped_no_route, 2u);
}

TEST_F(Router, ErrorsAreNotAnsweredWithErrors) {
    Bytes quoted(28), error(36), error6(56);
    wire::IcmpHeader::destination_unreachable(wire::IcmpUnreachable::port).emit_message(error, quoted);
    wire::Icmpv6Header::destination_unreachable(wire::Icmpv6Unreachable::port)
        .emit_message(error6, Bytes(48), kA6, kB6);
    inject(at_r, datagram(kA, kB, IpProtocol::icmp, error, 1));
    inject(at_r, datagram(kA6, kB6, IpProtocol::icmpv6, error6, 1));
    EXPECT_THAT(lines, IsEmpty());
    EXPECT_EQ(r.counters().dropped_hop_limit, 2u);
}

TEST_F(Router, Rfc4291LinkLocalAndGroupsStayOnTheirLink) {
    const IpAddress local = address("fe80::1"), group = address("ff05::2"), group4 = address("239.1.1.1");
    inject(at_r, datagram(local, kB6, IpProtocol::icmpv6, echo_request(local, kB6, {})));
    inject(at_r, datagram(kA6, group, IpProtocol::icmpv6, echo_request(kA6, group, {})));
    inject(at_r, datagram(kA, group4, IpProtocol::icmp, echo_request(kA, group4, {})));
    EXPECT_EQ(r.counters().dropped_not_forwardable, 3u);
    EXPECT_THAT(lines, IsEmpty());
}

TEST_F(NarrowRouter, Rfc1191TooBigWithDfIsRefusedWithTheMtu) {
    std::uint32_t told = 0;
    filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line == "r>a ICMP 3/4") told = wire::IcmpView::parse(packet.subspan(20))->next_hop_mtu();
        return true;
    };
    wire::Ipv4Header header;
    header.dont_fragment = true;
    header.protocol = IpProtocol::icmp;
    header.source = kA;
    header.destination = kB;
    inject(at_r, v4_datagram(header, echo_request(kA, kB, counting(1400))));
    EXPECT_EQ(told, 1280u);
    EXPECT_EQ(r.counters().dropped_too_big, 1u);
}

TEST_F(NarrowRouter, Rfc791TooBigWithoutDfIsFragmented) {
    int answers = 0;
    a.ping(kB, 1, 1400, now, [&](auto&&...) { ++answers; });
    run();
    EXPECT_EQ(answers, 1);
    EXPECT_EQ(r.counters().fragmented, 1u);
    EXPECT_EQ(b.counters().reassembled, 1u);
}

TEST_F(NarrowRouter, Rfc791AFragmentIsFragmentedFurther) {
    int answers = 0;
    a.ping(kB, 1, 8000, now, [&](auto&&...) { ++answers; });
    run();
    EXPECT_EQ(answers, 1);
    EXPECT_EQ(r.counters().fragmented, 5u);
}

TEST_F(NarrowRouter, Rfc8201TheSenderLearnsThePathMtuAndTheNextDatagramFits) {
    int answers = 0;
    a.ping(kB6, 1, 1400, now, [&](auto&&...) { ++answers; });
    run();
    EXPECT_THAT(lines, ElementsAre("a>r ICMPv6 128/0", "r>a ICMPv6 2/0"));
    a.ping(kB6, 2, 1400, now, [&](auto&&...) { ++answers; });
    run();
    EXPECT_EQ(answers, 1);
}

TEST_F(EthernetRouter, Rfc1122AHostThatDoesNotAnswerIsUnreachable) {
    const IpAddress nobody = address("10.2.0.77"), nobody6 = address("fd02::77");
    a.ping(nobody, 1, 56, now, {});
    a.ping(nobody6, 1, 56, now, {});
    pass(4s);
    EXPECT_THAT(lines, ::testing::IsSupersetOf({"r>a ICMP 3/1", "r>a ICMPv6 1/3"}));
    EXPECT_EQ(r.counters().dropped_unresolved, 2u);
}

/// A super-segment of three pieces, as a device with segmentation offload delivers it.
Packet super_segment(BufferPool& pool, const IpAddress& source, const IpAddress& destination, std::size_t size,
                     std::uint16_t step) {
    Bytes segment = tcp(source, destination, 1000, 80, 0xfffffff0, counting(size));
    segment[13] = static_cast<std::byte>(wire::TcpFlags::kAck | wire::TcpFlags::kPsh | wire::TcpFlags::kFin);
    Packet packet = pool.packet(datagram(source, destination, IpProtocol::tcp, segment));
    packet.offload = {Offload::Checksum::partial, step};
    return packet;
}

class Segmentation : public Router, public ::testing::WithParamInterface<bool> {};
INSTANTIATE_TEST_SUITE_P(Families, Segmentation, ::testing::Bool());

TEST_P(Segmentation, IsDoneHereWhenTheNextDeviceDoesNotDoIt) {
    const IpAddress from = GetParam() ? kA6 : kA, to = GetParam() ? kB6 : kB;
    Bytes joined;
    std::vector<std::uint32_t> seqs;
    std::vector<bool> fins;
    filter = [&](std::string_view line, std::span<const std::byte> packet) {
        if (line != "r>b TCP") return true;
        const auto segment = wire::TcpView::parse(packet.subspan(GetParam() ? 40 : 20));
        EXPECT_TRUE(segment->checksum_is_valid(from, to));
        EXPECT_TRUE(GetParam() || wire::Ipv4View::parse(packet)->checksum_is_valid());
        seqs.push_back(segment->seq().raw());
        fins.push_back(segment->flags().fin());
        joined.insert(joined.end(), segment->payload().begin(), segment->payload().end());
        return false;
    };
    r.receive({}, super_segment(pool, from, to, 2500, 1000), now);
    run();
    EXPECT_THAT(seqs, ElementsAre(0xfffffff0u, 0x3d8u, 0x7c0u));
    EXPECT_THAT(fins, ElementsAre(false, false, true));
    EXPECT_EQ(joined, counting(2500));
    EXPECT_EQ(r.counters().segmented, 1u);
}

TEST_P(Segmentation, AChecksumLeftToTheDeviceIsCompletedForOneThatDoesNotDoIt) {
    const IpAddress from = GetParam() ? kA6 : kA, to = GetParam() ? kB6 : kB;
    bool valid = false;
    filter = [&](std::string_view, std::span<const std::byte> packet) {
        valid = wire::TcpView::parse(packet.subspan(GetParam() ? 40 : 20))->checksum_is_valid(from, to);
        return false;
    };
    r.receive({}, super_segment(pool, from, to, 100, 0), now);
    run();
    EXPECT_TRUE(valid);
}

TEST(SegmentationInput, WhatIsNoTcpIsNotCut) {
    BufferPool pool;
    Packet packet = pool.packet(datagram(kA, kB, IpProtocol::udp, counting(3000)));
    packet.offload.gso_size = 1000;
    EXPECT_THAT(cut_super_segment(pool, packet), IsEmpty());
    EXPECT_TRUE(complete_checksum(packet));
    Packet other = pool.packet(datagram(kA, kB, IpProtocol::icmp, counting(30)));
    EXPECT_FALSE(complete_checksum(other));
}

}  // namespace
}  // namespace hourglass::ip::testing
