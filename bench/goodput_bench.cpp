// How much of a link's rate reaches the application, with loss, reordering and company. Prints docs/goodput.md's table.
//
//     bench_goodput            every cell, the mean of three seeds
//     bench_goodput SEEDS      ... of SEEDS seeds

#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

#include "bulk_flows.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;
using tcp::Congestion;

constexpr Duration kDuration = 20s;

struct Cell {
    std::string_view name;
    BulkPath path;
};

const Cell kCells[] = {
    {"100 Mbit/s 20 ms", {}},
    {"100 Mbit/s 20 ms, loss 0.1 %", {.loss = 0.001}},
    {"100 Mbit/s 20 ms, loss 1 %", {.loss = 0.01}},
    {"100 Mbit/s 20 ms, loss 3 %", {.loss = 0.03}},
    {"100 Mbit/s 20 ms, 5 % late by 0 to 4 ms", {.reorder = 0.05, .reorder_delay = 4ms}},
    {"50 Mbit/s 100 ms", {.rate = 50'000'000, .round_trip = 100ms}},
    {"50 Mbit/s 100 ms, loss 1 %", {.rate = 50'000'000, .round_trip = 100ms, .loss = 0.01}},
};

/// The mean over seeds of what one flow reaches.
BulkResult mean_of(const BulkPath& path, Congestion congestion, std::uint64_t seeds) {
    BulkResult sum;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const BulkResult one = run_bulk(path, {{bulk_settings(congestion)}}, kDuration, seed).front();
        sum.goodput += one.goodput / static_cast<double>(seeds);
        sum.mean_rtt += one.mean_rtt / seeds;
        sum.retransmitted += one.retransmitted / seeds;
    }
    return sum;
}

double in_round_trips(Duration rtt, const BulkPath& path) { return to_seconds(rtt) / to_seconds(path.round_trip); }

void print_single_flows(std::uint64_t seeds) {
    fmt::print("{:42}{:>8}{:>8}{:>10}{:>10}\n", "one flow, 20 s", "cubic", "bbr", "cubic RTT", "bbr RTT");
    for (const Cell& cell : kCells) {
        const BulkResult cubic = mean_of(cell.path, Congestion::cubic, seeds);
        const BulkResult bbr = mean_of(cell.path, Congestion::bbr, seeds);
        fmt::print("{:42}{:8.3f}{:8.3f}{:10.2f}{:10.2f}\n", cell.name, cubic.goodput, bbr.goodput,
                   in_round_trips(cubic.mean_rtt, cell.path), in_round_trips(bbr.mean_rtt, cell.path));
    }
}

void print_pair(std::string_view name, Congestion a, Congestion b, std::uint64_t seeds) {
    double first = 0;
    double second = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto both = run_bulk({}, {{bulk_settings(a)}, {bulk_settings(b), 100ms}}, 60s, seed);
        first += both[0].goodput / static_cast<double>(seeds);
        second += both[1].goodput / static_cast<double>(seeds);
    }
    fmt::print("{:42}{:8.3f}{:8.3f}\n", name, first, second);
}

}  // namespace

}  // namespace hourglass::bench

int main(int argc, char** argv) {
    using namespace hourglass;
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 3;
    if (seeds == 0) return 1;
    bench::print_single_flows(seeds);
    fmt::print("\n{:42}{:>8}{:>8}\n", "two flows, 100 Mbit/s 20 ms, 60 s", "first", "second");
    bench::print_pair("cubic and cubic", tcp::Congestion::cubic, tcp::Congestion::cubic, seeds);
    bench::print_pair("bbr and bbr", tcp::Congestion::bbr, tcp::Congestion::bbr, seeds);
    bench::print_pair("cubic and bbr", tcp::Congestion::cubic, tcp::Congestion::bbr, seeds);
    return 0;
}
