#include <algorithm>
#include <cmath>
#include <fmt/format.h>

#include "hourglass/lab/scenario.h"
#include "lab/plot_text.h"
#include "lab/story.h"
#include "trace/text.h"

namespace hourglass::lab {

namespace {

constexpr std::size_t kReadable = 100;  // columns, beyond which lines are hard to read

/// Writes the parts of a lesson one below the other.
class Writer {
  public:
    Writer(Language language, const LessonStyle& style) : language_(language), style_(style) {}

    void title(std::string_view name, const Text& title);
    void heading(std::string_view text);
    void paragraph(std::string_view text, std::size_t indent = 0);
    void line(std::string_view text) { text_ += std::string(text) + "\n"; }
    void gap() { text_ += "\n"; }
    void part(const Lesson& lesson, const Part& part);
    void checks(const std::vector<Check>& checks);
    void legend();
    [[nodiscard]] std::string take() { return std::move(text_); }
    [[nodiscard]] std::string_view say(const Text& text) const { return text.in(language_); }

  private:
    void ladder(const Lesson& lesson, const LadderPart& part);
    void table(const Table& table);
    void verbatim(const Verbatim& part);
    void bars(const Bars& bars);
    [[nodiscard]] std::string_view ellipsis() const { return style_.unicode ? "…" : ".."; }
    [[nodiscard]] std::string styled(std::string text, std::string_view parameters) const {
        return style_.color ? fmt::format("\x1b[{}m{}\x1b[0m", parameters, text) : text;
    }
    [[nodiscard]] std::size_t readable() const { return std::min(style_.width, kReadable); }

    Language language_;
    const LessonStyle& style_;
    std::string text_;
    std::string ladders_;
};

void Writer::title(std::string_view name, const Text& title) {
    const std::string text = fmt::format("{}: {}", name, say(title));
    line(styled(trace::cut(text, style_.width, ellipsis()), "1"));
    line(trace::repeated(style_.unicode ? "═" : "=", std::min(trace::columns(text), style_.width)));
    gap();
}

void Writer::heading(std::string_view text) {
    gap();
    line(styled(trace::cut(text, style_.width, ellipsis()), "1"));
    line(trace::repeated(style_.unicode ? "─" : "-", std::min(trace::columns(text), style_.width)));
    gap();
}

void Writer::paragraph(std::string_view text, std::size_t indent) {
    for (const std::string& one : trace::wrap(text, readable() - indent, ellipsis()))
        line(std::string(indent, ' ') + one);
}

void Writer::part(const Lesson& lesson, const Part& part) {
    if (const auto* heading_part = std::get_if<Heading>(&part)) return heading(heading_part->text);
    if (const auto* ladder_part = std::get_if<LadderPart>(&part)) {
        ladder(lesson, *ladder_part);
    } else if (const auto* words = std::get_if<Paragraph>(&part)) {
        paragraph(words->text);
    } else if (const auto* table_part = std::get_if<Table>(&part)) {
        table(*table_part);
    } else if (const auto* lines = std::get_if<Verbatim>(&part)) {
        verbatim(*lines);
    } else if (const auto* bars_part = std::get_if<Bars>(&part)) {
        bars(*bars_part);
    } else {
        text_ += plot_text(std::get<Plot>(part), readable(), style_.unicode);
    }
    gap();
}

void Writer::ladder(const Lesson& lesson, const LadderPart& part) {
    trace::LadderOptions options;
    options.width = style_.width;
    options.color = style_.color;
    options.unicode = style_.unicode;
    options.absolute = style_.absolute;
    options.language = language_;
    options.remarks = part.remarks;
    options.from = part.from;
    options.until = part.until;
    options.fold_after = part.fold_after;
    options.all_protocols = true;
    const trace::Recorder& recorder = *lesson.recordings[part.recording].recorder;
    const std::string drawn = part.connection
                                  ? trace::ladder(recorder, *part.connection, options)
                                  : trace::datagram_ladder(recorder, part.hosts.first, part.hosts.second, options);
    text_ += drawn;
    ladders_ += drawn;
}

void Writer::verbatim(const Verbatim& part) {
    line("  " + styled(trace::cut(part.title, style_.width - 2, ellipsis()), "1"));
    std::string_view text = part.text;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        std::string_view one = text.substr(0, end);
        if (one.ends_with('\r')) one.remove_suffix(1);
        line(trace::cut("    | " + trace::printable(one), style_.width, ellipsis()));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
}

void Writer::table(const Table& table) {
    if (table.rows.empty()) return;
    std::vector<std::size_t> widths(table.rows.front().size());
    for (const auto& row : table.rows)
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], trace::columns(row[i]));
    for (std::size_t r = 0; r < table.rows.size(); ++r) {
        std::string text = " ";
        for (std::size_t i = 0; i < table.rows[r].size(); ++i) {
            const std::string& cell = table.rows[r][i];
            text += " " + (i == 0 ? trace::pad_right(cell, widths[i]) : trace::pad_left(cell, widths[i])) + " ";
        }
        text.erase(text.find_last_not_of(' ') + 1);
        line(r == 0 ? styled(trace::cut(text, style_.width, ellipsis()), "1")
                    : trace::cut(text, style_.width, ellipsis()));
        if (r > 0) continue;
        std::string rule = " ";
        for (const std::size_t width : widths) rule += " " + trace::repeated(style_.unicode ? "─" : "-", width) + " ";
        rule.pop_back();
        line(trace::cut(rule, style_.width, ellipsis()));
    }
}

