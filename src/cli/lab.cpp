#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/lab_pictures.h"
#include "cli/recording.h"
#include "cli/terminal.h"
#include "hourglass/lab/scenario.h"
#include "hourglass/trace/export.h"

namespace hourglass::cli {

namespace {

struct LabOptions {
    std::string name;
    std::vector<std::string> values;
    std::string language = "en";
    std::string capture;
    PictureFiles pictures;
    std::string record;
    std::uint64_t seed = 1;
    std::size_t width = 0;
    bool json = false;
    bool all = false;
    bool absolute = false;
    bool ascii = false;

    [[nodiscard]] lab::Language spoken() const { return language == "zh" ? lab::Language::zh : lab::Language::en; }
    [[nodiscard]] lab::LessonStyle style() const {
        return {.width = width != 0 ? width : terminal_width(),
                .color = shows_colour(stdout),
                .unicode = !ascii,
                .absolute = absolute};
    }
};

int list(const LabOptions& options) {
    const lab::Language language = options.spoken();
    if (options.json) {
        nlohmann::ordered_json out = nlohmann::ordered_json::array();
        for (const lab::Scenario& scenario : lab::scenarios())
            out.push_back({{"name", scenario.name},
                           {"topic", title_of(scenario.topic).in(language)},
                           {"title", scenario.title.in(language)}});
        fmt::print("{}\n", out.dump(2));
        return kSuccess;
    }
    for (const lab::Topic topic : lab::kTopics) {
        fmt::print("{}\n", paint(title_of(topic).in(language), Colour::bold, shows_colour(stdout)));
        for (const lab::Scenario& scenario : lab::scenarios())
            if (scenario.topic == topic) fmt::print("  {:<22}{}\n", scenario.name, scenario.title.in(language));
        fmt::print("\n");
    }
    return kSuccess;
}

const lab::Scenario& scenario_named(const std::string& name) {
    if (const lab::Scenario* found = lab::find_scenario(name)) return *found;
    std::vector<std::string_view> names;
    for (const lab::Scenario& scenario : lab::scenarios()) names.push_back(scenario.name);
    throw Failure{kBadInput, fmt::format("there is no scenario '{}'; did you mean '{}'? 'hourglass lab list' shows all",
                                         printable(name), lab::nearest_of(name, names))};
}

int show(const LabOptions& options) {
    fmt::print("{}", lab::describe(scenario_named(options.name), options.spoken(), options.style()));
    return kSuccess;
}

lab::PlaySettings play_settings(const LabOptions& options) {
    lab::PlaySettings settings{
        .values = {}, .seed = options.seed, .language = options.spoken(), .events = options.pictures.wants_events()};
    check_plots(options.pictures);
    for (const std::string& text : options.values) {
        const std::size_t equals = text.find('=');
        if (equals == std::string::npos || equals == 0)
            throw Failure{kBadInput, fmt::format("--set {}: write it as in --set delay=80ms", printable(text))};
        settings.values.emplace_back(text.substr(0, equals), text.substr(equals + 1));
    }
    if (!options.record.empty())
        settings.flight = [path = options.record](std::size_t network) {
            return open_recorder(numbered_path(path, network));
        };
    return settings;
}

lab::Lesson played(const lab::Scenario& scenario, const lab::PlaySettings& settings) {
    auto lesson = lab::play(scenario, settings);
    if (!lesson) throw Failure{kBadInput, printable(lesson.error())};
    return std::move(*lesson);
}

void write_captures(const lab::Lesson& lesson, const std::string& path) {
    for (std::size_t i = 0; i < lesson.recordings.size(); ++i) {
        const std::string name = numbered_path(path, i);
        std::ofstream file(name, std::ios::binary);
        if (file) {
            trace::PcapngWriter writer(file);
            trace::write_pcapng(*lesson.recordings[i].recorder, writer);
            file.flush();
        }
        if (!file)
            throw Failure{kBadInput, fmt::format("'{}' can't be written; give a path in a folder of yours", name)};
    }
}

std::size_t failing(const lab::Lesson& lesson) {
    return static_cast<std::size_t>(
        std::ranges::count(lesson.checks, lab::Check::Outcome::fails, &lab::Check::outcome));
}

int run_one(const LabOptions& options) {
    const lab::Lesson lesson = played(scenario_named(options.name), play_settings(options));
    fmt::print("{}", options.json ? lab::to_json(lesson) : lab::to_text(lesson, options.style()));
    if (!options.capture.empty()) write_captures(lesson, options.capture);
    write_pictures(lesson, options.pictures, options.absolute);
    std::fflush(stdout);
    if (!lesson.holds())
        throw Failure{kFailure, fmt::format("{}: {} of {} checks do not hold with these settings", options.name,
                                            failing(lesson), lesson.checks.size())};
    return kSuccess;
}

/// Every scenario, one line each; what does not hold is told in full.
int run_all(const LabOptions& options) {
    if (!options.values.empty()) throw Failure{kBadInput, "--set goes with one scenario, not with --all"};
    if (!options.capture.empty() || options.pictures.any() || !options.record.empty())
        throw Failure{kBadInput, "--write, --record and pictures go with one scenario, not with --all"};
    const bool colour = shows_colour(stdout);
    nlohmann::ordered_json out = nlohmann::ordered_json::array();
    std::size_t failed = 0, checks = 0;
    for (const lab::Scenario& scenario : lab::scenarios()) {
        const lab::Lesson lesson = played(scenario, play_settings(options));
        checks += lesson.checks.size();
        if (!lesson.holds()) ++failed;
        if (options.json) {
            out.push_back({{"name", scenario.name}, {"checks", lesson.checks.size()}, {"holds", lesson.holds()}});
            continue;
        }
        fmt::print("{}  {:<22}{:>3} checks  {}\n",
                   lesson.holds() ? paint("ok  ", Colour::green, colour) : paint("FAIL", Colour::red, colour),
                   scenario.name, lesson.checks.size(), scenario.title.in(options.spoken()));
        for (const lab::Check& check : lesson.checks)
            if (check.outcome == lab::Check::Outcome::fails) fmt::print("      {} ({})\n", check.text, check.clause);
    }
    if (options.json)
        fmt::print("{}\n", out.dump(2));
    else
        fmt::print("\n{} scenarios, {} checks\n", lab::scenarios().size(), checks);
    std::fflush(stdout);
    if (failed > 0) throw Failure{kFailure, fmt::format("{} scenarios do not hold", failed)};
    return kSuccess;
}

int run(const LabOptions& options) {
    if (options.all == !options.name.empty())
        throw Failure{kBadInput, "give the name of one scenario, or --all; 'hourglass lab list' shows the names"};
    return options.all ? run_all(options) : run_one(options);
}

void add_common(CLI::App& app, LabOptions& options) {
    app.add_option("--lang", options.language, "The language that it is told in: en or zh")
        ->capture_default_str()
        ->check(CLI::IsMember({"en", "zh"}))
        ->type_name("LANG");
}

void add_style(CLI::App& app, LabOptions& options) {
    app.add_option("--width", options.width, "Columns; default: the terminal's, or 120")
        ->check(CLI::Range(72, 240))
        ->type_name("N");
    app.add_flag("--ascii", options.ascii, "Draw with ASCII characters");
}

}  // namespace

Action declare_lab(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<LabOptions>();
    auto action = std::make_shared<Action>();
    app.require_subcommand(1);

    auto* listed = app.add_subcommand("list", "List the scenarios by topic");
    add_common(*listed, *options);
    listed->add_flag("--json", options->json, "As JSON");
    listed->callback([=] { *action = [options] { return list(*options); }; });

    auto* shown = app.add_subcommand("show", "Tell what a scenario teaches, and its settings, without playing it");
    shown->add_option("NAME", options->name, "The scenario")->required()->type_name("");
    add_common(*shown, *options);
    add_style(*shown, *options);
    shown->callback([=] { *action = [options] { return show(*options); }; });

    auto* played = app.add_subcommand("run", "Play a scenario: story, ladder and checks");
    played->add_option("NAME", options->name, "The scenario")->type_name("");
    played->add_flag("--all", options->all, "Every scenario, one line each");
    played->add_option("--set", options->values, "Change a setting, as in --set delay=80ms; may be repeated")
        ->type_name("NAME=VALUE")
        ->allow_extra_args(false);
    played
        ->add_option("--seed", options->seed, "Decides all that is left to chance; the same seed prints the same bytes")
        ->capture_default_str()
        ->type_name("N");
    add_common(*played, *options);
    add_style(*played, *options);
    played->add_flag("--absolute", options->absolute, "Sequence numbers as on the wire, not counted from the SYN");
    played->add_flag("--json", options->json, "Everything as JSON");
    played
        ->add_option("--write", options->capture,
                     "Write every packet to a capture file (pcapng); a second network goes to FILE-2")
        ->type_name("FILE");
    add_picture_options(*played, options->pictures, "of each connection that is shown");
    played
        ->add_option("--record", options->record,
                     "Record the run for 'hourglass replay' and 'hourglass why'; a second network goes to FILE-2")
        ->type_name("FILE");
    played->callback([=] { *action = [options] { return run(*options); }; });

    app.footer(
        "Lessons in virtual time: hosts, links and what happens to them, told in words beside the ladder. Each ends "
        "in\n"
        "checks that fail, with exit code 1, when the story is not true. Needs no privilege and no network.\n"
        "\n"
        "Examples:\n"
        "  hourglass lab list\n"
        "  hourglass lab show syn-flood\n"
        "  hourglass lab run handshake --set delay=80ms\n"
        "  hourglass lab run handshake --lang zh\n"
        "  hourglass lab run sack --write sack.pcapng\n"
        "  hourglass lab run lost-syn --svg lost-syn.png --states states.svg\n"
        "  hourglass lab run sack --record sack.hgr         (then: hourglass why sack.hgr)\n"
        "  hourglass lab run --all\n");
    return [action] { return (*action)(); };
}

}  // namespace hourglass::cli
