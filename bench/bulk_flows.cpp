#include "bulk_flows.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <memory>
#include <stdexcept>

#include "hourglass/sim/world.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;

constexpr Port kPort{5001};

/// Keeps the send buffer full.
class Source : public tcp::ConnectionHandler {
  public:
    explicit Source(sim::World& world) : world_(world) {}
    void on_established(tcp::Stream s) override {
        established = world_.now();
        fill(s);
    }
    void on_writable(tcp::Stream s) override { fill(s); }
    tcp::Stream stream;
    Instant established = kNever;

  private:
    sim::World& world_;
    static void fill(tcp::Stream s) {
        static constexpr std::array<std::byte, 65536> kZeros{};
        while (s.send(kZeros) == kZeros.size()) {
        }
    }
};

/// Counts what arrives.
class Sink : public tcp::ConnectionHandler, public tcp::AcceptHandler {
  public:
    void on_acceptable(tcp::Listener listener) override { listener.accept(this); }
    void on_readable(tcp::Stream stream) override {
        while (true) {
            const Slice piece = stream.receive_slice();
            if (piece.empty()) return;
            octets += piece.size();
        }
    }
    std::uint64_t octets = 0;
};

/// One flow with its hosts' names, and the round trips that were looked at.
struct Running {
    explicit Running(sim::World& world) : source(world) {}
    Source source;
    Sink sink;
    std::string host;
    std::uint64_t octets_before = 0;
    Duration rtt_sum{};
    std::int64_t rtt_count = 0;
};

ip::HostSettings host_with(const tcp::Settings& tcp) {
    ip::HostSettings s;
    s.tcp = tcp;
    return s;
}

std::string sender_address(std::size_t i) { return fmt::format("10.0.{}.1", i + 1); }

void sample_rtt(sim::World& world, std::vector<std::unique_ptr<Running>>& flows) {
    for (auto& flow : flows) {
        if (!flow->source.stream.exists()) continue;
        const Duration srtt = flow->source.stream.info().srtt;
        if (srtt == Duration::zero()) continue;
        flow->rtt_sum += srtt;
        ++flow->rtt_count;
    }
    world.after(10ms, [&world, &flows] { sample_rtt(world, flows); });
}

}  // namespace

sim::LinkSettings link_of(const BulkPath& path) {
    const double bdp = static_cast<double>(path.rate) / 8 * to_seconds(path.round_trip);
    return {.a_to_b = {.delay = path.round_trip / 2,
                       .rate = path.rate,
                       .queue_packets = UINT32_MAX,
                       .queue_bytes = static_cast<std::uint64_t>(bdp * path.queue_in_bdp),
                       .loss = path.loss},
            .b_to_a = {.delay = path.round_trip / 2}};
}

sim::Script late_packets(const BulkPath& path, Random random) {
    if (path.reorder <= 0) return {};
    return [random, path](const auto&, auto) mutable {
        const bool chosen = random.chance(path.reorder);
        const double part = random.unit();
        return sim::Verdict{.delay = chosen ? Duration(static_cast<std::int64_t>(
                                                  part * static_cast<double>(path.reorder_delay.count())))
                                            : Duration::zero()};
    };
}

sim::Script stalls(const BulkPath& path) {
    if (path.stall == Duration::zero()) return {};
    return [stall = path.stall](const sim::PacketView& packet, auto) {
        const Duration since = packet.time.time_since_epoch() % 1s;
        return sim::Verdict{.delay = std::max(stall - since, Duration::zero())};
    };
}

tcp::Settings bulk_settings(tcp::Congestion congestion) {
    tcp::Settings s;
    s.congestion = congestion;
    s.send_buffer = s.receive_buffer = 8 << 20;
    return s;
}

std::vector<BulkResult> run_bulk(const BulkPath& path, const std::vector<BulkFlow>& flows, Duration duration,
                                 std::uint64_t seed, Duration settling) {
    sim::World world(seed);
    ip::HostSettings router;
    router.forwarding = true;
    world.add_host("router", router);
    world.add_host("receiver", host_with(bulk_settings(tcp::Congestion::cubic)));
    std::vector<std::unique_ptr<Running>> running;
    for (std::size_t i = 0; i < flows.size(); ++i) {
        auto& flow = *running.emplace_back(std::make_unique<Running>(world));
        flow.host = fmt::format("sender-{}", i);
        world.add_host(flow.host, host_with(flows[i].settings));
        world.connect({flow.host, {sender_address(i) + "/24"}}, {"router", {fmt::format("10.0.{}.254/24", i + 1)}},
                      {.a_to_b = {.jitter = path.host_jitter, .keep_order = true, .queue_packets = UINT32_MAX},
                       .b_to_a = {.queue_packets = UINT32_MAX}});
        world.add_route(flow.host, "0.0.0.0/0", fmt::format("10.0.{}.254", i + 1));
    }
    sim::Link& wire = world.connect({"router", {"10.1.0.254/24"}}, {"receiver", {"10.1.0.1/24"}}, link_of(path));
    world.add_route("receiver", "0.0.0.0/0", "10.1.0.254");
    wire.set_script(sim::Direction::a_to_b, late_packets(path, world.random("reorder")));
    wire.set_script(sim::Direction::b_to_a, stalls(path));

    const Instant begin = world.now();
    for (std::size_t i = 0; i < flows.size(); ++i) {
        Running& flow = *running[i];
        const Port port{static_cast<std::uint16_t>(to_number(kPort) + i)};
        if (!world.host("receiver").tcp().listen({IpAddress::v4(10, 1, 0, 1), port}, {.handler = &flow.sink}))
            throw std::runtime_error("listen failed");
        world.at(begin + flows[i].start, [&world, &flow, port] {
            auto stream =
                world.host(flow.host).tcp().connect({IpAddress::v4(10, 1, 0, 1), port}, {.handler = &flow.source});
            if (!stream) throw std::runtime_error("connect failed");
            flow.source.stream = *stream;
        });
    }
    world.after(10ms, [&] { sample_rtt(world, running); });
    const auto all_established = [&] {
        return std::ranges::all_of(running, [](const auto& flow) { return flow->source.established != kNever; });
    };
    if (!world.run_until(all_established, 1min)) throw std::runtime_error("no handshake");
    world.run_for(settling);
    for (auto& flow : running) flow->octets_before = flow->sink.octets;
    world.run_for(duration);

    std::vector<BulkResult> results;
    for (auto& flow : running) {
        const tcp::Counters& counters = world.host(flow->host).tcp().counters();
        const double capacity = static_cast<double>(path.rate) / 8 * to_seconds(duration);
        results.push_back({.goodput = static_cast<double>(flow->sink.octets - flow->octets_before) / capacity,
                           .mean_rtt = flow->rtt_sum / std::max<std::int64_t>(1, flow->rtt_count),
                           .retransmitted = counters.retransmitted,
                           .timeouts = counters.retransmission_timeouts});
    }
    return results;
}

}  // namespace hourglass::bench
