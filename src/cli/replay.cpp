#include "hourglass/trace/replay.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fmt/core.h>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <sstream>
#include <unistd.h>

#include "cli/command.h"
#include "cli/pictures.h"
#include "cli/terminal.h"
#include "cli/time_argument.h"
#include "hourglass/trace/replayed_events.h"
#include "hourglass/trace/why.h"

namespace hourglass::cli {

namespace {

using Json = nlohmann::ordered_json;

struct ReplayOptions {
    std::string file;
    std::string at;
    PictureFiles pictures;
    bool info = false;
    bool step = false;
    bool verbose = false;
    bool json = false;
};

std::string seconds(Duration d) { return fmt::format("{:.6f} s", to_seconds(d)); }

Duration elapsed(const trace::Replay& replay) {
    return replay.began() ? std::max(Duration{}, replay.now() - *replay.began()) : Duration{};
}

/// Runs up to a time that is counted from the first input that has one; backwards too.
void run_to(trace::Replay& replay, Duration time) {
    if (replay.began() && replay.now() > *replay.began() + time) replay.rewind();
    while (!replay.began() && replay.step()) {
    }
    if (replay.began()) replay.run_until(*replay.began() + time);
}

std::string ends_of(const tcp::ConnectionInfo& c, bool remote) {
    if (remote && c.state == tcp::State::listen) return "*";
    return remote ? SocketAddress{c.flow.remote, c.flow.remote_port}.to_string()
                  : SocketAddress{c.flow.local, c.flow.local_port}.to_string();
}

Json to_json(const tcp::ConnectionInfo& c) {
    return {{"local", ends_of(c, false)},
            {"remote", ends_of(c, true)},
            {"state", tcp::to_string(c.state)},
            {"send_queue", c.send_queue},
            {"receive_queue", c.receive_queue},
            {"cwnd", c.cwnd},
            {"ssthresh", c.ssthresh},
            {"in_flight", c.in_flight},
            {"send_window", c.snd_wnd},
            {"receive_window", c.rcv_wnd},
            {"srtt", to_seconds(c.srtt)},
            {"rto", to_seconds(c.rto)},
            {"retransmissions", c.retransmissions},
            {"bytes_acked", c.bytes_acked},
            {"bytes_received", c.bytes_received},
            {"timer", c.timer}};
}

void print_connections(const trace::Replay& replay) {
    fmt::print("{:<10} {:<25} {:<25} {:<12} {:>7} {:>7} {:>8} {:>9}  {}\n", "Host", "Local", "Remote", "State",
               "Recv-Q", "Send-Q", "cwnd", "in flight", "Timer");
    for (const trace::Replay::Host& host : replay.hosts())
        for (const tcp::ConnectionInfo& c : host.stack->connections())
            fmt::print("{:<10} {:<25} {:<25} {:<12} {:>7} {:>7} {:>8} {:>9}  {}\n", printable(host.name),
                       ends_of(c, false), ends_of(c, true), tcp::to_string(c.state), c.receive_queue, c.send_queue,
                       c.cwnd, c.in_flight, c.timer);
}

std::string outcome(const trace::Replay& replay) {
    if (replay.problem()) return printable(replay.problem()->text);
    if (!replay.ended()) return "";
    return replay.was_full() ? "the record was full, and ends here" : "to its end, as it was recorded";
}

void print_summary(const trace::Replay& replay) {
    fmt::print("{} inputs in {}{}{}\n\n", replay.steps(), seconds(elapsed(replay)), outcome(replay).empty() ? "" : ": ",
               outcome(replay));
    if (!replay.has_beginning()) fmt::print("It begins in the middle: what came first was overwritten.\n\n");
    fmt::print("{:<10} {:>11} {:>12} {:>13} {:>13} {:>14} {:>11}\n", "Host", "segments in", "segments out", "bytes out",
               "retransmitted", "active opens", "passive");
    for (const trace::Replay::Host& host : replay.hosts()) {
        const tcp::Counters& c = host.stack->counters();
        fmt::print("{:<10} {:>11} {:>12} {:>13} {:>13} {:>14} {:>11}\n", printable(host.name), c.segments_in,
                   c.segments_out, c.bytes_out, c.retransmitted, c.active_opens, c.passive_opens);
    }
}

void print_json(const trace::Replay& replay) {
    Json out{{"written_by", replay.written_by()},
             {"inputs", replay.steps()},
             {"time", to_seconds(elapsed(replay))},
             {"has_beginning", replay.has_beginning()},
             {"ended", replay.ended()},
             {"full", replay.was_full()},
             {"problem", replay.problem() ? Json(replay.problem()->text) : Json(nullptr)}};
    out["hosts"] = Json::array();
    for (const trace::Replay::Host& host : replay.hosts()) {
        const tcp::Counters& c = host.stack->counters();
        Json connections = Json::array();
        for (const tcp::ConnectionInfo& info : host.stack->connections()) connections.push_back(to_json(info));
        out["hosts"].push_back({{"name", host.name},
                                {"segments_in", c.segments_in},
                                {"segments_out", c.segments_out},
                                {"bytes_in", c.bytes_in},
                                {"bytes_out", c.bytes_out},
                                {"retransmitted", c.retransmitted},
                                {"active_opens", c.active_opens},
                                {"passive_opens", c.passive_opens},
                                {"connections", std::move(connections)}});
    }
    fmt::print("{}\n", out.dump(2, ' ', false, Json::error_handler_t::replace));
}

void print_step(const trace::Replay& replay) {
    fmt::print("{:>8}  {:>14}  {}\n", replay.steps(), seconds(elapsed(replay)), printable(replay.last_step()));
}

/// A replay that a person steps through, with what happens in each step.
class Walk {
  public:
    Walk(trace::Replay& replay, const trace::ReplayedEvents& events) : replay_(replay), events_(events) {}

