#include "hourglass/trace/mermaid.h"

#include <algorithm>
#include <fmt/format.h>

#include "trace/ladder_content.h"
#include "trace/ladder_label.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

constexpr std::size_t kOneLine = 4096;  // columns
constexpr std::string_view kBreak = "<br/>";

/// Text as a diagram may hold it. What Mermaid or HTML would read as something else is an entity, which Mermaid writes
/// with a number sign.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(text)) switch (c) {
            case '#':
            case ';':
            case '%':
            case '"':
            case '\\':
            case '`':
            case '$':
                out += fmt::format("#{};", static_cast<int>(c));
                break;
            case '&':
                out += "#amp;";
                break;
            case '<':
                out += "#lt;";
                break;
            case '>':
                out += "#gt;";
                break;
            default:
                out += c;
        }
    return out;
}

std::string one_line(std::string_view text) {
    const auto lines = wrap(text, kOneLine, "…");
    return lines.empty() ? std::string() : escaped(lines.front());
}

char name_of(Rail rail) { return rail == Rail::left ? 'A' : 'B'; }

class Diagram {
  public:
    Diagram(const Recorder& recorder, const ConnectionTrace& connection, const MermaidOptions& options)
        : recorder_(recorder), connection_(connection), options_(options) {}

    [[nodiscard]] std::string draw(const Rows& rows, std::string_view title);

  private:
    void row(const Row& row);
    void segment(const Row& row, const PacketTrip& trip);
    void message(const Row& row, const PacketTrip& trip);
    void states(const Row& row);
    void remark(const Row& row);
    void beside(Rail rail, std::string_view text);
    void over(std::string_view text);
    [[nodiscard]] std::string label_of(const Row& row, const PacketTrip& trip) const;
    [[nodiscard]] auto pattern(std::string_view english) const {
        return fmt::runtime(in_language(options_.language, english));
    }

    const Recorder& recorder_;
    const ConnectionTrace& connection_;
    const MermaidOptions& options_;
    std::string out_;
};

void Diagram::beside(Rail rail, std::string_view text) {
    out_ += fmt::format("    Note {} of {}: {}\n", rail == Rail::left ? "left" : "right", name_of(rail), text);
}

void Diagram::over(std::string_view text) { out_ += fmt::format("    Note over A,B: {}\n", text); }

std::string Diagram::label_of(const Row& row, const PacketTrip& trip) const {
    const auto lines =
        segment_label(trip, connection_, {.absolute = options_.absolute, .width = kOneLine, .ellipsis = "…"});
    std::string label = fmt::format("{}: {}", time_text(row.time), escaped(lines.front()));
    if (!trip.summary.start_line.empty())
        label += fmt::format("{}{}", kBreak, escaped(cut(trip.summary.start_line, 60, "…")));
    if (options_.reasons)
        for (const std::string& reason : reasons_of(row, trip, options_.language))
            label += fmt::format("{}{}", kBreak, one_line(reason));
    return label;
}

void Diagram::message(const Row& row, const PacketTrip& trip) {
    const bool again = trip.sender && trip.sender->retransmission;
    out_ += fmt::format("    {}{}{}{}: {}\n", name_of(row.from), again ? "--" : "-", is_lost(row, trip) ? "x" : ">>",
                        name_of(other(row.from)), label_of(row, trip));
}

void Diagram::segment(const Row& row, const PacketTrip& trip) {
    const std::string arrived =
        fmt::format("{}: {}", time_text(row.time), escaped(short_label(trip, connection_, options_.absolute)));
    switch (row.kind) {
        case Row::Kind::arrival:
            return beside(other(row.from), arrived);
        case Row::Kind::repeat:
            return beside(other(row.from), arrived + escaped(in_language(options_.language, " (again)")));
        case Row::Kind::stranger:
            return beside(other(row.from), row.step->host == row.arrival->host ||
                                                   row.step->host == connection_.initiator.host ||
                                                   row.step->host == connection_.responder.host
                                               ? fmt::format(pattern("late: {}"), arrived)
                                               : fmt::format("{}: {}", escaped(row.step->host), arrived));
        default:
            return message(row, trip);
    }
}

