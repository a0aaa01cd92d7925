// A host with a link of each medium, with applications and conversations under way, is given any packets in any order
// while time goes on. What it sends must be readable, what it holds must stay bounded, and nothing may be left of it.
//
// The input: one octet of settings, then records of an octet that says what is done, two octets that say how much, and
// the packet for those that carry one.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "hourglass/ip/host.h"
#include "hourglass/wire/checksum.h"
#include "hourglass/wire/ethernet.h"
#include "hourglass/wire/ipv4.h"
#include "hourglass/wire/ipv6.h"

using namespace hourglass;
using wire::IpProtocol;

namespace {

void require(bool holds) {
    if (!holds) __builtin_trap();
}

/// Blocks of memory in use, at most: inputs are too short to fill the tables with more.
constexpr std::size_t kMaxBlocks = 4096;
constexpr std::uint32_t kMtu = 1500;

/// Puts right the checksums of a datagram, so that more of the inputs come through.
void repair(std::span<std::byte> datagram) {
    std::size_t transport = 0;
    IpProtocol protocol{};
    IpAddress source, destination;
    if (const auto v4 = wire::Ipv4View::parse(datagram)) {
        source = v4->source(), destination = v4->destination();
        protocol = v4->protocol(), transport = v4->header_size();
        const bool fragment = v4->is_fragment();
        datagram = datagram.first(v4->total_length());
        wire::store_be16(datagram.data() + 10, 0);
        const auto header = std::span<const std::byte>(datagram).first(transport);
        wire::store_be16(datagram.data() + 10, wire::checksum(wire::partial_sum(header)));
        if (fragment) return;
    } else if (const auto v6 = wire::Ipv6View::parse(datagram)) {
        const auto chain = wire::walk_extensions(*v6);
        if (!chain || chain->fragment) return;
        source = v6->source(), destination = v6->destination();
        protocol = chain->protocol, transport = chain->offset;
        datagram = datagram.first(wire::Ipv6Header::kSize + v6->payload_length());
    } else {
        return;
    }
    const std::span<std::byte> message = datagram.subspan(transport);
    const std::size_t field = protocol == IpProtocol::tcp ? 16 : protocol == IpProtocol::udp ? 6 : 2;
    if (message.size() < field + 2) return;
    wire::store_be16(message.data() + field, 0);
    const std::uint16_t sum = protocol == IpProtocol::icmp
                                  ? wire::checksum(wire::partial_sum(message))
                                  : wire::transport_checksum(source, destination, protocol, message);
    wire::store_be16(message.data() + field, sum);
}

/// Sends back what it reads.
struct Echo : tcp::ConnectionHandler, tcp::AcceptHandler {
    void on_readable(tcp::Stream stream) override {
        while (stream.writable() != 0 && stream.readable() != 0) stream.send(stream.receive_slice(stream.writable()));
        if (stream.at_end()) stream.close();
    }
    void on_acceptable(tcp::Listener listener) override {
        while (listener.accept(this)) continue;
    }
};

class World {
  public:
    World(BufferPool& pool, bool forwarding) : pool_(pool), host_(settings(forwarding), pool) {
        host_.add_interface({.mtu = kMtu, .addresses = {prefix("10.0.0.1/24"), prefix("fd00::1/64")}});
        host_.add_interface({.medium = ip::Medium::ethernet,
                             .mac = {{2, 0, 0, 0, 0, 1}},
                             .mtu = 1280,
                             .addresses = {prefix("10.1.0.1/24"), prefix("fd01::1/64"), prefix("fe80::1/64")}});
        host_.add_route({prefix("0.0.0.0/0"), *IpAddress::parse("10.1.0.254"), ip::InterfaceId{1}});
        start_applications();
        host_.poll(now_);
        drain();
    }

