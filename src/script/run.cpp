#include "script/run.h"

#include <algorithm>
#include <fmt/format.h>

#include "hourglass/socket/sysctl.h"
#include "script/profile.h"

namespace hourglass::script {

namespace {

constexpr SipKey kSecret{0x486f757267006c61, 0x7373207363726970};  // any: runs are reproducible
constexpr int kMaxRounds = 1000;  // in which a call and the stack may answer each other at one instant

std::string seconds(Duration d) { return fmt::format("{:.6f}", to_seconds(d)); }

}  // namespace

Run::Run(const Script& script, const RunOptions& options, Report& report)
    : script_(script), options_(options), report_(report) {}

void Run::perform() {
    configure();
    if (!script_.unsupported.empty())
        unsupported(script_.unsupported.front().what, script_.unsupported.front().position);
    for (const UntimedCommand& command : script_.initial) perform(command);
    const EventTime& first = script_.events.front().time;
    position_ = script_.events.front().position;
    if (first.at != Duration{}) fail("the first event must be at time 0");
    for (const Event& event : script_.events) perform(event);
    finish();
}

// --- what comes before the first event

void Run::configure() {
    config_ = default_config(options_.profile);
    settings_ = host_settings(options_.profile);
    settings_.secret = kSecret;
    const auto set = [&](const std::string& name, const std::string& value) {
        if (is_ignored_option(name)) return;
        const auto done = set_option(config_, name, value);
        if (!done) unsupported(fmt::format("--{}={}: {}", name, value, done.error()));
    };
    for (const OptionLine& option : script_.options) {
        position_ = option.position;
        set(option.name, option.value);
    }
    for (const auto& [name, value] : options_.options) set(name, value);
    set_default_addresses(config_);
    for (const std::string& name : config_.init_scripts) {
        const auto text = options_.read_file ? options_.read_file(name) : std::nullopt;
        if (!text) unsupported(fmt::format("the init script {}, which can't be read", name));
        run_command(*text, true);
    }
}

void Run::perform(const UntimedCommand& command) {
    position_ = command.position;
    run_command(command.text, true);
}

void Run::run_command(std::string_view text, bool before_start) {
    const FileReader read = [this](std::string_view name) {
        return options_.read_file ? options_.read_file(name) : std::nullopt;
    };
    const CommandEffect effect = read_commands(text, read);
    if (!effect.unsupported.empty()) unsupported(fmt::format("the command '{}'", effect.unsupported.front()));
    for (const Assignment& assignment : effect.sysctls) set_sysctl(assignment, before_start);
    if (effect.sleep > Duration{} && !before_start) pass_time(world().now() + effect.sleep, [] { return false; });
}

void Run::set_sysctl(const Assignment& assignment, bool before_start) {
    if (is_without_effect(assignment.name)) return;
    const auto done = socket::set_sysctl(settings_, assignment.name, assignment.value);
    if (!done) {
        const bool unknown = done.error() == socket::SysctlError::unknown;
        unsupported(fmt::format("the sysctl {}{}", assignment.name,
                                unknown ? "" : fmt::format(" with the value '{}'", assignment.value)));
    }
    if (!before_start && world_) unsupported(fmt::format("setting {} after the first call", assignment.name));
}

World& Run::world() {
    if (!world_) world_ = std::make_unique<World>(settings_, config_);
    return *world_;
}

// --- events

void Run::perform(const Event& event) {
    position_ = event.position;
    const Window window = window_of(event.time);
    if (const auto* command = std::get_if<CommandSpec>(&event.action)) {
        if (window.from > elapsed()) wait_for(window, "this command");
        run_command(command->text, !world_);
    } else if (const auto* packet = std::get_if<PacketSpec>(&event.action)) {
        run_packet(*packet, window);
    } else if (const auto* call = std::get_if<CallSpec>(&event.action)) {
        run_call(event, *call, window);
    } else {
        run_code(std::get<CodeSpec>(event.action), window);
    }
    last_event_ = window.from;
}

Run::Window Run::window_of(const EventTime& time) const {
    using Kind = EventTime::Kind;
    const bool relative = time.kind == Kind::relative || time.kind == Kind::relative_range;
    Window window;
    window.kind = time.kind;
    window.offset = relative || time.kind == Kind::any ? elapsed() : Duration{};
    window.from = window.offset + time.at;
    window.until = window.offset + time.until;
    if (window.until > options_.max_time) fail("the script takes more time than it may");
    window.tolerance = config_.tolerance;
    if (last_event_ && window.from > *last_event_) {
        const auto share = static_cast<double>((window.from - *last_event_).count()) * config_.tolerance_percent / 100;
        window.tolerance = std::max(window.tolerance, Duration(static_cast<std::int64_t>(share)));
    }
    return window;
}

/// In words, when `actual` is not in the window; empty when it is.
std::string Run::late(const Window& window, Instant actual, std::string_view what) const {
    if (window.kind == EventTime::Kind::any) return {};
    const Duration at = actual - World::kStart;
    if (at >= window.from - window.tolerance && at <= window.until + window.tolerance) return {};
    const std::string when = window.from == window.until
                                 ? seconds(window.from)
                                 : fmt::format("{}~{}", seconds(window.from), seconds(window.until));
    return fmt::format("time: expected {} at {} s, was at {} s (tolerance {} s)", what, when, seconds(at),
                       seconds(window.tolerance));
}

void Run::wait_for(const Window& window, std::string_view what) {
    pass_time(World::kStart + window.from, [] { return false; });
    if (const std::string fault = late(window, world().now(), what); !fault.empty()) fail(fault);
}

// --- time

bool Run::pass_time(Instant until, const std::function<bool()>& done) {
    World& w = world();
    settle();
    while (!done()) {
        const Instant next = std::min(w.next_deadline(), blocked_ ? blocked_->running.deadline() : kNever);
        if (next > until || next == kNever) {
            if (until == kNever) return false;
            w.advance(until);
            settle();
            return done();
        }
        if (++polls_ > options_.max_polls || next > World::kStart + options_.max_time)
            fail("the script takes more steps or time than it may");
        w.advance(next);
        settle();
    }
    return true;
}

/// Lets the stack and the call that blocks do all that they can do now.
void Run::settle() {
    World& w = world();
    for (int round = 0; round < kMaxRounds; ++round) {
        w.poll();
        if (!w.malformed.empty()) fail(fmt::format("the stack sent a packet with {}", w.malformed));
        if (!blocked_) return;
        step_blocked();
        if (!w.poll() && w.next_deadline() > w.now()) return;
    }
}

void Run::finish() {
    await_blocked();
    if (blocked_) fail(fmt::format("the script ends while {} still waits", to_text(*blocked_->call)));
}

std::size_t Run::note(Row::Kind kind, std::string text) {
    if (report_.rows.size() >= options_.max_rows) report_.rows.erase(report_.rows.begin());
    report_.rows.push_back({kind, elapsed(), std::move(text)});
    return report_.rows.size() - 1;
}

void Run::note_unseen() {
    if (!world_ || current_ == nullptr) return;
    for (const LivePacket& live : world_->sent) {
        note(Row::Kind::outbound, to_text(describe(live, *current_, nullptr)) + "  (not looked at)");
        report_.rows.back().at = live.sent - World::kStart;
    }
}

// --- code

void Run::run_code(const CodeSpec& code, const Window& window) {
    wait_for(window, "this code");
    const auto lookup = [this](std::string_view name) { return code_name(name); };
    const auto print = [this](std::string_view line) { note(Row::Kind::note, std::string(line)); };
    const auto done = code_.run(code.text, lookup, print);
    if (done) return;
    Position at = position_;
    at.line += done.error().line;
    throw Stop{done.error().kind == CodeFault::Kind::failed ? Stop::Kind::failed : Stop::Kind::unsupported,
               done.error().message,
               {},
               {},
               at};
}

std::optional<std::int64_t> Run::code_name(std::string_view name) {
    if (!name.starts_with("tcpi_")) return constant(name);
    if (current_ == nullptr || current_->descriptor < 0)
        fail(fmt::format("{} is asked for, and there is no socket yet", name));
    const auto info = world().sockets().tcp_info(current_->descriptor);
    if (!info) fail(fmt::format("{} is asked for: {}", name, socket::to_string(info.error())));
    const auto value = socket::field_of(*info, name);
    if (!value) return std::nullopt;
    return static_cast<std::int64_t>(*value);
}

}  // namespace hourglass::script
