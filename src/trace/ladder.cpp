#include "hourglass/trace/ladder.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "trace/ladder_canvas.h"
#include "trace/ladder_content.h"
#include "trace/ladder_label.h"
#include "trace/ladder_rows.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

constexpr std::size_t kStateWidth = 12;   // SYN-RECEIVED
constexpr std::size_t kRemarkWidth = 44;  // of the column at the right, from which on words can be read there
constexpr std::size_t kLostTail = 4;      // so that a lost segment is seen to end before the other rail
constexpr Rail kRails[] = {Rail::left, Rail::right};

std::size_t at(Rail rail) { return static_cast<std::size_t>(rail); }

Look look_of(tcp::State state) {
    switch (state) {
        case tcp::State::syn_sent:
        case tcp::State::syn_received:
            return Look::opening;
        case tcp::State::established:
            return Look::established;
        case tcp::State::closed:
        case tcp::State::listen:
            return Look::bold;
        default:
            return Look::closing;
    }
}

/// Draws the rows of one ladder.
class Painter {
  public:
    Painter(const LadderOptions& options, std::size_t side_width, const Recorder& recorder,
            const ConnectionTrace* connection)
        : options_(options), canvas_(options, side_width), recorder_(recorder), connection_(connection) {}

    Canvas& canvas() { return canvas_; }
    void names(const std::string& left, const std::string& right);
    void rows(const Rows& rows);

  private:
    void row(const Row& row);
    void segment(const Row& row);
    void side_event(const Row& row);
    void fold(const Row& row);
    void cycles(const Row& row);
    void gap(Duration length);
    [[nodiscard]] std::vector<std::string> label_of(const Row& row, const PacketTrip& trip);
    [[nodiscard]] Line first_line(const Row& row) const;
    [[nodiscard]] std::string beside(Rail rail, std::string_view text) const;
    void put(Line first, const Row& row, const std::vector<std::string>& below,
             const std::vector<std::string>& reasons);
    [[nodiscard]] std::string_view say(std::string_view english) const {
        return in_language(options_.language, english);
    }
    [[nodiscard]] auto pattern(std::string_view english) const { return fmt::runtime(say(english)); }
    [[nodiscard]] std::string_view host_at(Rail rail) const {
        if (connection_ == nullptr) return {};
        return rail == Rail::left ? connection_->initiator.host : connection_->responder.host;
    }
    [[nodiscard]] std::string remark_on(const Step* step) const;
    void remark(std::string_view text);

    const LadderOptions& options_;
    Canvas canvas_;
    const Recorder& recorder_;
    const ConnectionTrace* connection_;  // null: datagrams
    std::array<std::optional<std::uint32_t>, 2> last_window_;
};

void Painter::names(const std::string& left, const std::string& right) {
    Line line;
    line.side = {left, right};
    line.side_look = {Look::bold, Look::bold};
    canvas_.line(line);
}

void Painter::rows(const Rows& arranged) {
    Line start;
    for (const Rail rail : kRails) {
        if (!arranged.initial[at(rail)]) continue;
        start.side[at(rail)] = tcp::to_string(*arranged.initial[at(rail)]);
        start.side_look[at(rail)] = Look::dim;
    }
    if (connection_ != nullptr) canvas_.line(start);
    std::optional<Instant> last;
    for (const Row& one : arranged.rows) {
        if (last && one.time - *last >= options_.gap) gap(one.time - *last);
        last = one.kind == Row::Kind::cycles ? one.until : one.time;
        row(one);
    }
}

/// The words that stand with a step: below its last row.
std::string Painter::remark_on(const Step* step) const {
    for (const Remark& remark : options_.remarks)
        if (&recorder_.steps()[remark.step] == step) return remark.text;
    return {};
}

/// Without room beside the ladder a remark takes the whole width below the row.
void Painter::remark(std::string_view text) {
    const std::string_view bar = canvas_.glyphs().voice;
    for (const std::string& line : wrap(text, canvas_.width() - 8, canvas_.glyphs().ellipsis))
        canvas_.free_line(fmt::format("    {} {}", bar, line), Look::good);
}

void Painter::row(const Row& one) {
    switch (one.kind) {
        case Row::Kind::state:
        case Row::Kind::timer:
        case Row::Kind::note:
            return side_event(one);
        case Row::Kind::fold:
            return fold(one);
        case Row::Kind::cycles:
            return cycles(one);
        default:
            return segment(one);
    }
}

Line Painter::first_line(const Row& row) const {
    Line line;
    line.time = time_text(row.time);
    line.changed = row.changed;
    for (const Rail rail : kRails) {
        const auto& state = row.state[at(rail)];
        if (!state) continue;
        line.side[at(rail)] = tcp::to_string(*state);
        line.side_look[at(rail)] = row.changed[at(rail)] ? look_of(*state) : Look::dim;
    }
    return line;
}

