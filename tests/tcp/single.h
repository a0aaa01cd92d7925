#pragma once

#include <deque>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "hourglass/tcp/stack.h"

namespace hourglass::tcp::testing {

using namespace std::chrono_literals;

/// A segment as a test writes it. Sequence numbers are relative: ours to our ISS, the peer's to `kPeerIss`.
struct Wire {
    std::string flags = ".";  ///< Letters as tcpdump has them: S F R P U . (ACK) E (ECE) W (CWR) e (AE)
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::string data{};
    std::uint16_t win = 65535;
    wire::TcpOptions options{};
    std::uint16_t urgent = 0;
    wire::Ecn ecn = wire::Ecn::not_ect;  ///< Of the datagram.
    bool bad_checksum = false;
};

/// Writes down what an application is told.
class Application : public ConnectionHandler, public AcceptHandler {
  public:
    void on_established(Stream) override { log.push_back("established"); }
    void on_readable(Stream s) override {
        log.push_back("readable");
        if (reads) read_all(s);
    }
    void on_urgent(Stream) override { log.push_back("urgent"); }
    void on_trouble(Stream, Error e) override { log.push_back(fmt::format("trouble: {}", to_string(e))); }
    void on_writable(Stream) override { log.push_back("writable"); }
    void on_closed(Stream, Error e) override { log.push_back(fmt::format("closed: {}", to_string(e))); }
    void on_acceptable(Listener l) override {
        if (!accepts) return;
        while (auto s = l.accept(this)) stream = *s;
    }
    void read_all(Stream s) {
        std::byte buffer[4096];
        while (const std::size_t n = s.receive(buffer)) received.append(reinterpret_cast<const char*>(buffer), n);
    }

    std::vector<std::string> log;
    std::string received;
    Stream stream;
    bool reads = true;
    bool accepts = true;
};

/// One stack, a clock, and a hand on the wire: the test plays the peer. What the stack sends is read as lines like
/// "S. seq=0 ack=1 len=0".
class Single : public ::testing::Test, public Network {
  public:
    static constexpr std::uint32_t kPeerIss = 1'000'000;
    SocketAddress us{IpAddress::v4(10, 0, 0, 1), Port(80)};
    SocketAddress peer{IpAddress::v4(10, 0, 0, 2), Port(5000)};

    std::optional<Path> path_to(const IpAddress&, const IpAddress&) override {
        return Path{.source = us.address, .mtu = mtu};
    }
    void doubt_path(const IpAddress&) override { ++doubts; }
    void send_segment(Packet&& segment, const IpAddress& source, const IpAddress& destination) override {
        const auto bytes = std::as_const(segment).bytes();
        EXPECT_TRUE(wire::verify_transport(source, destination, wire::IpProtocol::tcp, bytes)) << "checksum";
        last_source = source;
        sent_.push_back(std::move(segment));
    }

    /// Settings must be changed before the first call that needs the stack.
    Stack& stack() {
        if (!stack_) stack_ = std::make_unique<Stack>(settings, SipKey{1, 2}, *this, pool);
        return *stack_;
    }
    void SetUp() override {
        settings.timestamps = false;
        settings.window_scaling = false;
    }
    void TearDown() override {
        EXPECT_EQ(stack().check_invariants(), "");
        sent_.clear();
        stack_.reset();
        EXPECT_EQ(pool.in_use(), 0u) << "a buffer leaks";
    }

