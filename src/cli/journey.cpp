#include "hourglass/lab/journey.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <fmt/core.h>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/pictures.h"
#include "cli/recording.h"
#include "cli/terminal.h"
#include "cli/time_argument.h"
#include "hourglass/trace/export.h"
#include "hourglass/trace/ladder.h"
#include "hourglass/trace/mermaid.h"
#include "hourglass/trace/state_diagram.h"
#include "hourglass/trace/svg.h"

namespace hourglass::cli {

namespace {

struct JourneyOptions {
    std::string url = "http://www.example.com/hello?name=world";
    std::string capture;
    PictureFiles pictures;
    std::string record;
    std::string delay = "20ms";
    double loss = 0;
    std::uint64_t seed = 1;
    std::size_t width = 0;
    bool json = false;
    bool absolute = false;
};

Duration parse_delay(const std::string& text) {
    const auto delay = parse_time(text);
    if (!delay || *delay > std::chrono::seconds(60))
        throw Failure{kBadInput, fmt::format("--delay: '{}' is not a time from 0 to 60s, as in 20ms or 0.3s", text)};
    return *delay;
}

http::Url parse_url(const std::string& text) {
    const auto url = http::Url::parse(text.find("://") == std::string::npos ? "http://" + text : text);
    if (!url) throw Failure{kBadInput, fmt::format("'{}': {}", printable(text), to_string(url.error()))};
    if (url->scheme != "http")
        throw Failure{kBadInput, "a journey shows plain HTTP: give an http:// URL, what TLS hides can't be shown"};
    if (url->user_information)
        throw Failure{kBadInput,
                      "a URL with a user name or password is not sent anywhere (RFC 9110, 4.2.4); leave it out"};
    return *url;
}

std::string time_text(Instant at) { return fmt::format("{:.3f}", to_seconds(at.time_since_epoch()) * 1000); }

std::string duration_text(Duration d) {
    if (d >= std::chrono::seconds(10)) return fmt::format("{:.3f} s", to_seconds(d));
    return fmt::format("{:.3f} ms", to_seconds(d) * 1000);
}

void print_heading(std::string_view text, bool colour) { fmt::print("\n{}\n\n", paint(text, Colour::bold, colour)); }

/// When each stage was, as numbers and as a bar on a common scale. The last one, four minutes long, has none.
void print_stages(const lab::Journey& journey, std::size_t width, bool colour) {
    print_heading("Stages", colour);
    const auto& stages = journey.stages();
    Instant end{};
    for (std::size_t i = 0; i + 1 < stages.size(); ++i)
        if (stages[i].end != kNever) end = std::max(end, stages[i].end);
    const std::size_t bar_width = std::clamp<std::size_t>(width / 4, 16, 40);
    const double scale = end > Instant{} ? static_cast<double>(bar_width) / to_seconds(end.time_since_epoch()) : 0;
    for (std::size_t i = 0; i < stages.size(); ++i) {
        const lab::Stage& s = stages[i];
        if (s.end == kNever) {
            fmt::print("  {}  {:<43} {}\n", i + 1, s.name, paint("not reached", Colour::red, colour));
            continue;
        }
        std::string bar(bar_width, ' ');
        if (i + 1 < stages.size()) {
            const auto column = [&](Instant t) {
                return std::min(bar_width - 1, static_cast<std::size_t>(to_seconds(t.time_since_epoch()) * scale));
            };
            for (std::size_t x = column(s.begin); x <= column(s.end); ++x) bar[x] = '=';
        }
        fmt::print("  {}  {:<43} {:>10} ms  +{:>10}  |{}|\n       {}\n", i + 1, s.name, time_text(s.begin),
                   duration_text(s.end - s.begin), paint(bar, Colour::green, colour),
                   paint(printable(s.outcome), Colour::grey, colour));
    }
}

void print_messages(const lab::Journey& journey, bool colour) {
    print_heading("HTTP messages", colour);
    for (const lab::Message& m : journey.messages()) {
        fmt::print("  {} ms  {}\n", time_text(m.time), paint(m.from + " to " + m.to, Colour::bold, colour));
        const auto print_lines = [](std::string_view text) {
            while (!text.empty()) {
                const std::size_t end = std::min(text.find('\n'), text.size());
                std::string_view line = text.substr(0, end);
                if (line.ends_with('\r')) line.remove_suffix(1);
                fmt::print("      | {}\n", printable(line));
                text.remove_prefix(std::min(end + 1, text.size()));
            }
        };
        print_lines(m.head);
        fmt::print("      |\n");
        print_lines(m.body);
        fmt::print("\n");
    }
}

void print_closed(const lab::Journey& journey, bool colour) {
    const auto& quiet = journey.stages().back();
    if (quiet.end == kNever) return;
    fmt::print("{}  every connection is CLOSED after {} of virtual time; no timer is left, no buffer is held.\n",
               paint("CLOSED", Colour::bold, colour), duration_text(quiet.end.time_since_epoch()));
}

void print_text(const lab::Journey& journey, const JourneyOptions& options) {
    const bool colour = shows_colour(stdout);
    const std::size_t width = options.width != 0 ? options.width : terminal_width();
    fmt::print("{}\n\n", paint("One HTTP request, end to end, over our own TCP in virtual time", Colour::bold, colour));
    fmt::print("  {}   seed {}, {} one way, loss {} %\n", printable(options.url), options.seed, options.delay,
               options.loss);
    for (const auto& [name, addresses] : journey.hosts()) fmt::print("  {:<9} {}\n", name, addresses);
    print_stages(journey, width, colour);
    print_heading("Segments", colour);
    trace::LadderOptions ladder;
    ladder.width = width;
    ladder.color = colour;
    ladder.absolute = options.absolute;
    fmt::print("{}", trace::ladders(journey.recorder(), ladder));
    print_messages(journey, colour);
    print_closed(journey, colour);
}

void print_json(const lab::Journey& journey, const JourneyOptions& options) {
    using Json = nlohmann::ordered_json;
    Json out;
    out["url"] = options.url;
    out["seed"] = options.seed;
    out["status"] = journey.status();
    out["failure"] = journey.failure();
    const auto ns = [](Instant t) { return t == kNever ? Json(nullptr) : Json(t.time_since_epoch().count()); };
    for (const auto& s : journey.stages())
        out["stages"].push_back({{"name", s.name}, {"begin", ns(s.begin)}, {"end", ns(s.end)}, {"outcome", s.outcome}});
    for (const auto& m : journey.messages())
        out["messages"].push_back(
            {{"time", ns(m.time)}, {"from", m.from}, {"to", m.to}, {"head", m.head}, {"body", m.body}});
    out["recording"] = Json::parse(trace::to_json(journey.recorder()));
    fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
}

void write_capture(const lab::Journey& journey, const std::string& path) {
    std::ofstream file(path, std::ios::binary);
    if (file) {
        trace::PcapngWriter writer(file);
        trace::write_pcapng(journey.recorder(), writer);
        file.flush();
    }
    if (!file) throw Failure{kBadInput, fmt::format("'{}' can't be written; give a path in a folder of yours", path)};
}

/// Of the client's connection to the proxy, which is the first.
void write_pictures(const lab::Journey& journey, const JourneyOptions& options) {
    const PictureFiles& files = options.pictures;
    if (!files.any()) return;
    const trace::Recorder& recorder = journey.recorder();
    if (recorder.connections().empty())
        throw Failure{kFailure, "there is no connection to draw: " + printable(journey.failure())};
    if (!files.events.empty()) write_events(files.events, *journey.events());
    if (!files.plots.empty()) write_plots(files, *journey.events(), trace::Language::en, 0);
    if (!files.ladder.empty())
        write_picture(files.ladder,
                      trace::svg_ladder(recorder, 0, {.absolute = options.absolute, .events = journey.events()}));
    if (!files.mermaid.empty()) write_file(files.mermaid, trace::mermaid(recorder, 0, {.absolute = options.absolute}));
    if (!files.states.empty()) write_picture(files.states, trace::state_diagram(recorder, 0));
}

int journey(const JourneyOptions& options) {
    lab::JourneySettings settings;
    settings.url = parse_url(options.url);
    settings.delay = parse_delay(options.delay);
    settings.loss = options.loss / 100;
    settings.seed = options.seed;
    settings.events = options.pictures.wants_events();
    check_plots(options.pictures);
    const auto recorder = options.record.empty() ? nullptr : open_recorder(options.record);
    settings.flight = recorder.get();
    std::unique_ptr<lab::Journey> run;
    try {
        run = std::make_unique<lab::Journey>(settings);
    } catch (const std::invalid_argument& error) {
        throw Failure{kBadInput, error.what()};
    }
    const bool arrived = run->run();
    if (recorder) close_recorder(*recorder, options.record);
    if (options.json)
        print_json(*run, options);
    else
        print_text(*run, options);
    if (!options.capture.empty()) write_capture(*run, options.capture);
    write_pictures(*run, options);
    if (!arrived) throw Failure{kFailure, "the request did not arrive: " + printable(run->failure())};
    return kSuccess;
}

}  // namespace

Action declare_journey(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<JourneyOptions>();
    app.add_option("URL", options->url, "What to ask for; its host exists in the simulated DNS")
        ->capture_default_str()
        ->type_name("");
    app.add_option("--write", options->capture, "Write every packet to a capture file (pcapng)")->type_name("FILE");
    add_picture_options(app, options->pictures, "of the client's connection");
    app.add_option("--record", options->record, "Record the run for 'hourglass replay' and 'hourglass why'")
        ->type_name("FILE");
    app.add_flag("--json", options->json, "Everything as JSON");
    app.add_option("--loss", options->loss, "Packets that each link loses, in percent")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 100.0))
        ->type_name("PERCENT");
    app.add_option("--delay", options->delay, "One way between client and proxy")
        ->capture_default_str()
        ->type_name("TIME");
    app.add_option("--seed", options->seed, "Decides all that is left to chance; the same seed prints the same bytes")
        ->capture_default_str()
        ->type_name("N");
    app.add_flag("--absolute", options->absolute, "Sequence numbers as on the wire, not counted from the SYN");
    app.add_option("--width", options->width, "Columns; default: the terminal's, or 120")
        ->check(CLI::Range(72, 240))
        ->type_name("N");
    app.footer(
        "Nothing leaves this machine: client, name server, reverse proxy and origin are simulated hosts that\n"
        "run the same TCP as 'serve' and 'get'. Needs no privilege and no network.\n"
        "\n"
        "Examples:\n"
        "  hourglass journey\n"
        "  hourglass journey 'http://shop.example/cart?item=7' --delay 80ms\n"
        "  hourglass journey --loss 20 --seed 3 --write lossy.pcapng\n"
        "  hourglass journey --json | jq .stages\n");
    return [options] { return journey(*options); };
}

}  // namespace hourglass::cli
