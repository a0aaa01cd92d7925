#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/control_path.h"
#include "cli/terminal.h"
#include "hourglass/runtime/control.h"

namespace hourglass::cli {

namespace {

using Json = nlohmann::ordered_json;

struct StatOptions {
    std::string control;
    bool counters = false;
    bool all = false;
    bool json = false;
};

/// netstat's timer column: which timer runs, and the seconds until it runs out.
std::string timer_of(const Json& connection) {
    const auto name = connection.at("timer").get<std::string>();
    const Json& seconds = connection.at("timer_in");
    return seconds.is_null() ? name : fmt::format("{} ({:.2f})", name, std::max(0.0, seconds.get<double>()));
}

/// Listeners are at the wildcard port of everyone.
std::string remote_of(const Json& connection) {
    const Json& remote = connection.at("remote");
    if (!remote.is_null()) return remote.get<std::string>();
    return connection.at("protocol") == "tcp6" ? "[::]:*" : "0.0.0.0:*";
}

void print_connections(const Json& report) {
    const bool colour = shows_colour(stdout);
    const std::string head = fmt::format("{:<5} {:>6} {:>6} {:<29} {:<29} {:<12} {}", "Proto", "Recv-Q", "Send-Q",
                                         "Local Address", "Foreign Address", "State", "Timer");
    fmt::print("{}\n", paint(head, Colour::bold, colour));
    for (const Json& c : report.at("connections"))
        fmt::print("{:<5} {:>6} {:>6} {:<29} {:<29} {:<12} {}\n", c.at("protocol").get<std::string>(),
                   c.at("receive_queue").get<std::uint64_t>(), c.at("send_queue").get<std::uint64_t>(),
                   c.at("local").get<std::string>(), remote_of(c), c.at("state").get<std::string>(), timer_of(c));
}

void print_counters(const Json& report, bool zeros) {
    for (const auto& [layer, counters] : report.at("counters").items())
        for (const auto& [name, value] : counters.items())
            if (zeros || value.get<std::uint64_t>() != 0)
                fmt::print("{:>14}  {} {}\n", value.get<std::uint64_t>(), layer, name);
}

int stat(const StatOptions& options) {
    const auto answer =
        runtime::ask(control_path_of_instance(options.control), options.counters ? "counters" : "connections");
    if (!answer) throw Failure{kBadInput, answer.error().message};
    if (options.json) {
        fmt::print("{}\n", *answer);
        return kSuccess;
    }
    const Json report = Json::parse(*answer, nullptr, false);
    if (report.is_discarded() || !report.is_object() || report.contains("error"))
        throw Failure{kFailure, "the instance gave no answer that this program understands; is it of another version?"};
    if (options.counters)
        print_counters(report, options.all);
    else
        print_connections(report);
    return kSuccess;
}

}  // namespace

Action declare_stat(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<StatOptions>();
    app.add_option("--control", options->control, "Socket of the instance; default: the only one that runs")
        ->type_name("PATH")
        ->envname(kControlVariable);
    app.add_flag("--counters", options->counters, "What was counted, by reason, instead of connections");
    app.add_flag("--all", options->all, "With --counters: also those that are zero");
    app.add_flag("--json", options->json, "As JSON");
    app.footer(
        "Recv-Q is what the application has not read, Send-Q what is queued or in flight, in bytes. Timer\n"
        "is the next one of the connection, with its seconds.\n"
        "\n"
        "Examples:\n"
        "  hourglass stat\n"
        "  hourglass stat --counters | grep malformed\n"
        "  hourglass serve . --rootless -- hourglass stat\n");
    return [options] { return stat(*options); };
}

}  // namespace hourglass::cli
