#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <exception>
#include <fmt/core.h>
#include <memory>
#include <span>

#include "cli/command.h"
#include "cli/help.h"

namespace hourglass::cli {

namespace {

constexpr auto kCommands = std::to_array<Command>({
    {"journey", "See one HTTP request travel from URL to CLOSED, in virtual time", "[URL] [OPTIONS]", declare_journey},
    {"lab", "Lessons of TCP and HTTP, played in virtual time", "list | show NAME | run NAME [OPTIONS]", declare_lab},
    {"serve", "Serve a folder, over the system's TCP or our own", "DIR [OPTIONS] [-- PROGRAM [ARGS...]]", declare_serve,
     true},
    {"get", "Fetch a URL, over the system's TCP or our own", "URL [OPTIONS] [-- PROGRAM [ARGS...]]", declare_get, true},
    {"proxy", "Pass requests on to servers: routes, balancing, cache, health", "--config FILE [OPTIONS] [-- PROGRAM]",
     declare_proxy, true},
    {"script", "Run packetdrill scripts against the stack, in virtual time", "PATH... [OPTIONS]", declare_script},
    {"explore", "Try every loss, copy and delay of a connection's first packets", "[OPTIONS]", declare_explore},
    {"replay", "Run a recorded TCP again, to any moment, forwards and backwards", "FILE [OPTIONS]", declare_replay},
    {"why", "Why a segment was sent, or what held the sender, by a flight record", "RECORD [SEGMENT|TIME] [OPTIONS]",
     declare_why},
    {"stat", "Show the connections of a running instance", "[OPTIONS]", declare_stat},
});

/// Splits the command line at the first `--`: what follows is a program of the user's, with its own options.
struct CommandLine {
    std::vector<std::string> arguments;
    std::vector<std::string> program;
    bool has_program = false;

    explicit CommandLine(std::span<char*> words) {
        const auto separator =
            std::ranges::find(words, std::string_view("--"), [](char* w) { return std::string_view(w); });
        arguments.assign(words.begin(), separator);
        has_program = separator != words.end();
        if (has_program) program.assign(separator + 1, words.end());
    }
};

/// What CLI11 found wrong, as one sentence.
std::string reason_of(const CLI::ParseError& error) {
    std::string text = error.what();
    std::ranges::replace(text, '\n', ' ');
    while (text.ends_with(' ') || text.ends_with('.')) text.pop_back();
    constexpr std::string_view extras_one = "The following argument was not expected: ";
    constexpr std::string_view extras_many = "The following arguments were not expected: ";
    for (const std::string_view prefix : {extras_one, extras_many})
        if (text.starts_with(prefix)) return "unknown option or superfluous argument: " + text.substr(prefix.size());
    return text;
}

int fail(std::string_view command, const Failure& failure) {
    fmt::print(stderr, "hourglass{}{}: {}\n", command.empty() ? "" : " ", command, failure.message);
    return failure.exit_code;
}

int print_version() {
    fmt::print("hourglass {}\n", HOURGLASS_VERSION);
    return kSuccess;
}

int run_command(const Command& command, const CommandLine& line) {
    const std::string hint = fmt::format("; see 'hourglass {} --help'", command.name);
    CLI::App app{std::string(command.summary)};
    app.formatter(std::make_shared<HelpFormatter>(command.usage));
    app.name(fmt::format("hourglass {}", command.name));
    app.set_help_flag("-h,--help", "Print this help and end");
    const Action action = command.declare(app, line.program);
    try {
        if (line.has_program && !command.takes_program) throw Failure{kBadInput, "takes no program behind '--'" + hint};
        if (line.has_program && line.program.empty())
            throw Failure{kBadInput, "a program is missing behind '--'" + hint};
        // CLI11 takes its arguments last one first.
        app.parse(std::vector<std::string>(line.arguments.rbegin(), line.arguments.rend() - 1));
        return action();
    } catch (const CLI::CallForHelp&) {
        fmt::print("{}", app.help());
        return kSuccess;
    } catch (const CLI::ParseError& error) {
        return fail(command.name, {kBadInput, reason_of(error) + hint});
    } catch (const Failure& failure) {
        return fail(command.name, failure);
    }
}

int run(std::span<char*> words) {
    const CommandLine line(words);
    const std::string_view name = line.arguments.empty() ? "--help" : std::string_view(line.arguments.front());
    if (name == "--version" || name == "-V") return print_version();
    if (name == "--help" || name == "-h" || name == "help") {
        fmt::print("{}", overview(kCommands));
        return line.arguments.empty() ? kBadInput : kSuccess;
    }
    const auto command = std::ranges::find(kCommands, name, &Command::name);
    if (command != kCommands.end()) return run_command(*command, line);
    return fail("", {kBadInput, fmt::format("there is no {} '{}'; see 'hourglass --help'",
                                            name.starts_with('-') ? "option" : "command", name)});
}

}  // namespace

}  // namespace hourglass::cli

int main(int count, char** words) {
    try {
        return hourglass::cli::run(std::span(words, static_cast<std::size_t>(count)).subspan(1));
    } catch (const std::exception& error) {
        fmt::print(stderr, "hourglass: {}\n", error.what());
        return hourglass::cli::kFailure;
    }
}
