// A stack with a listener and an active open is fed segments that the input describes, while time passes and an
// application sends, reads and closes. Whatever comes: the invariants hold, memory stays within the limits, and in the
// end every connection goes.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "hourglass/tcp/stack.h"

namespace {

using namespace hourglass;
using namespace std::chrono_literals;

const IpAddress kUs = IpAddress::v4(10, 0, 0, 1);
const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);

void require(bool condition, std::string_view what) {
    if (condition) return;
    std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

/// Aborts with the text of the invariant that is broken.
void require_invariants(const tcp::Stack& stack) {
    const std::string broken = stack.check_invariants();
    require(broken.empty(), broken);
}

/// Takes the input apart; zeros when it is used up.
class Input {
  public:
    Input(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
    [[nodiscard]] bool empty() const { return left_ == 0; }
    std::uint8_t byte() {
        if (left_ == 0) return 0;
        --left_;
        return *data_++;
    }
    std::uint16_t word() { return static_cast<std::uint16_t>(byte() << 8 | byte()); }

  private:
    const std::uint8_t* data_;
    std::size_t left_;
};

struct Wire : tcp::Network {
    std::optional<tcp::Path> path_to(const IpAddress&, const IpAddress&) override { return tcp::Path{.source = kUs}; }
    void send_segment(Packet&& segment, const IpAddress&, const IpAddress&) override {
        const auto view = wire::TcpView::parse(std::as_const(segment).bytes());
        require(view.has_value(), "what is sent can be read");
        last_seq = view->seq() + view->sequence_length();
        last_ack = view->ack();
    }
    tcp::Seq last_seq, last_ack;  // so that the input can aim near what the stack expects
};

struct Application : tcp::ConnectionHandler, tcp::AcceptHandler {
    void on_acceptable(tcp::Listener l) override {
        while (auto s = l.accept(this)) stream = *s;
    }
    void on_readable(tcp::Stream s) override {
        std::byte buffer[512];
        if (reads) s.receive(buffer);
        if (s.at_end() && closes) s.close();
    }
    tcp::Stream stream;
    bool reads = true, closes = true;
};

/// A segment near the window, or anywhere when the input says so.
void deliver(Input& in, tcp::Stack& stack, const Wire& wire, BufferPool& pool, Instant now) {
    const std::uint8_t shape = in.byte();
    wire::TcpHeader h{.source_port = Port((shape & 1) != 0 ? 5000 : 5001),
                      .destination_port = Port((shape & 2) != 0 ? 80 : 6000),
                      .seq = wire.last_ack + static_cast<std::uint32_t>(static_cast<std::int8_t>(in.byte())),
                      .ack = wire.last_seq + static_cast<std::uint32_t>(static_cast<std::int8_t>(in.byte())),
                      .flags = wire::TcpFlags(in.byte()),
                      .window = in.word()};
    if ((shape & 4) != 0) h.seq += static_cast<std::uint32_t>(in.word()) << 16;
    if ((shape & 8) != 0) h.options.timestamps = {{in.byte(), in.byte()}};
    if ((shape & 16) != 0) h.options.mss = in.word();
    if ((shape & 16) != 0) h.options.sack_permitted = true;
    if ((shape & 32) != 0) h.options.window_scale = in.byte();
    if ((shape & 48) == 48) {
        h.options.fast_open_present = true;
        h.options.fast_open.size = static_cast<std::uint8_t>(in.byte() % 3 * 4);
        h.options.fast_open.octets.fill(std::byte{in.byte()});
    }
    if ((shape & 128) != 0) {
        h.options.sack_count = static_cast<std::uint8_t>(in.byte() % 4);
        for (std::uint8_t i = 0; i < h.options.sack_count; ++i) {
            const tcp::Seq left = wire.last_seq - in.word();
            h.options.sack[i] = {left, left + in.word()};
        }
    }
    const std::size_t size = in.byte() * ((shape & 64) != 0 ? 8u : 1u);
    Packet p = pool.packet(h.size() + size);
    h.emit(p.append(h.size()));
    std::memset(p.append(size).data(), shape, size);
    p.offload.checksum = Offload::Checksum::verified;
    stack.receive(std::move(p), kPeer, kUs, now);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Input in(data, size);
    BufferPool pool;
    {
        Wire wire;
        tcp::Settings settings;
        settings.receive_buffer = 20'000;
        settings.send_buffer = 20'000;
        settings.max_connections = 8;
        settings.max_half_open = 4;
        settings.max_time_wait = 4;
        const std::uint8_t seed = in.byte();
        // With fast open a SYN of either side brings data, and any cookie does.
        settings.connect_fast = (seed & 1) != 0;
        settings.fast_open_backlog = (seed & 1) != 0 ? 2 : 0;
        settings.fast_open.client_needs_cookie = (seed & 2) != 0;
        settings.fast_open.server_needs_cookie = (seed & 4) != 0;
        tcp::Stack stack(settings, SipKey{seed, 1}, wire, pool);
        Application server, client;
        Instant now{1h};
        stack.poll(now);
        require(stack.listen({kUs, Port(80)}, {.handler = &server}).has_value(), "listen");
        const auto opened = stack.connect({kPeer, Port(5000)}, {.local = {kUs, Port(6000)}, .handler = &client});
        require(opened.has_value(), "connect");
        client.stream = *opened;
        const std::byte request[100] = {};
        if (settings.connect_fast) client.stream.send(std::span(request, in.byte() % sizeof(request)));
        for (int steps = 0; !in.empty() && steps < 2000; ++steps) {
            Application& app = steps % 2 == 0 ? server : client;
            switch (in.byte() % 12) {
                case 0:
                    now += std::chrono::milliseconds(in.word());
                    break;
                case 1:
                    app.stream.shutdown();
                    break;
                case 2:
                    app.stream.close();
                    break;
                case 3:
                    app.stream.abort();
                    break;
                case 4:
                    app.reads = !app.reads;
                    break;
                case 5:
                    app.stream.set_keepalive(true);
                    break;
                case 6: {
                    const std::byte filler[3000] = {};
                    app.stream.send(std::span(filler, in.word() % sizeof(filler)));
                    break;
                }
                default:
                    deliver(in, stack, wire, pool, now);
                    break;
            }
            if (steps % 3 == 0) stack.poll(now);
            require_invariants(stack);
            require(pool.in_use() < 200, "buffers have a limit");
        }
        server.stream.close();
        client.stream.close();
        for (int i = 0; i < 400 && stack.next_deadline() != kNever; ++i) {
            now = std::max(now, stack.next_deadline());
            stack.poll(now);
            require_invariants(stack);
        }
    }
    require(pool.in_use() == 0, "no buffer is left");
    return 0;
}