std::vector<std::string> Painter::label_of(const Row& row, const PacketTrip& trip) {
    const Glyphs& g = canvas_.glyphs();
    const bool lost = is_lost(row, trip);
    const std::size_t room = canvas_.area() - kArrowFrame - (lost ? kLostTail : 0);
    const bool again = trip.sender && trip.sender->retransmission;
    const bool third =
        row.kind == Row::Kind::stranger && row.step->host != row.arrival->host && row.step->host != host_at(row.from);
    std::string mark = again ? fmt::format("{} ", g.again) : std::string();
    if (row.kind == Row::Kind::stranger)
        mark = third ? fmt::format("{}: ", row.step->host) : fmt::format(pattern("late: {}"), "");
    if (!trip.summary.tcp || connection_ == nullptr) {
        const std::string text = fmt::format("{} {}", trip.summary.protocol, printable(trip.summary.text));
        return wrap(text, room, g.ellipsis);
    }
    if (row.kind == Row::Kind::arrival || row.kind == Row::Kind::repeat) {
        const std::string_view suffix = row.kind == Row::Kind::repeat ? say(" (again)") : "";
        return {cut(short_label(trip, *connection_, options_.absolute) + std::string(suffix), room, g.ellipsis)};
    }
    auto& last_window = last_window_[at(row.from)];
    auto lines = segment_label(trip, *connection_,
                               {.absolute = options_.absolute,
                                .width = room - columns(mark),
                                .ellipsis = g.ellipsis,
                                .last_window = last_window});
    last_window = window_of(trip, *connection_);
    lines.front().insert(0, mark);
    if (!trip.summary.start_line.empty()) lines.push_back(cut(trip.summary.start_line, room, g.ellipsis));
    return lines;
}

void Painter::segment(const Row& row) {
    const PacketTrip& trip = std::get<PacketTrip>(row.step->what);
    const auto label = label_of(row, trip);
    const bool damaged = row.arrival != nullptr && !row.arrival->tcp && std::ranges::any_of(trip.hops, &Hop::corrupted);
    const bool lost = is_lost(row, trip);
    const bool stranger = row.kind == Row::Kind::stranger;
    Line line = first_line(row);
    line.area = draw({.from = row.from,
                      .label = label.empty() ? std::string_view() : std::string_view(label.front()),
                      .leaves = row.kind == Row::Kind::segment || row.kind == Row::Kind::departure,
                      .reaches = row.kind != Row::Kind::departure && row.arrival != nullptr,
                      .lost = lost,
                      .damaged = damaged},
                     canvas_.area(), canvas_.glyphs());
    if (lost || damaged || stranger)
        line.area_look = Look::lost;
    else if (trip.sender && trip.sender->retransmission)
        line.area_look = Look::again;
    std::vector<std::string> below;
    for (std::size_t i = 1; i < label.size(); ++i) below.push_back("   " + label[i]);
    put(std::move(line), row, below, reasons_of(row, trip, options_.language));
}

/// A mark beside its rail, with the text turned towards it.
std::string Painter::beside(Rail rail, std::string_view text) const {
    const Glyphs& g = canvas_.glyphs();
    const std::string kept = cut(printable(text), canvas_.area() - 4, g.ellipsis);
    if (rail == Rail::left) return fmt::format(" {} {}", g.from_right, kept);
    return pad_left(fmt::format("{} {} ", kept, g.from_left), canvas_.area());
}

void Painter::side_event(const Row& row) {
    Line line = first_line(row);
    if (const auto* state = std::get_if<StateStep>(&row.step->what)) {
        line.area = beside(row.from, triggers_text(state->trigger, options_.language));
    } else if (const auto* timer = std::get_if<TimerStep>(&row.step->what)) {
        line.area = beside(row.from, fmt::format(pattern("{} timer ran out"), say(timer->timer)));
    } else {
        line.area = beside(row.from, std::get<Note>(row.step->what).text);
        line.area_look = Look::good;
    }
    put(std::move(line), row, {}, {});
}

void Painter::fold(const Row& row) {
    const Glyphs& g = canvas_.glyphs();
    const auto centred = [&](const std::string& text) {
        const std::size_t width = columns(text);
        return std::string((canvas_.area() - std::min(width, canvas_.area())) / 2, ' ') + text;
    };
    Line line = first_line(row);
    line.area = centred(
        fmt::format(pattern("{} {} more segments {}"), g.fold, grouped(row.segments[0] + row.segments[1]), g.fold));
    line.area_look = Look::dim;
    std::string counts;
    for (const Rail rail : kRails) {
        if (row.segments[at(rail)] == 0) continue;
        if (!counts.empty()) counts += ", ";
        counts +=
            fmt::format("{} {}", grouped(row.segments[at(rail)]), rail == Rail::left ? g.head_right : g.head_left);
        if (row.octets[at(rail)] > 0) counts += fmt::format(pattern(" with {} octets"), grouped(row.octets[at(rail)]));
    }
    put(std::move(line), row, {centred(counts)}, {});
}

