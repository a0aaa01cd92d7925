#include "lab/story.h"

#include <cmath>
#include <fmt/ranges.h>

namespace hourglass::lab {

bool Lesson::holds() const {
    for (const Check& check : checks)
        if (check.outcome == Check::Outcome::fails) return false;
    return true;
}

Ground& Story::ground(Text label) {
    const std::size_t place = lesson_.recordings.size();
    Recording& recording = lesson_.recordings.emplace_back();
    recording.label = label.in(lesson_.language);
    recording.recorder = std::make_unique<trace::Recorder>();
    if (settings_.events) recording.events = std::make_unique<trace::EventLog>();
    grounds_.push_back(std::make_unique<Ground>(lesson_.seed, *recording.recorder, recording.events.get(), place,
                                                settings_.flight ? settings_.flight(place) : nullptr));
    return *grounds_.back();
}

void Story::add_remark(Ground& ground, std::size_t step, std::string text) {
    for (trace::Remark& known : ground.remarks) {
        if (known.step != step) continue;
        known.text += lesson_.language == Language::zh ? text : " " + text;
        return;
    }
    ground.remarks.push_back({step, std::move(text)});
}

void Story::add_check(Check::Outcome outcome, std::string_view clause, std::string text) {
    lesson_.checks.push_back({outcome, std::move(text), std::string(clause)});
}

void Story::show(Ground& ground, trace::ConnectionIndex connection, const LadderPart& how) {
    if (connection >= ground.recorder.connections().size()) return;
    LadderPart part = how;
    part.recording = ground.recording();
    part.connection = connection;
    part.remarks = ground.remarks;
    lesson_.parts.emplace_back(std::move(part));
}

void Story::show_datagrams(Ground& ground, std::string_view left, std::string_view right, const LadderPart& how) {
    LadderPart part = how;
    part.recording = ground.recording();
    part.hosts = {std::string(left), std::string(right)};
    part.remarks = ground.remarks;
    lesson_.parts.emplace_back(std::move(part));
}

std::string show(Duration duration) {
    const auto rounded = [](double value) {
        std::string text = fmt::format("{:.3f}", value);
        text.erase(text.find_last_not_of('0') + 1);
        if (text.ends_with('.')) text.pop_back();
        return text;
    };
    const double seconds = to_seconds(duration);
    const double size = std::abs(seconds);
    if (size >= 3600 && std::fmod(seconds, 60) == 0) return fmt::format("{} h", rounded(seconds / 3600));
    if (size >= 120 && std::fmod(seconds, 60) == 0) return fmt::format("{} min", rounded(seconds / 60));
    if (size >= 1) return fmt::format("{} s", rounded(seconds));
    return fmt::format("{} ms", rounded(seconds * 1e3));
}

std::string show(Instant time) { return show(time.time_since_epoch()); }

std::string grouped(std::uint64_t number) {
    std::string digits = fmt::format("{}", number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

std::string rate_text(double bits_per_second) {
    if (bits_per_second >= 1e6) return fmt::format("{:.2f} Mbit/s", bits_per_second / 1e6);
    return fmt::format("{:.1f} kbit/s", bits_per_second / 1e3);
}

std::string path_text(const std::vector<tcp::State>& states) {
    std::string text;
    for (const tcp::State state : states) text += fmt::format("{}{}", text.empty() ? "" : " -> ", to_string(state));
    return text;
}

}  // namespace hourglass::lab