void Writer::bars(const Bars& bars) {
    std::size_t names = 0, words = 0;
    Instant last{};
    for (const Bars::Bar& bar : bars.bars) {
        names = std::max(names, trace::columns(bar.name));
        words = std::max(words, trace::columns(bar.text));
        last = std::max(last, bar.end);
    }
    const std::size_t frame = names + words + 7;
    const std::size_t room = readable() > frame + 20 ? std::min<std::size_t>(readable() - frame, 60) : 20;
    const double scale = last > Instant{} ? static_cast<double>(room) / to_seconds(last.time_since_epoch()) : 0;
    const auto column = [&](Instant t) {
        return std::min(room - 1, static_cast<std::size_t>(to_seconds(t.time_since_epoch()) * scale));
    };
    for (const Bars::Bar& bar : bars.bars) {
        const std::size_t begin = column(bar.begin), end = std::max(begin + 1, column(bar.end) + 1);
        const std::string drawn = std::string(begin, ' ') + trace::repeated(style_.unicode ? "█" : "=", end - begin) +
                                  std::string(room - end, ' ');
        line(trace::cut(fmt::format("  {} {}{}{}  {}", trace::pad_right(bar.name, names), style_.unicode ? "│" : "|",
                                    drawn, style_.unicode ? "│" : "|", bar.text),
                        style_.width, ellipsis()));
    }
}

void Writer::checks(const std::vector<Check>& checks) {
    if (checks.empty()) return;
    heading(say({"Checks", "检验"}));
    struct Mark {
        std::string_view unicode, ascii, color;
    };
    constexpr Mark kMarks[] = {{"✓", "ok", "32"}, {"✗", "FAIL", "1;31"}, {"–", "n/a", "2"}};
    for (const Check& check : checks) {
        const Mark& mark = kMarks[static_cast<std::size_t>(check.outcome)];
        const std::string_view sign = style_.unicode ? mark.unicode : mark.ascii;
        std::string words = check.text;
        if (check.outcome == Check::Outcome::fails) words = fmt::format("{}: {}", say({"not so", "不成立"}), words);
        if (check.outcome == Check::Outcome::not_applicable)
            words = fmt::format("{}: {}", say({"not applicable", "不适用"}), words);
        if (!check.clause.empty()) words += " " + trace::together(fmt::format("({})", check.clause));
        const std::size_t indent = trace::columns(sign) + 3;
        bool first = true;
        for (const std::string& one : trace::wrap(words, readable() - indent, ellipsis())) {
            line(first ? fmt::format("  {} {}", styled(std::string(sign), mark.color), one)
                       : std::string(indent, ' ') + one);
            first = false;
        }
    }
}

void Writer::legend() {
    if (ladders_.empty()) return;
    gap();
    trace::LadderOptions options;
    options.width = style_.width;
    options.unicode = style_.unicode;
    options.language = language_;
    text_ += trace::legend_of(ladders_, options);
}

std::string range_text(const Setting& setting, Language language) {
    if (setting.kind == Setting::Kind::choice) return fmt::format("{}", fmt::join(setting.choices, ", "));
    return language == Language::zh ? fmt::format("{} 到 {}", setting.least, setting.most)
                                    : fmt::format("{} to {}", setting.least, setting.most);
}

}  // namespace

std::string to_text(const Lesson& lesson, const LessonStyle& style) {
    Writer writer(lesson.language, style);
    const Scenario& scenario = *lesson.scenario;
    writer.title(scenario.name, scenario.title);
    writer.paragraph(writer.say(scenario.teaches));
    writer.gap();
    std::string settings;
    for (const auto& [name, value] : lesson.settings) settings += fmt::format("{} {}, ", name, value);
    writer.paragraph(fmt::format("{}{}seed {}", writer.say({"Played with: ", "设定："}), settings, lesson.seed));
    writer.gap();
    for (const Part& part : lesson.parts) writer.part(lesson, part);
    writer.checks(lesson.checks);
    writer.legend();
    return writer.take();
}

std::string describe(const Scenario& scenario, Language language, const LessonStyle& style) {
    Writer writer(language, style);
    writer.title(scenario.name, scenario.title);
    writer.paragraph(writer.say(scenario.teaches));
    if (!scenario.settings.empty()) writer.heading(writer.say({"Settings", "设定"}));
    for (const Setting& setting : scenario.settings) {
        writer.line(fmt::format("  --set {}={}", setting.name, setting.initial));
        writer.paragraph(fmt::format("{} ({})", setting.what.in(language), range_text(setting, language)), 6);
    }
    if (!scenario.settings.empty()) {
        const Setting& first = scenario.settings.front();
        writer.gap();
        writer.line(fmt::format("{}hourglass lab run {} --set {}={}", writer.say({"Try: ", "试试："}), scenario.name,
                                first.name, first.another));
    }
    return writer.take();
}

}  // namespace hourglass::lab
