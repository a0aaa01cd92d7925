// Octets as the image of a stack: it is refused, or the stack that it makes works.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "hourglass/tcp/stack.h"
#include "hourglass/wire/tcp.h"

namespace {

using namespace hourglass;

struct World final : tcp::Network, tcp::ConnectionHandler, tcp::AcceptHandler {
    std::optional<tcp::Path> path_to(const IpAddress&, const IpAddress&) override {
        return tcp::Path{.source = IpAddress::v4(10, 0, 0, 1), .mtu = 1500};
    }
    void send_segment(Packet&&, const IpAddress&, const IpAddress&) override {}
    void on_acceptable(tcp::Listener listener) override { static_cast<void>(listener.accept(this)); }
    void on_readable(tcp::Stream stream) override {
        std::byte room[4096];
        while (stream.receive(room) > 0) {
        }
    }
    void on_closed(tcp::Stream, tcp::Error) override {}
};

/// What each connection would be most surprised by: the acknowledgement of everything, and data where it expects it.
void answer(tcp::Stack& stack, BufferPool& pool, const tcp::ConnectionInfo& c, Instant now,
            std::span<const std::byte> octets) {
    if (c.state == tcp::State::listen || octets.size() < 12) return;
    Packet segment = pool.packet(64);
    const auto header = segment.append(wire::TcpHeader::kMinSize + 8);
    std::ranges::fill(header, std::byte{0});
    wire::store_be16(header.data(), to_number(c.flow.remote_port));
    wire::store_be16(header.data() + 2, to_number(c.flow.local_port));
    std::ranges::copy(octets.first(8), header.begin() + 4);
    header[12] = std::byte{0x50};
    header[13] = octets[8];
    std::ranges::copy(octets.subspan(9, 2), header.begin() + 14);
    segment.offload.checksum = Offload::Checksum::verified;
    stack.receive(std::move(segment), c.flow.remote, c.flow.local, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto octets = std::as_bytes(std::span(data, size));
    World world;
    BufferPool pool;
    tcp::Stack stack({}, SipKey{3, 4}, world, pool);
    if (!stack.restore(octets, &world, &world)) return 0;
    const auto again = stack.image();
    static_cast<void>(again);
    if (!stack.check_invariants().empty()) std::abort();
    for (int round = 0; round < 20; ++round) {
        const Instant now = stack.next_deadline();
        if (now == kNever) break;
        stack.poll(now);
        if (round % 4 != 1) continue;
        std::size_t at = 0;
        for (const tcp::ConnectionInfo& c : stack.connections())
            answer(stack, pool, c, now, octets.subspan(at = (at + 11) % octets.size()));
    }
    return 0;
}
