#include "hourglass/trace/why.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <fmt/format.h>
#include <memory>
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/terminal.h"
#include "cli/time_argument.h"
#include "hourglass/trace/event_json.h"
#include "hourglass/trace/replay.h"
#include "hourglass/trace/replayed_events.h"

namespace hourglass::cli {

namespace {

struct WhyOptions {
    std::string record;
    std::string question;
    std::string host;
    std::size_t width = 0;
    bool json = false;
};

/// A record that has been run again, with the events of the run.
struct Run {
    std::unique_ptr<trace::ReplayedEvents> events;
    std::unique_ptr<trace::Replay> replay;

    [[nodiscard]] const trace::EventLog& log() const { return events->log(); }
};

Run run_again(const std::string& path) {
    Run run;
    run.events = std::make_unique<trace::ReplayedEvents>(trace::EventLogSettings{.max_events = std::size_t{1} << 23});
    auto replay = trace::Replay::open(path, run.events.get());
    if (!replay) throw Failure{kBadInput, fmt::format("'{}': {}", printable(path), replay.error().text)};
    run.replay = std::move(*replay);
    if (!run.replay->run_to_end())
        fmt::print(stderr, "hourglass why: '{}' is {}; the answer is from what comes before\n", printable(path),
                   run.replay->problem()->text);
    run.events->count_from_begin(*run.replay);
    return run;
}

trace::SegmentNumber number_of(const trace::Event& event) {
    if (const auto* sent = event.as<trace::SegmentSent>()) return sent->number;
    if (const auto* received = event.as<trace::SegmentReceived>()) return received->number;
    if (const auto* dropped = event.as<trace::SegmentDropped>()) return dropped->number;
    return 0;
}

/// Every segment in a line, where it was first seen: what may be asked about.
int list_segments(const Run& run, const WhyOptions& options) {
    const trace::EventLog& log = run.log();
    const bool colour = shows_colour(stdout);
    trace::SegmentNumber told = 0;
    for (const trace::Event& event : log.events()) {
        const trace::SegmentNumber number = number_of(event);
        if (number <= told) continue;
        told = number;
        const std::string& host = log.hosts()[event.host];
        if (!options.host.empty() && host != options.host) continue;
        if (options.json) {
            fmt::print("{}\n", trace::to_json(log, event));
            continue;
        }
        const auto* sent = event.as<trace::SegmentSent>();
        const std::string text =
            event.end == trace::kNoEnd ? trace::in_words(log, event) : trace::segment_in_words(log, event);
        fmt::print("{:>6} {:>12.3f} ms  {:<8} {} {}", number, to_seconds(log.since_epoch(event.time)) * 1000, host,
                   sent == nullptr        ? "<-"
                   : sent->retransmission ? "=>"
                                          : "->",
                   text);
        if (sent != nullptr)
            fmt::print("  {}", paint(fmt::format("({})", tcp::to_string(sent->reason)), Colour::grey, colour));
        fmt::print("\n");
    }
    if (!options.json && told > 0)
        fmt::print(
            "\n-> sent, => sent again, <- received\nAsk about one of them, or about a moment: hourglass why {} {}\n",
            printable(options.record), told);
    return kSuccess;
}

std::vector<trace::Answer> answers_to(const Run& run, const WhyOptions& options) {
    std::string_view question = options.question;
    if (question.starts_with('#')) question.remove_prefix(1);
    trace::SegmentNumber number = 0;
    const auto [end, error] = std::from_chars(question.data(), question.data() + question.size(), number);
    if (error == std::errc() && end == question.data() + question.size()) {
        auto answers = trace::why_segment(run.log(), number);
        if (answers.empty())
            throw Failure{kBadInput, fmt::format("there is no segment {} in this record; 'hourglass why {}' lists them",
                                                 number, printable(options.record))};
        return answers;
    }
    const auto time = parse_time(question);
    if (!time)
        throw Failure{kBadInput, fmt::format("'{}' is no segment's number and no time: write 17, or 120ms or 1.5s",
                                             printable(options.question))};
    auto answers = trace::why_at(run.log(), run.events->epoch() + *time);
    if (answers.empty())
        throw Failure{kBadInput, fmt::format("no connection was there at {}: the record goes on to {:.3f} ms",
                                             printable(options.question),
                                             to_seconds(run.replay->now() - run.events->epoch()) * 1000)};
    return answers;
}

int answer(const WhyOptions& options) {
    const Run run = run_again(options.record);
    if (options.question.empty()) return list_segments(run, options);
    auto answers = answers_to(run, options);
    if (!options.host.empty()) {
        std::erase_if(answers, [&](const trace::Answer& a) { return a.host != options.host; });
        if (answers.empty())
            throw Failure{kBadInput, fmt::format("'{}' has nothing to say of it; its hosts are {}",
                                                 printable(options.host), fmt::join(run.log().hosts(), ", "))};
    }
    if (options.json) {
        auto all = nlohmann::ordered_json::array();
        for (const trace::Answer& a : answers) all.push_back(nlohmann::ordered_json::parse(trace::to_json(a)));
        fmt::print("{}\n", all.dump(2));
        return kSuccess;
    }
    const std::size_t width = options.width != 0 ? options.width : terminal_width();
    for (std::size_t i = 0; i < answers.size(); ++i)
        fmt::print("{}{}", i == 0 ? "" : "\n", trace::to_text(answers[i], width));
    return kSuccess;
}

}  // namespace

Action declare_why(CLI::App& app, const std::vector<std::string>&) {
    const auto options = std::make_shared<WhyOptions>();
    app.add_option("RECORD", options->record, "A flight record, as --record writes it")->required();
    app.add_option("SEGMENT|TIME", options->question,
                   "A segment's number, as 17, or a moment, as 120ms or 1.5s; without it all segments are listed");
    app.add_option("--host", options->host, "Only what this host says")->type_name("NAME");
    app.add_flag("--json", options->json, "For programs");
    app.add_option("--width", options->width, "Columns; default: the terminal's, or 120")
        ->check(CLI::Range(72, 240))
        ->type_name("N");
    app.footer(
        "Runs the record again and says why a segment was sent and what became of it, with the chain of causes and "
        "the\n"
        "clause of the RFC that decided each; or what every connection was doing at a moment, and what held its "
        "sender.\n\n"
        "Examples:\n"
        "  hourglass lab run sack --record sack.hgr\n"
        "  hourglass why sack.hgr                    every segment, with its number\n"
        "  hourglass why sack.hgr 17                 why segment 17 was sent\n"
        "  hourglass why sack.hgr 120ms              what held the senders then\n"
        "  hourglass why sack.hgr 17 --json | jq '.[0].causes'\n\n"
        "Exit codes: 0 answered, 2 no such file, segment or moment.");
    return [options] { return answer(*options); };
}

}  // namespace hourglass::cli
