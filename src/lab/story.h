#pragma once

#include <cstdint>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/lab/scenario.h"
#include "lab/ground.h"
#include "lab/setting_value.h"

namespace hourglass::lab {

/// What a scenario is played with: it gives the settings, makes networks, and writes down what is told, shown and
/// checked. Everything is said twice, in English and in Chinese, with the same numbers.
class Story {
  public:
    /// `settings` says what else is kept of each network beside its recorder; it must outlive the story.
    Story(Lesson& lesson, const SettingValues& values, const PlaySettings& settings)
        : lesson_(lesson), values_(values), settings_(settings) {}
    Story(const Story&) = delete;
    Story& operator=(const Story&) = delete;

    [[nodiscard]] Duration time(std::string_view name) const { return values_.time(name); }
    /// Bits a second, octets, or a count.
    [[nodiscard]] std::uint64_t number(std::string_view name) const { return values_.number(name); }
    /// A percentage as a probability.
    [[nodiscard]] double probability(std::string_view name) const { return values_.probability(name); }
    [[nodiscard]] bool chosen(std::string_view name, std::string_view choice) const {
        return values_.text(name) == choice;
    }
    [[nodiscard]] const std::string& text(std::string_view name) const { return values_.text(name); }

    /// A network of its own; its recording is shown and saved with the lesson. The story keeps it.
    Ground& ground(Text label = {});

    template <typename... A>
    [[nodiscard]] std::string words(fmt::format_string<const A&...> en, fmt::format_string<const A&...> zh,
                                    const A&... values) const {
        return lesson_.language == Language::zh ? fmt::format(zh, values...) : fmt::format(en, values...);
    }
    template <typename... A>
    void heading(fmt::format_string<const A&...> en, fmt::format_string<const A&...> zh, const A&... values) {
        lesson_.parts.emplace_back(Heading{words<A...>(en, zh, values...)});
    }
    template <typename... A>
    void tell(fmt::format_string<const A&...> en, fmt::format_string<const A&...> zh, const A&... values) {
        lesson_.parts.emplace_back(Paragraph{words<A...>(en, zh, values...)});
    }
    /// Words that stand in the ladder with a segment; nothing when there is no such segment.
    template <typename... A>
    void remark(Ground& ground, const Segment& segment, fmt::format_string<const A&...> en,
                fmt::format_string<const A&...> zh, const A&... values) {
        if (segment.exists) add_remark(ground, segment.step, words<A...>(en, zh, values...));
    }
    /// The story is only true when `holds`; the words say what must hold and what was found.
    template <typename... A>
    void check(bool holds, std::string_view clause, fmt::format_string<const A&...> en,
               fmt::format_string<const A&...> zh, const A&... values) {
        add_check(holds ? Check::Outcome::holds : Check::Outcome::fails, clause, words<A...>(en, zh, values...));
    }
    /// With these settings a check has nothing to say; the words tell why.
    template <typename... A>
    void not_applicable(std::string_view clause, fmt::format_string<const A&...> en, fmt::format_string<const A&...> zh,
                        const A&... values) {
        add_check(Check::Outcome::not_applicable, clause, words<A...>(en, zh, values...));
    }

    /// The ladder of a connection, with the remarks made up to now.
    void show(Ground& ground, trace::ConnectionIndex connection = 0, const LadderPart& how = {});
    /// The datagrams between two hosts.
    void show_datagrams(Ground& ground, std::string_view left, std::string_view right, const LadderPart& how = {});
    void show(Table table) { lesson_.parts.emplace_back(std::move(table)); }
    void show(Verbatim part) { lesson_.parts.emplace_back(std::move(part)); }
    void show(Bars bars) { lesson_.parts.emplace_back(std::move(bars)); }
    void show(Plot plot) { lesson_.parts.emplace_back(std::move(plot)); }

    [[nodiscard]] Language language() const { return lesson_.language; }

  private:
    void add_remark(Ground& ground, std::size_t step, std::string text);
    void add_check(Check::Outcome outcome, std::string_view clause, std::string text);

    Lesson& lesson_;
    const SettingValues& values_;
    const PlaySettings& settings_;
    std::vector<std::unique_ptr<Ground>> grounds_;
};

/// `850 ms`, `1.5 s`, `2 min`, `2 h`, with no more digits than there are.
[[nodiscard]] std::string show(Duration duration);
/// A moment as the time since the beginning.
[[nodiscard]] std::string show(Instant time);
/// `1,234,567`
[[nodiscard]] std::string grouped(std::uint64_t number);
/// A rate of octets in a time: `9.41 Mbit/s`.
[[nodiscard]] std::string rate_text(double bits_per_second);
/// Names of states with arrows between: `CLOSED -> SYN-SENT -> ESTABLISHED`.
[[nodiscard]] std::string path_text(const std::vector<tcp::State>& states);

}  // namespace hourglass::lab