void Painter::cycles(const Row& row) {
    const Glyphs& g = canvas_.glyphs();
    const std::string text = cut(fmt::format(pattern("{} the same {} times more, until {} {}"), g.fold,
                                             grouped(row.cycles), time_text(row.until), g.fold),
                                 canvas_.area(), g.ellipsis);
    Line line = first_line(row);
    line.area = std::string((canvas_.area() - std::min(canvas_.area(), columns(text))) / 2, ' ') + text;
    line.area_look = Look::dim;
    canvas_.line(line);
}

void Painter::gap(Duration length) {
    Line line;
    const std::string text = fmt::format(pattern("~ {} later ~"), duration_text(length));
    line.area = std::string((canvas_.area() - std::min(canvas_.area(), columns(text))) / 2, ' ') + text;
    line.area_look = Look::dim;
    canvas_.line(line);
}

/// One row may need several lines: the label below the arrow, at the right the reasons and what the narrator says.
void Painter::put(Line first, const Row& row, const std::vector<std::string>& below,
                  const std::vector<std::string>& reasons) {
    const std::string words = row.kind == Row::Kind::departure ? std::string() : remark_on(row.step);
    const bool words_beside = canvas_.why() >= kRemarkWidth;
    std::vector<std::pair<std::string, Look>> why;
    const auto add = [&](const std::string& text, std::string_view mark, Look look) {
        if (canvas_.why() == 0) return;
        for (std::string& part : wrap(text, canvas_.why() - columns(mark), canvas_.glyphs().ellipsis))
            why.emplace_back(std::string(mark) + part, look);
    };
    for (const std::string& reason : reasons) add(reason, "", Look::dim);
    if (words_beside) add(words, fmt::format("{} ", canvas_.glyphs().voice), Look::good);
    for (std::size_t i = 0; i < std::max({std::size_t{1}, below.size() + 1, why.size()}); ++i) {
        Line next = i == 0 ? first : Line{};
        if (i > 0 && i <= below.size()) {
            next.area = below[i - 1];
            next.area_look = Look::dim;
        }
        if (i < why.size()) {
            next.why = why[i].first;
            next.why_look = why[i].second;
        }
        canvas_.line(next);
    }
    if (!words_beside && !words.empty()) remark(words);
}

std::string end_text(const ConnectionEnd& end) {
    return end.host.empty() ? end.address.to_string() : fmt::format("{} {}", end.host, end.address.to_string());
}

struct Totals {
    std::size_t segments = 0, lost = 0, again = 0;
    std::array<std::uint64_t, 2> octets{};
};

Totals totals_of(const std::vector<const Step*>& steps, const ConnectionTrace& connection) {
    Totals totals;
    for (const Step* step : steps) {
        const auto* trip = std::get_if<PacketTrip>(&step->what);
        if (trip == nullptr || !trip->summary.tcp) continue;
        ++totals.segments;
        if (trip->lost()) ++totals.lost;
        const bool again = trip->sender && trip->sender->retransmission;
        if (again) ++totals.again;
        if (!again)
            totals.octets[trip->summary.source == connection.initiator.address ? 0 : 1] += trip->summary.tcp->length;
    }
    return totals;
}

void summary_line(Canvas& canvas, const Totals& totals, Language language) {
    const Glyphs& g = canvas.glyphs();
    const auto pattern = [language](std::string_view english) { return fmt::runtime(in_language(language, english)); };
    std::string text = fmt::format(pattern("{} segments"), grouped(totals.segments));
    if (totals.lost > 0) text += fmt::format(pattern(", {} lost"), grouped(totals.lost));
    if (totals.again > 0) text += fmt::format(pattern(", {} sent again"), grouped(totals.again));
    text += fmt::format(pattern("; {} octets {}, {} octets {}"), grouped(totals.octets[0]), g.head_right,
                        grouped(totals.octets[1]), g.head_left);
    canvas.free_line(text);
}

}  // namespace

std::string ladder(const Recorder& recorder, ConnectionIndex index, const LadderOptions& options) {
    const ConnectionTrace& connection = recorder.connections()[index];
    const auto steps = steps_to_show(recorder, index, options);
    const Rows rows = rows_to_show(recorder, index, steps, options);

    Painter painter(options, kStateWidth, recorder, &connection);
    Canvas& canvas = painter.canvas();
    const auto title = fmt::runtime(in_language(options.language, "TCP {}: {} {} {}, opened at {}"));
    canvas.title(fmt::format(title, index + 1, end_text(connection.initiator), canvas.glyphs().both,
                             end_text(connection.responder), time_text(connection.opened)));
    painter.names(connection.initiator.host, connection.responder.host);
    painter.rows(rows);
    canvas.free_line("");
    summary_line(canvas, totals_of(steps, connection), options.language);
    return canvas.take();
}

