// Goodput in real time, beside the kernel's TCP: the same link, seed and receiver for both, in alternating turns.
// Prints the table of docs/goodput.md, "In real time".

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sched.h>
#include <string>
#include <vector>

#include "goodput_cells.h"
#include "runs.h"

namespace hourglass::bench {

namespace {

constexpr std::array kCongestions = {tcp::Congestion::cubic, tcp::Congestion::bbr};

struct Options {
    double seconds = 20;
    std::uint64_t turns = 1;
    std::uint64_t seed = 1;
    std::string cells;
    std::string congestion;
    std::string capture;
    bool json = false;
};

/// Turns of one sender, as their mean.
struct Measured {
    double goodput = 0;
    double rtt_in_paths = 0;
    double retransmitted = 0;
    double lost_in_queue = 0;
    double lost_by_chance = 0;
    Duration latest{};  ///< The worst turn's `Lateness::most`.

    void add(const FlowResult& one, const BulkPath& path, double weight) {
        goodput += one.goodput * weight;
        rtt_in_paths += one.rtt / to_seconds(path.round_trip) * weight;
        retransmitted += static_cast<double>(one.retransmitted) * weight;
        lost_in_queue += static_cast<double>(one.lost_in_queue) * weight;
        lost_by_chance += static_cast<double>(one.lost_by_chance) * weight;
        latest = std::max(latest, one.lateness.most);
    }
};

struct Row {
    std::string cell;
    std::string congestion;
    Measured ours{};
    std::optional<Measured> kernel{};  ///< None where the kernel lacks the congestion control.
};

/// Everything of this program runs before what has no such priority: packets must go on in time. False when this user
/// may not ask for it.
bool be_prompt() {
    const sched_param parameters{.sched_priority = 20};
    return ::sched_setscheduler(0, SCHED_RR, &parameters) == 0;
}

Row measure(Ground& ground, const GoodputCell& cell, tcp::Congestion congestion, const Options& options) {
    Row row{.cell = std::string(cell.name), .congestion = name_of(congestion)};
    if (kernel_has(row.congestion)) row.kernel.emplace();
    const double weight = 1.0 / static_cast<double>(options.turns);
    Flow flow{.path = cell.path, .congestion = congestion};
    flow.duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(options.seconds));
    flow.capture = options.capture;
    for (std::uint64_t turn = 0; turn < options.turns; ++turn) {
        flow.seed = options.seed + turn;
        flow.sender = Sender::ours;
        row.ours.add(run_flow(ground, flow), cell.path, weight);
        flow.sender = Sender::kernel;
        if (row.kernel) row.kernel->add(run_flow(ground, flow), cell.path, weight);
    }
    return row;
}

void print_heading() {
    fmt::print("{:42}{:>7}{:>8}{:>8}{:>7}{:>10}{:>12}{:>9}\n", "link", "", "ours", "kernel", "ratio", "ours RTT",
               "kernel RTT", "late ms");
}

void print(const Row& row) {
    fmt::print("{:42}{:>7}{:8.3f}", row.cell, row.congestion, row.ours.goodput);
    if (row.kernel) {
        fmt::print("{:8.3f}{:7.2f}{:10.2f}{:12.2f}{:9.2f}\n", row.kernel->goodput,
                   row.ours.goodput / row.kernel->goodput, row.ours.rtt_in_paths, row.kernel->rtt_in_paths,
                   to_seconds(std::max(row.ours.latest, row.kernel->latest)) * 1000);
    } else {
        fmt::print("{:>8}{:>7}{:10.2f}{:>12}{:9.2f}\n", "-", "-", row.ours.rtt_in_paths, "-",
                   to_seconds(row.ours.latest) * 1000);
    }
    std::fflush(stdout);
}

nlohmann::json to_json(const Measured& m) {
    return {{"goodput", m.goodput},
            {"rtt_in_round_trips", m.rtt_in_paths},
            {"retransmitted", m.retransmitted},
            {"lost_in_queue", m.lost_in_queue},
            {"lost_by_chance", m.lost_by_chance},
            {"late_seconds", to_seconds(m.latest)}};
}

nlohmann::json to_json(const Row& row) {
    nlohmann::json result = {{"link", row.cell}, {"congestion", row.congestion}, {"ours", to_json(row.ours)}};
    if (!row.kernel) return result;
    result["kernel"] = to_json(*row.kernel);
    result["ratio"] = row.ours.goodput / row.kernel->goodput;
    return result;
}

std::vector<Row> measure_all(Ground& ground, const Options& options) {
    std::vector<Row> rows;
    for (const GoodputCell& cell : kGoodputCells) {
        if (!cell.name.contains(options.cells)) continue;
        for (const tcp::Congestion congestion : kCongestions) {
            if (!options.congestion.empty() && options.congestion != name_of(congestion)) continue;
            rows.push_back(measure(ground, cell, congestion, options));
            if (!options.json) print(rows.back());
        }
    }
    return rows;
}

void run(const Options& options) {
    const bool prompt = be_prompt();
    Ground ground;
    const Ceiling ceiling = measure_ceiling(ground, {}, std::chrono::seconds(2));
    if (!options.json) {
        fmt::print("the link itself, 100 Mbit/s: datagrams fill {:.3f} of it, 99 % no more than {:.2f} ms late{}\n\n",
                   ceiling.share, to_seconds(ceiling.lateness.most) * 1000,
                   prompt ? "" : " (without real-time priority: run as root, or with 'ulimit -r 20')");
        print_heading();
    }
    const std::vector<Row> rows = measure_all(ground, options);
    if (!options.json) return;
    nlohmann::json all = {{"seconds", options.seconds},
                          {"turns", options.turns},
                          {"seed", options.seed},
                          {"real_time_priority", prompt},
                          {"ceiling", ceiling.share}};
    for (const Row& row : rows) all["cells"].push_back(to_json(row));
    fmt::print("{}\n", all.dump(2));
}

}  // namespace

}  // namespace hourglass::bench

int main(int argc, char** argv) {
    using namespace hourglass::bench;
    Options options;
    CLI::App app("Bulk flows of our TCP and of the kernel's through one emulated link, in real time");
    app.add_option("--seconds", options.seconds, "Length of each flow")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--turns", options.turns, "Flows of each sender a cell; the mean is printed")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    app.add_option("--seed", options.seed, "Of the first turn; each one has the next")->capture_default_str();
    app.add_option("--link", options.cells, "Only links whose name has this in it")->type_name("TEXT");
    app.add_option("--congestion", options.congestion, "Only this one")->check(CLI::IsMember({"cubic", "bbr"}));
    app.add_option("--capture", options.capture, "pcapng file of our stack's last flow")->type_name("FILE");
    app.add_flag("--json", options.json, "Print JSON");
    CLI11_PARSE(app, argc, argv);
    try {
        run(options);
    } catch (const std::exception& e) {
        fmt::print(stderr, "kernel_goodput: {}\n", e.what());
        return 1;
    }
    return 0;
}