    void receive(unsigned link, std::span<const std::byte> bytes, bool repaired, Offload offload) {
        Packet packet = pool_.packet(bytes);
        const std::size_t header = link == 0 ? 0 : wire::EthernetHeader::kSize;
        if (repaired && packet.size() > header) repair(packet.bytes().subspan(header));
        packet.offload = offload;
        host_.receive(ip::InterfaceId(static_cast<std::uint8_t>(link)), std::move(packet), now_);
    }
    void pass(Duration d) {
        now_ += d;
        step();
    }
    void step() {
        host_.poll(now_);
        drain();
        require(pool_.in_use() <= kMaxBlocks);
        require(host_.tcp().check_invariants().empty());
        (void)host_.next_deadline();
    }

  private:
    static Prefix prefix(std::string_view text) { return *Prefix::parse(text); }

    static ip::HostSettings settings(bool forwarding) {
        ip::HostSettings s;
        s.secret = {1, 2};
        s.forwarding = forwarding;
        s.max_neighbours = 4;
        s.max_reassembly_bytes = 128 << 10;
        s.max_fragments_per_datagram = 16;
        s.max_udp_queue = 16;
        s.max_output_packets = 128;
        s.max_path_mtus = 4;
        s.tcp.max_connections = 32;
        s.tcp.max_half_open = 8;
        s.tcp.send_buffer = 8192;
        s.tcp.receive_buffer = 8192;
        return s;
    }

    void start_applications() {
        const auto answer = [this](udp::SocketId socket, SocketAddress from, SocketAddress,
                                   std::span<const std::byte> bytes,
                                   Instant) { (void)host_.udp().send(socket, from, bytes); };
        for (const IpAddress& any : {IpAddress::v4(0), IpAddress{}}) {
            const auto socket = host_.udp().open({any, Port{7}}, answer);
            (void)host_.tcp().listen({any, Port{80}}, {.handler = &echo_});
            (void)host_.udp().send(*socket, {*IpAddress::parse(any.is_v4() ? "10.1.0.2" : "fd01::2"), Port{9}}, {});
        }
        for (const auto* text : {"10.0.0.2", "fd00::2", "10.1.0.2", "fd01::2"}) {
            const IpAddress peer = *IpAddress::parse(text);
            (void)host_.tcp().connect({peer, Port{80}}, {.local = {}, .handler = &echo_});
            host_.ping(peer, 1, 8, now_, {});
        }
    }

    void drain() {
        for (const Packet& packet : host_.take_output(ip::InterfaceId{0})) check_datagram(packet.bytes(), kMtu);
        for (const Packet& packet : host_.take_output(ip::InterfaceId{1})) {
            const auto frame = wire::EthernetView::parse(packet.bytes());
            require(frame.has_value());
            if (frame->type() != wire::EtherType::arp) check_datagram(frame->payload(), 1280);
        }
    }
    static void check_datagram(std::span<const std::byte> bytes, std::size_t mtu) {
        require(bytes.size() <= mtu);
        const auto v4 = wire::Ipv4View::parse(bytes);
        require(v4 ? v4->checksum_is_valid() : wire::Ipv6View::parse(bytes).has_value());
    }

    BufferPool& pool_;
    Instant now_{};
    Echo echo_;
    ip::Host host_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::span<const std::byte> input = std::as_bytes(std::span(data, size));
    if (input.empty()) return 0;
    BufferPool pool;
    {
        World world(pool, (wire::load_8(input.data()) & 1) != 0);
        input = input.subspan(1);
        for (unsigned records = 0; input.size() >= 3 && records < 512; ++records) {
            const std::uint8_t what = wire::load_8(input.data());
            const std::size_t amount = wire::load_be16(input.data() + 1);
            input = input.subspan(3);
            if ((what & 3) == 2) {
                world.pass(std::chrono::milliseconds(amount));
                continue;
            }
            if ((what & 3) == 3) {
                world.step();
                continue;
            }
            Offload offload;
            if ((what & 0x40) != 0) offload = {Offload::Checksum::partial, 0};
            if ((what & 0x20) != 0) offload.gso_size = static_cast<std::uint16_t>(what);
            const auto packet = input.first(std::min(amount, input.size()));
            input = input.subspan(packet.size());
            world.receive(what & 1, packet, (what & 0x80) == 0, offload);
        }
        world.pass(std::chrono::minutes(2));
    }
    require(pool.in_use() == 0);
    return 0;
}