    /// A command: a letter, and a number or a time behind it. False: that was all.
    bool obey(const std::string& line);

  private:
    bool next();
    void back(std::uint64_t count);

    trace::Replay& replay_;
    const trace::ReplayedEvents& events_;
};

bool Walk::next() {
    const auto& before = events_.log().events();
    const trace::EventId last = before.empty() ? 0 : before.back().id;
    if (!replay_.step()) return false;
    print_step(replay_);
    const trace::EventLog& log = events_.log();
    for (const trace::Event& event : log.events()) {
        // Numbers follow from everything; --events has them.
        if (event.id <= last || event.as<trace::MetricsUpdated>() != nullptr) continue;
        fmt::print("{:>24}  {}: {}{}\n", "", printable(log.hosts()[event.host]), trace::in_words(log, event),
                   event.clause.empty() ? "" : fmt::format(" ({})", event.clause));
    }
    return true;
}

void Walk::back(std::uint64_t count) {
    const std::uint64_t target = replay_.steps() - std::min(replay_.steps(), count);
    replay_.go_to(target == 0 ? 0 : target - 1);
    if (target > 0) next();
}

bool Walk::obey(const std::string& line) {
    std::istringstream words(line);
    std::string command, argument;
    words >> command >> argument;
    const auto count = [&]() -> std::uint64_t {
        return argument.empty() ? 1 : std::strtoull(argument.c_str(), nullptr, 10);
    };
    if (command == "q") return false;
    if (command.empty() || command == "n") {
        for (std::uint64_t i = count(); i > 0 && next(); --i) {
        }
        if (replay_.problem()) fmt::print("{}\n", outcome(replay_));
    } else if (command == "p") {
        back(count());
    } else if (const auto time = parse_time(argument); command == "g" && time) {
        run_to(replay_, *time);
        print_step(replay_);
    } else if (command == "c") {
        print_connections(replay_);
    } else {
        fmt::print("n [COUNT]: next; p [COUNT]: previous; g TIME: go to; c: connections; q: end\n");
    }
    return true;
}

void step_by_step(trace::Replay& replay, const trace::ReplayedEvents& events) {
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    Walk walk(replay, events);
    for (std::string line;;) {
        if (terminal) fmt::print("(n, p, g TIME, c, q) ");
        std::fflush(stdout);
        if (!std::getline(std::cin, line) || !walk.obey(line)) return;
    }
}

void run_all(trace::Replay& replay, bool verbose) {
    while (replay.step())
        if (verbose) print_step(replay);
    if (verbose && replay.ended()) print_step(replay);
}

int replay(const ReplayOptions& options) {
    std::optional<Duration> at;
    if (!options.at.empty()) {
        at = parse_time(options.at);
        if (!at)
            throw Failure{kBadInput,
                          fmt::format("--at: '{}' is not a time, as in 1.5s or 20ms", printable(options.at))};
    }
    check_plots(options.pictures);
    const bool watched = options.step || options.pictures.wants_events();
    trace::ReplayedEvents events({.max_events = std::size_t{1} << 23});
    auto opened = trace::Replay::open(options.file, watched ? &events : nullptr);
    if (!opened) throw Failure{kBadInput, fmt::format("'{}': {}", options.file, printable(opened.error().text))};
    trace::Replay& run = **opened;
    if (options.info) {
        fmt::print("written by hourglass {}\n", run.written_by());
        return kSuccess;
    }
    if (options.step) {
        step_by_step(run, events);
        return run.problem() ? kFailure : kSuccess;
    }
    if (at)
        run_to(run, *at);
    else
        run_all(run, options.verbose && !options.json);
    events.count_from_begin(run);
    if (!options.pictures.events.empty()) write_events(options.pictures.events, events.log());
    if (!options.pictures.plots.empty()) write_plots(options.pictures, events.log(), trace::Language::en, 0);
    if (options.json)
        print_json(run);
    else if (at)
        print_connections(run);
    else
        print_summary(run);
    if (run.problem()) throw Failure{kFailure, fmt::format("'{}': {}", options.file, outcome(run))};
    return kSuccess;
}

}  // namespace

Action declare_replay(CLI::App& app, const std::vector<std::string>&) {
    auto options = std::make_shared<ReplayOptions>();
    app.add_option("FILE", options->file, "What --record wrote")->required()->type_name("");
    app.add_option("--at", options->at, "Run up to this time of the record, and show the connections as they were")
        ->type_name("TIME");
    auto* step = app.add_flag("--step", options->step,
                              "Step through it with commands: n [COUNT] next, p [COUNT] previous, g TIME go to, "
                              "c connections, q end");
    add_event_options(app, options->pictures);
    app.add_flag("-v,--verbose", options->verbose, "Print a line for each input");
    app.add_flag("--json", options->json, "As JSON")->excludes(step);
    app.add_flag("--info", options->info, "Only say which version wrote it");
    app.footer(
        "The record has what entered the TCP of a host: segments without their contents, time, calls of the\n"
        "application. The same TCP, given the same again, does the same again. Exit code 1 when it does not,\n"
        "or when the record is cut short or damaged: it is replayed up to there.\n"
        "\n"
        "Examples:\n"
        "  hourglass lab run sack --record sack.hgr && hourglass replay sack.hgr\n"
        "  hourglass serve . --rootless --record session.hgr -- curl -s http://10.0.0.2/\n"
        "  hourglass replay session.hgr --at 20ms\n"
        "  hourglass replay session.hgr -v | grep FIN\n"
        "  hourglass replay session.hgr --events session.ndjson --plot window window.png\n"
        "  hourglass replay session.hgr --step              (n, p, g 20ms, c, q)\n");
    return [options] { return replay(*options); };
}

}  // namespace hourglass::cli
