#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fmt/core.h>
#include <memory>

#include "cli/command.h"
#include "hourglass/script/suite.h"

namespace hourglass::cli {

namespace {

/// Of a script that needs what is not there: never a pass.
constexpr int kUnsupported = 3;

struct ScriptOptions {
    std::vector<std::string> paths;
    std::vector<std::string> defines;
    std::vector<std::string> settings;  // packetdrill's options, as name=value
    std::string profile = "rfc";
    std::size_t threads = 0;
    bool json = false;
    bool verbose = false;
};

script::RunOptions run_options(const ScriptOptions& options) {
    script::RunOptions run;
    run.profile = options.profile == "linux" ? script::Profile::linux_like : script::Profile::rfc;
    for (const std::string& definition : options.defines) {
        const std::size_t equals = definition.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Failure{kBadInput, fmt::format("-D {}: a definition is NAME=VALUE", definition)};
        run.defines[definition.substr(0, equals)] = definition.substr(equals + 1);
    }
    for (const std::string& setting : options.settings) {
        const std::size_t equals = std::min(setting.find('='), setting.size());
        const std::string name = setting.substr(0, equals);
        const std::string value = equals < setting.size() ? setting.substr(equals + 1) : "";
        script::Config tried;
        const auto set = script::set_option(tried, name, value);
        if (!set && !script::is_ignored_option(name))
            throw Failure{kBadInput, fmt::format("--{}: {}", name, set.error())};
        run.options.emplace_back(name, value);
    }
    return run;
}

std::vector<std::string> all_files(const std::vector<std::string>& paths) {
    std::vector<std::string> files;
    for (const std::string& path : paths) {
        auto found = script::find_scripts(path);
        if (!found) throw Failure{kBadInput, found.error()};
        std::ranges::move(*found, std::back_inserter(files));
    }
    return files;
}

/// Scripts that went wrong one by one, then the table where a folder was asked for.
void print(const ScriptOptions& options, const std::vector<script::Result>& results) {
    const bool one = results.size() == 1;
    for (const script::Result& result : results) {
        if (options.verbose) fmt::print("{}:\n{}", result.file, script::ladder(result.report));
        const bool passed = result.report.outcome == script::Outcome::passed;
        if (one || options.verbose || !passed) fmt::print("{}", script::to_text(result.report, result.file));
    }
    if (!one || std::filesystem::is_directory(options.paths.front())) fmt::print("{}", script::table(results));
}

int exit_code(const std::vector<script::Result>& results) {
    int code = kSuccess;
    const auto rank = [](int c) { return c == kFailure ? 3 : c == kBadInput ? 2 : c == kUnsupported ? 1 : 0; };
    for (const script::Result& result : results) {
        const int one = result.report.outcome == script::Outcome::passed         ? kSuccess
                        : result.report.outcome == script::Outcome::failed       ? kFailure
                        : result.report.outcome == script::Outcome::syntax_error ? kBadInput
                                                                                 : kUnsupported;
        if (rank(one) > rank(code)) code = one;
    }
    return code;
}

int script_command(const ScriptOptions& options) {
    const script::RunOptions run = run_options(options);
    const auto results = script::run_files(all_files(options.paths), run, options.threads);
    if (options.json)
        fmt::print("{}", script::to_json(results));
    else
        print(options, results);
    return exit_code(results);
}

/// An option of packetdrill's, kept as name=value.
void declare_setting(CLI::App& app, ScriptOptions& options, const std::string& name, const std::string& help,
                     const std::string& type) {
    app.add_option_function<std::string>(
           "--" + name, [&options, name](const std::string& value) { options.settings.push_back(name + "=" + value); },
           help)
        ->type_name(type);
}

void declare_switch(CLI::App& app, ScriptOptions& options, const std::string& name, const std::string& help) {
    app.add_flag_callback(
        "--" + name, [&options, name] { options.settings.push_back(name); }, help);
}

}  // namespace

Action declare_script(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<ScriptOptions>();
    app.add_option("PATH", options->paths, "Scripts, or folders of them (*.pkt)")->required()->type_name("");
    app.add_option("--profile", options->profile, "Initial values of the stack: 'rfc' or 'linux'")
        ->capture_default_str()
        ->check(CLI::IsMember({"rfc", "linux"}))
        ->type_name("NAME");
    app.add_flag("--json", options->json, "Results as JSON");
    app.add_flag("-v,--verbose", options->verbose, "Show all that happened, also when a script passes");
    app.add_option("--threads", options->threads, "Scripts at the same time; 0: as many as there are processors")
        ->capture_default_str()
        ->type_name("N");
    app.add_option("-D,--define", options->defines, "A word that stands for another in the scripts")
        ->type_name("NAME=VALUE")
        ->take_all();
    declare_setting(app, *options, "ip_version", "ipv4, ipv4-mapped-ipv6 or ipv6", "VERSION");
    declare_setting(app, *options, "tolerance_usecs", "How much earlier or later an event may be", "N");
    declare_setting(app, *options, "tolerance_percent", "The same, of the time since the event before", "N");
    declare_setting(app, *options, "local_ip", "The address of the stack", "ADDRESS");
    declare_setting(app, *options, "remote_ip", "The address of the peer", "ADDRESS");
    declare_setting(app, *options, "bind_port", "What 'bind(3, ..., ...)' binds", "PORT");
    declare_setting(app, *options, "connect_port", "What 'connect(3, ..., ...)' connects to", "PORT");
    declare_setting(app, *options, "mtu", "Of the interface", "N");
    declare_setting(app, *options, "tcp_ts_tick_usecs", "Check TS val, with ticks of this length", "N");
    declare_setting(app, *options, "init_scripts", "Files of sysctl lines to begin with", "FILES");
    declare_switch(app, *options, "strict_segments", "A packet of a script is one segment");
    declare_switch(app, *options, "strict_options", "TCP options in the script's order");
    declare_switch(app, *options, "strict_timestamps", "Check TS val and TS ecr");
    for (const std::string name :
         {"gateway_ip", "netmask_ip", "speed", "mss", "code_command", "code_format", "code_sockopt"})
        declare_setting(app, *options, name, "Taken for packetdrill's sake; means nothing here", "VALUE");
    app.footer(
        "Runs packetdrill's scripts against the stack in virtual time: no root, no kernel, no waiting.\n"
        "Ends with 0 when all passed, 1 when one failed, 2 when one is no script, 3 when one needs what\n"
        "is not supported.\n"
        "\n"
        "Examples:\n"
        "  hourglass script handshake.pkt\n"
        "  hourglass script -v --profile linux close.pkt\n"
        "  hourglass script --json tests/scripts | jq .summary\n");
    return [options] { return script_command(*options); };
}

}  // namespace hourglass::cli