    void listen(ListenOptions options = {}) {
        options.handler = &app;
        ASSERT_TRUE(stack().listen(us, options));
    }
    /// Active open from our port 80 to the peer.
    Stream connect() {
        auto s = stack().connect(peer, {.local = us, .handler = &app});
        EXPECT_TRUE(s.has_value());
        app.stream = *s;
        poll();
        return *s;
    }
    /// A segment arrives, and the round that it belongs to ends.
    void in(const Wire& w) {
        deliver(w);
        poll();
    }
    void deliver(const Wire& w) { deliver_from(peer, w); }
    void deliver_from(const SocketAddress& from, const Wire& w) {
        wire::TcpHeader h{.source_port = from.port,
                          .destination_port = us.port,
                          .seq = Seq(kPeerIss + w.seq),
                          .ack = Seq(0),
                          .flags = {},
                          .window = w.win,
                          .urgent_pointer = w.urgent,
                          .options = w.options};
        for (const char f : w.flags) {
            if (f == 'S') h.flags |= wire::TcpFlags::kSyn;
            if (f == 'F') h.flags |= wire::TcpFlags::kFin;
            if (f == 'R') h.flags |= wire::TcpFlags::kRst;
            if (f == 'P') h.flags |= wire::TcpFlags::kPsh;
            if (f == 'U') h.flags |= wire::TcpFlags::kUrg;
            if (f == '.') h.flags |= wire::TcpFlags::kAck;
            if (f == 'E') h.flags |= wire::TcpFlags::kEce;
            if (f == 'W') h.flags |= wire::TcpFlags::kCwr;
            if (f == 'e') h.flags |= wire::TcpFlags::kAe;
        }
        if (h.flags.ack()) h.ack = our_iss + w.ack;
        Packet p = pool.packet(h.size() + w.data.size());
        h.emit(p.append(h.size()));
        std::memcpy(p.append(w.data.size()).data(), w.data.data(), w.data.size());
        wire::store_be16(
            p.bytes().data() + wire::TcpHeader::kChecksumOffset,
            wire::transport_checksum(from.address, us.address, wire::IpProtocol::tcp, std::as_const(p).bytes()));
        p.ecn = static_cast<std::uint8_t>(w.ecn);
        if (w.bad_checksum) p.bytes()[wire::TcpHeader::kChecksumOffset] ^= std::byte{0x55};
        stack().receive(std::move(p), from.address, us.address, now);
    }
    void poll() {
        stack().poll(now);
        EXPECT_EQ(stack().check_invariants(), "");
    }
    /// Time passes; timers run at their instants.
    void pass(Duration d) {
        const Instant end = now + d;
        while (stack().next_deadline() <= end) {
            now = std::max(now, stack().next_deadline());
            poll();
        }
        now = end;
    }
    /// The oldest segment that was sent and not looked at yet; "nothing" when there is none.
    std::string out() {
        if (sent_.empty()) return "nothing";
        const Packet p = std::move(sent_.front());
        sent_.pop_front();
        last_traffic_class = p.traffic_class;
        last_hop_limit = p.hop_limit;
        const auto view = wire::TcpView::parse(p.bytes());
        last_header = view->header();
        last_ecn = wire::Ecn(p.ecn);
        if (last_header.flags.syn()) our_iss = last_header.seq;
        const auto data = view->payload();
        last_data.assign(reinterpret_cast<const char*>(data.data()), data.size());
        const bool bare_reset = last_header.flags.rst() && !knows_iss();
        return fmt::format("{} seq={} ack={} len={}", last_header.flags.compact(),
                           bare_reset ? last_header.seq.raw() : static_cast<std::uint32_t>(last_header.seq - our_iss),
                           last_header.flags.ack() ? last_header.ack.raw() - kPeerIss : 0, data.size());
    }
    [[nodiscard]] bool knows_iss() const { return our_iss != Seq(0); }
    State state() { return app.stream.state(); }
    void send(std::string_view text) { app.stream.send(std::as_bytes(std::span(text))); }

    /// A passive handshake up to ESTABLISHED.
    void accept_connection(const wire::TcpOptions& options = {}, std::uint16_t win = 65535) {
        listen();
        in({.flags = "S", .win = win, .options = options});
        ASSERT_EQ(out(), "S. seq=0 ack=1 len=0");
        wire::TcpOptions agreed;
        if (settings.timestamps) agreed.timestamps = options.timestamps;
        in({.flags = ".", .seq = 1, .ack = 1, .win = win, .options = agreed});
        ASSERT_EQ(out(), "nothing");
        ASSERT_EQ(state(), State::established);
    }
    /// An active handshake up to ESTABLISHED.
    void connect_and_establish(const wire::TcpOptions& options = {}, std::uint16_t win = 65535) {
        connect();
        ASSERT_EQ(out(), "S seq=0 ack=0 len=0");
        in({.flags = "S.", .seq = 0, .ack = 1, .win = win, .options = options});
        ASSERT_EQ(out(), ". seq=1 ack=1 len=0");
        ASSERT_EQ(state(), State::established);
    }

    Settings settings;
    BufferPool pool;
    Instant now{1h};
    std::uint32_t mtu = 1500;
    Application app;
    Seq our_iss;
    wire::TcpHeader last_header;
    std::string last_data;
    IpAddress last_source;
    std::size_t doubts = 0;  ///< Negative advice to IP so far.
    std::uint8_t last_traffic_class = 0, last_hop_limit = 0;
    wire::Ecn last_ecn = wire::Ecn::not_ect;

  private:
    std::deque<Packet> sent_;
    std::unique_ptr<Stack> stack_;
};

}  // namespace hourglass::tcp::testing