namespace {

using HostPair = std::pair<std::string, std::string>;

const std::string* receiver_of(const PacketTrip& trip) {
    if (!trip.arrivals.empty()) return &trip.arrivals.back().host;
    return trip.hops.empty() ? nullptr : &trip.hops.back().to;
}

bool is_shown(const PacketTrip& trip, const LadderOptions& options) {
    return trip.summary.protocol == "DNS" || (options.all_protocols && trip.summary.protocol != "TCP");
}

struct Datagrams {
    HostPair hosts;
    std::vector<const Step*> steps;
};

/// Packets without a connection, by the two hosts that exchange them.
std::vector<Datagrams> datagrams_of(const Recorder& recorder, const LadderOptions& options) {
    std::vector<Datagrams> all;
    for (const Step& step : recorder.steps()) {
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        if (trip == nullptr || !is_shown(*trip, options)) continue;
        const std::string* to = receiver_of(*trip);
        if (to == nullptr) continue;
        auto found = std::ranges::find_if(all, [&](const Datagrams& d) {
            return d.hosts == HostPair(step.host, *to) || d.hosts == HostPair(*to, step.host);
        });
        if (found == all.end()) found = all.insert(all.end(), {{step.host, *to}, {}});
        found->steps.push_back(&step);
    }
    return all;
}

std::string draw_datagrams(const Recorder& recorder, const Datagrams& datagrams, const LadderOptions& options) {
    const auto& [left, right] = datagrams.hosts;
    const std::size_t side = std::clamp<std::size_t>(std::max(columns(left), columns(right)), 4, kStateWidth);
    Painter painter(options, side, recorder, nullptr);
    Canvas& canvas = painter.canvas();
    std::set<std::string> protocols;
    for (const Step* step : datagrams.steps) protocols.insert(std::get<PacketTrip>(step->what).summary.protocol);
    canvas.title(fmt::format(fmt::runtime(in_language(options.language, "{}: {} {} {}")), fmt::join(protocols, ", "),
                             left, canvas.glyphs().both, right));
    painter.names(left, right);
    painter.rows(arrange(datagrams.steps, left, right));
    return canvas.take();
}

}  // namespace

std::string legend_of(std::string_view ladders, const LadderOptions& options) {
    const Glyphs& g = glyphs(options.unicode);
    const std::pair<std::string_view, std::string_view> marks[] = {
        {g.changed, "state changed"},
        {g.again, "sent again"},
        {g.lost, "lost or damaged"},
        {g.faint, "crosses another segment, or comes from elsewhere"},
        {g.voice, "narrator"}};
    std::vector<std::string> used;
    for (const auto& [mark, meaning] : marks)
        if (ladders.find(mark) != std::string_view::npos)
            used.push_back(fmt::format("{} {}", mark, in_language(options.language, meaning)));
    std::string legend;
    for (std::string& mark : used)
        legend += fmt::format("{}{}", legend.empty() ? "" : "   ", together(std::move(mark)));
    return fmt::format("{}\n", fmt::join(wrap(legend, std::max<std::size_t>(options.width, 40), g.ellipsis), "\n"));
}

std::string datagram_ladder(const Recorder& recorder, std::string_view left_host, std::string_view right_host,
                            const LadderOptions& options) {
    Datagrams found{{std::string(left_host), std::string(right_host)}, {}};
    for (const Step& step : recorder.steps()) {
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        const std::string* to = trip == nullptr || trip->summary.tcp ? nullptr : receiver_of(*trip);
        if (to == nullptr || step.time < options.from || step.time >= options.until) continue;
        const bool here =
            (step.host == left_host && *to == right_host) || (step.host == right_host && *to == left_host);
        if (here) found.steps.push_back(&step);
    }
    return found.steps.empty() ? std::string() : draw_datagrams(recorder, found, options);
}

std::string ladders(const Recorder& recorder, const LadderOptions& options) {
    std::vector<std::pair<Instant, std::string>> all;
    for (const Datagrams& datagrams : datagrams_of(recorder, options))
        all.emplace_back(datagrams.steps.front()->time, draw_datagrams(recorder, datagrams, options));
    for (ConnectionIndex i = 0; i < recorder.connections().size(); ++i)
        all.emplace_back(recorder.connections()[i].opened, ladder(recorder, i, options));
    std::ranges::stable_sort(all, {}, [](const auto& one) { return one.first; });
    std::string text;
    for (const auto& [time, one] : all) text += one + "\n\n";
    return text + legend_of(text, options);
}

}  // namespace hourglass::trace
