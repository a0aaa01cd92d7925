// How much of a link's rate reaches the application, with loss, reordering and company. Prints docs/goodput.md's table.
//
//     bench_goodput            every cell, the mean of three seeds
//     bench_goodput SEEDS      ... of SEEDS seeds; pairs of flows take twice as many

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <string_view>

#include "goodput_cells.h"
#include "hourglass/base/random.h"

namespace hourglass::bench {

namespace {

using namespace std::chrono_literals;
using tcp::Congestion;

constexpr Duration kDuration = 20s;

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
    for (const GoodputCell& cell : kGoodputCells) {
        const BulkResult cubic = mean_of(cell.path, Congestion::cubic, seeds);
        const BulkResult bbr = mean_of(cell.path, Congestion::bbr, seeds);
        fmt::print("{:42}{:8.3f}{:8.3f}{:10.2f}{:10.2f}\n", cell.name, cubic.goodput, bbr.goodput,
                   in_round_trips(cubic.mean_rtt, cell.path), in_round_trips(bbr.mean_rtt, cell.path));
    }
}

/// Raj Jain's index of two shares: 1 when they are equal, 0.5 when one has all.
double jain(double a, double b) { return (a + b) * (a + b) / (2 * (a * a + b * b)); }

/// Two flows, the second up to 3 s later: what each has of the link, the spread of the first one's part of both, and
/// Jain's index.
void print_pair(std::string_view name, Congestion a, Congestion b, Duration settling, std::uint64_t seeds) {
    const BulkPath path{.host_jitter = 120us};
    const auto n = static_cast<double>(seeds);
    double first = 0, second = 0, part = 0, part_squared = 0, index = 0, worst = 1;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        const auto later = Duration(static_cast<std::int64_t>(Random(seed).unit() * 3e9));
        const auto both = run_bulk(path, {{bulk_settings(a)}, {bulk_settings(b), later}}, 60s, seed, settling);
        const double x = both[0].goodput, y = both[1].goodput;
        first += x / n;
        second += y / n;
        part += x / (x + y) / n;
        part_squared += x / (x + y) * x / (x + y) / n;
        index += jain(x, y) / n;
        worst = std::min(worst, jain(x, y));
    }
    const double spread = std::sqrt(std::max(0.0, part_squared - part * part));
    fmt::print("{:42}{:8.3f}{:8.3f}{:8.3f}{:8.3f}{:8.3f}\n", name, first, second, spread, index, worst);
}

void print_pairs(Duration settling, std::uint64_t seeds) {
    fmt::print("\n{:42}{:>8}{:>8}{:>8}{:>8}{:>8}\n",
               fmt::format("two flows, 100 Mbit/s 20 ms, 60 s from {} s on", to_ms(settling) / 1000), "first", "second",
               "spread", "Jain", "worst");
    print_pair("cubic and cubic", Congestion::cubic, Congestion::cubic, settling, seeds);
    print_pair("bbr and bbr", Congestion::bbr, Congestion::bbr, settling, seeds);
    print_pair("cubic and bbr", Congestion::cubic, Congestion::bbr, settling, seeds);
    print_pair("bbr and cubic", Congestion::bbr, Congestion::cubic, settling, seeds);
}

}  // namespace

}  // namespace hourglass::bench

int main(int argc, char** argv) {
    using namespace hourglass;
    const std::uint64_t seeds = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 3;
    if (seeds == 0) return 1;
    bench::print_single_flows(seeds);
    bench::print_pairs({}, 2 * seeds);
    bench::print_pairs(std::chrono::seconds(60), 2 * seeds);
    return 0;
}
