#include "hourglass/lab/explore.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <fmt/core.h>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

#include "cli/command.h"
#include "cli/terminal.h"
#include "hourglass/trace/ladder.h"

namespace hourglass::cli {

namespace {

struct ExploreOptions {
    unsigned packets = 7;
    unsigned jobs = 0;
    std::string only;
    bool json = false;
};

std::string words_of(const std::string& told) { return told.empty() ? "nothing" : told; }

int show_one(const ExploreOptions& options, const lab::ExploreSettings& settings) {
    const auto fates = lab::parse_fates(options.only);
    if (!fates)
        throw Failure{kBadInput, fmt::format("--only '{}': character {} is none of p (passes), l (lost), d (twice), s "
                                             "(slow), or there are more than 12",
                                             printable(options.only), fates.error() + 1)};
    trace::Recorder recorder;
    const lab::ExploreRun run = lab::explore_one(*fates, settings, &recorder);
    const bool colour = shows_colour(stdout);
    fmt::print("{}", trace::ladders(recorder, {.color = colour}));
    fmt::print("\nclient was told: {}\nserver was told: {}\n{}\n", words_of(run.client), words_of(run.server),
               run.violation.empty() ? paint("all that must hold holds", Colour::green, colour)
                                     : paint("VIOLATION: " + run.violation, Colour::red, colour));
    return run.violation.empty() ? kSuccess : kFailure;
}

void print_result(const lab::Exploration& found, unsigned packets) {
    const bool colour = shows_colour(stdout);
    fmt::print("{} combinations of pass, lose, twice, slow on the first {} packets, in {} different runs:\n",
               found.combinations, packets, found.runs);
    fmt::print("  {:>10}  brought every octet across, both ends CLOSED\n", found.delivered);
    fmt::print("  {:>10}  failed, and the applications were told\n", found.told);
    fmt::print("  {:>10}  violations\n",
               paint(fmt::format("{}", found.violations), found.violations == 0 ? Colour::green : Colour::red, colour));
    for (const lab::Fates& fates : found.examples)
        fmt::print("    see 'hourglass explore --only {}'\n", lab::to_string(fates));
}

int run_all(const ExploreOptions& options, lab::ExploreSettings settings) {
    const bool shows_progress = isatty(STDERR_FILENO) != 0;
    std::mutex mutex;
    if (shows_progress)
        settings.progress = [&](std::uint64_t runs) {
            const std::lock_guard lock(mutex);
            fmt::print(stderr, "\r{} runs", runs);
        };
    const lab::Exploration found = lab::explore(settings);
    if (shows_progress) fmt::print(stderr, "\r");
    if (options.json) {
        nlohmann::ordered_json out{{"packets", options.packets},
                                   {"combinations", found.combinations},
                                   {"runs", found.runs},
                                   {"delivered", found.delivered},
                                   {"told", found.told},
                                   {"violations", found.violations},
                                   {"examples", nlohmann::json::array()}};
        for (const lab::Fates& fates : found.examples) out["examples"].push_back(lab::to_string(fates));
        fmt::print("{}\n", out.dump(2));
    } else {
        print_result(found, options.packets);
    }
    return found.violations == 0 ? kSuccess : kFailure;
}

int explore(const ExploreOptions& options) {
    lab::ExploreSettings settings;
    settings.packets = options.packets;
    settings.jobs = options.jobs != 0 ? options.jobs : std::max(1u, std::thread::hardware_concurrency());
    return options.only.empty() ? run_all(options, settings) : show_one(options, settings);
}

}  // namespace

Action declare_explore(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<ExploreOptions>();
    app.add_option("--packets", options->packets, "Packets that have a fate; each one more takes four times as long")
        ->capture_default_str()
        ->check(CLI::Range(1, 12))
        ->type_name("N");
    app.add_option("--only", options->only, "One combination as a ladder: a letter a packet, p l d s")
        ->type_name("FATES");
    app.add_option("--jobs", options->jobs, "Threads; default: one a processor")
        ->check(CLI::Range(1, 256))
        ->type_name("N");
    app.add_flag("--json", options->json, "The result as JSON");
    app.footer(
        "Opens a connection, carries a request and an answer, closes it; and does so for every combination of\n"
        "passing (p), losing (l), doubling (d) and slowing down (s, by 1.3 s) its first packets, in virtual time. In\n"
        "each, both ends must reach CLOSED with every octet across, or the applications must be told of an error,\n"
        "and no timer or buffer may be left. Twelve packets are 16.8 million combinations and take ten minutes of one\n"
        "processor.\n"
        "\n"
        "Examples:\n"
        "  hourglass explore\n"
        "  hourglass explore --packets 9 --json\n"
        "  hourglass explore --only plld\n");
    return [options] { return explore(*options); };
}

}  // namespace hourglass::cli
