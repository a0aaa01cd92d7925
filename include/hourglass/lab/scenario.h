#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/flight_recorder.h"
#include "hourglass/trace/ladder.h"
#include "hourglass/trace/language.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::lab {

using trace::Language;

/// The same words in each language.
struct Text {
    std::string_view en{}, zh{};
    [[nodiscard]] std::string_view in(Language language) const { return language == Language::zh ? zh : en; }
};

/// Something about a scenario that a user may change.
struct Setting {
    enum class Kind : std::uint8_t {
        time,     ///< `20ms`, `1.5s`, `300us`, `2min`, `2h`; a number alone means milliseconds.
        rate,     ///< Bits a second: `10mbit`, `500kbit`, `1gbit`.
        percent,  ///< 0 to 100, with or without the sign.
        count,    ///< A whole number.
        octets,   ///< The same, with `k` or `M` for 1,000 or 1,000,000.
        choice,   ///< One of `choices`.
    };
    std::string_view name{};
    Kind kind = Kind::count;
    Text what{};
    std::string_view initial{};  ///< The default, as a user would write it.
    std::string_view another{};  ///< Another value worth trying.
    std::string_view least{};    ///< The range, as a user would write it; not for choices.
    std::string_view most{};
    std::vector<std::string_view> choices{};
    bool breaks = false;  ///< With `another` the story is not true, and its checks say so.
};

/// What scenarios are grouped by.
enum class Topic : std::uint8_t { opening, closing, trouble, flow, loss, web };
[[nodiscard]] Text title_of(Topic topic);
inline constexpr Topic kTopics[] = {Topic::opening, Topic::closing, Topic::trouble,
                                    Topic::flow,    Topic::loss,    Topic::web};

class Story;

/// A lesson that can be played: hosts, links and what happens to them, told in words, with checks that fail when the
/// story is not true.
struct Scenario {
    std::string_view name{};  ///< "handshake"
    Topic topic{};
    Text title{};
    Text teaches{};  ///< What one knows afterwards: a few sentences.
    std::vector<Setting> settings{};
    void (*play)(Story&) = nullptr;
};

/// All of them, by topic.
[[nodiscard]] std::span<const Scenario> scenarios();
/// Null when there is none of that name.
[[nodiscard]] const Scenario* find_scenario(std::string_view name);
/// Of `names` the one that `word` was most likely meant to be.
[[nodiscard]] std::string_view nearest_of(std::string_view word, std::span<const std::string_view> names);

/// What a check found.
struct Check {
    enum class Outcome : std::uint8_t { holds, fails, not_applicable };
    Outcome outcome = Outcome::holds;
    std::string text;    ///< What must hold, with what was found.
    std::string clause;  ///< "RFC 9293 3.5".
};

/// The parts of a lesson, in the order of telling.
struct Heading {
    std::string text;
};
struct Paragraph {
    std::string text;
};
/// A ladder of one recording: of a connection, or of the datagrams of two hosts.
struct LadderPart {
    std::size_t recording = 0;  ///< By its place in `Lesson::recordings`.
    std::optional<trace::ConnectionIndex> connection{};
    std::pair<std::string, std::string> hosts{};  ///< Where there is no connection.
    std::vector<trace::Remark> remarks{};
    Instant from = Instant::min(), until = kNever;
    std::size_t fold_after = 12;  ///< As in `trace::LadderOptions`.
};
/// Columns of numbers and words; the first row is the heading.
struct Table {
    std::vector<std::vector<std::string>> rows{};
};
/// Lines as they are: an HTTP message.
struct Verbatim {
    std::string title;
    std::string text;
};
/// When things happened, as bars on a common scale of time.
struct Bars {
    struct Bar {
        std::string name;
        Instant begin, end;
        std::string text;
    };
    std::vector<Bar> bars{};
};
/// Values over time, as a picture of text or lines.
struct Plot {
    struct Series {
        std::string name;
        std::vector<std::pair<Instant, double>> points{};
    };
    std::string title;
    std::string unit;
    std::vector<Series> series{};
};
using Part = std::variant<Heading, Paragraph, LadderPart, Table, Verbatim, Bars, Plot>;

/// What was recorded on one of a lesson's networks.
struct Recording {
    std::string label;  ///< "with SACK"; empty when there is only one.
    std::unique_ptr<trace::Recorder> recorder{};
    std::unique_ptr<trace::EventLog> events{};  ///< Null unless `PlaySettings::events` asked for it.
};

/// A scenario that has been played.
struct Lesson {
    const Scenario* scenario = nullptr;
    Language language = Language::en;
    std::uint64_t seed = 1;
    std::vector<std::pair<std::string, std::string>> settings{};  ///< All of them, as they were.
    std::vector<Part> parts{};
    std::vector<Check> checks{};
    std::vector<Recording> recordings{};

    /// True when no check fails.
    [[nodiscard]] bool holds() const;
};

/// Makes what is to record the TCP of a scenario's network, counted from 0; null: nothing is to.
using FlightRecorders = std::function<std::unique_ptr<trace::FlightRecorder>(std::size_t network)>;

/// How a scenario is played.
struct PlaySettings {
    std::vector<std::pair<std::string, std::string>> values{};  ///< Name and value of each setting that is changed.
    std::uint64_t seed = 1;                                     ///< Decides all that is left to chance.
    Language language = Language::en;
    bool events = false;       ///< Also keep the events of TCP, which plots are made of.
    FlightRecorders flight{};  ///< Empty: no network is recorded.
};

/// Plays a scenario in virtual time. The error says in a sentence what is wrong with the settings: a name that there is
/// not, with the nearest that there is; a value outside of its range, with the range.
[[nodiscard]] std::expected<Lesson, std::string> play(const Scenario& scenario, const PlaySettings& settings = {});

/// How a lesson is written down for a terminal.
struct LessonStyle {
    std::size_t width = 100;  ///< Columns, 72 to 240.
    bool color = false;
    bool unicode = true;
    bool absolute = false;  ///< Sequence numbers as on the wire.
};

[[nodiscard]] std::string to_text(const Lesson& lesson, const LessonStyle& style = {});
/// The scenario as it is before it is played: what it teaches, and its settings with units, defaults and ranges.
[[nodiscard]] std::string describe(const Scenario& scenario, Language language, const LessonStyle& style = {});
/// Parts, checks and recordings (RFC 8259), times in nanoseconds.
[[nodiscard]] std::string to_json(const Lesson& lesson);

}  // namespace hourglass::lab