void Diagram::states(const Row& row) {
    for (const Rail rail : {Rail::left, Rail::right}) {
        const auto at = static_cast<std::size_t>(rail);
        if (row.changed[at] && row.state[at]) beside(rail, tcp::to_string(*row.state[at]));
    }
}

void Diagram::remark(const Row& row) {
    if (row.kind == Row::Kind::departure) return;
    for (const Remark& remark : options_.remarks) {
        if (&recorder_.steps()[remark.step] != row.step) continue;
        std::string text;
        for (const std::string& line : wrap(remark.text, 60, "…"))
            text += fmt::format("{}{}", text.empty() ? "" : kBreak, escaped(line));
        over(text);
    }
}

void Diagram::row(const Row& row) {
    if (row.kind == Row::Kind::fold)
        return over(
            fmt::format(pattern("{} {} more segments {}"), "…", grouped(row.segments[0] + row.segments[1]), "…"));
    if (row.kind == Row::Kind::cycles)
        return over(fmt::format(pattern("{} the same {} times more, until {} {}"), "…", grouped(row.cycles),
                                time_text(row.until), "…"));
    if (const auto* trip = std::get_if<PacketTrip>(&row.step->what)) {
        segment(row, *trip);
    } else if (const auto* change = std::get_if<StateStep>(&row.step->what)) {
        beside(row.from,
               fmt::format("{}: {}", time_text(row.time), escaped(triggers_text(change->trigger, options_.language))));
    } else if (const auto* timer = std::get_if<TimerStep>(&row.step->what)) {
        beside(row.from,
               fmt::format("{}: {}", time_text(row.time),
                           fmt::format(pattern("{} timer ran out"), in_language(options_.language, timer->timer))));
    } else {
        beside(row.from, one_line(std::get<Note>(row.step->what).text));
    }
    states(row);
    remark(row);
}

std::string Diagram::draw(const Rows& rows, std::string_view title) {
    out_ = fmt::format("sequenceDiagram\n    title {}\n", escaped(title));
    for (const Rail rail : {Rail::left, Rail::right}) {
        const ConnectionEnd& end = rail == Rail::left ? connection_.initiator : connection_.responder;
        const std::string address = end.address.to_string();
        out_ += fmt::format("    participant {} as {}\n", name_of(rail),
                            end.host.empty() ? address : escaped(end.host) + std::string(kBreak) + address);
    }
    for (const Rail rail : {Rail::left, Rail::right})
        if (const auto& state = rows.initial[static_cast<std::size_t>(rail)]) beside(rail, tcp::to_string(*state));
    std::optional<Instant> last;
    for (const Row& one : rows.rows) {
        if (last && one.time - *last >= options_.gap)
            over(fmt::format(pattern("~ {} later ~"), duration_text(one.time - *last)));
        last = one.kind == Row::Kind::cycles ? one.until : one.time;
        row(one);
    }
    return std::move(out_);
}

}  // namespace

std::string mermaid(const Recorder& recorder, ConnectionIndex index, const MermaidOptions& options) {
    const ConnectionTrace& connection = recorder.connections()[index];
    LadderOptions ladder;
    ladder.absolute = options.absolute;
    ladder.gap = options.gap;
    ladder.fold_after = options.fold_after;
    ladder.language = options.language;
    ladder.remarks = options.remarks;
    ladder.from = options.from;
    ladder.until = options.until;
    const Rows rows = rows_to_show(recorder, index, steps_to_show(recorder, index, ladder), ladder);
    const std::string title =
        fmt::format(fmt::runtime(in_language(options.language, "TCP {}: {} {} {}, opened at {}")), index + 1,
                    connection.initiator.host, "⇄", connection.responder.host, time_text(connection.opened));
    return Diagram(recorder, connection, options).draw(rows, title);
}

}  // namespace hourglass::trace
