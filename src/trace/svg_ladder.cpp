#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <set>
#include <tuple>

#include "hourglass/trace/svg.h"
#include "trace/ladder_content.h"
#include "trace/ladder_label.h"
#include "trace/ladder_rows.h"
#include "trace/svg_ladder_style.h"
#include "trace/svg_text.h"
#include "trace/svg_timers.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

// All lengths are in pixels.
constexpr double kLeft = 250, kRight = 690;  // the rails
constexpr double kNotes = 830;               // where the narrator stands
constexpr double kWidth = 1180, kWidthWithoutNotes = 840;
constexpr double kTop = 108;
constexpr double kDelay = 40;      // that the usual way of a segment takes
constexpr double kMostGap = 70;    // that silence takes, however long
constexpr double kLeastTimer = 3;  // that a timer must last to have a bar
constexpr double kTimeFontSize = 10;
constexpr double kFold = 30;     // above and below what stands for a run of segments
constexpr double kSpacing = 17;  // between two segments that leave at once
constexpr double kLine = 15;     // of the narrator's text
constexpr std::size_t kNoteColumns = 52;
constexpr std::size_t kLabelColumns = 64, kLostLabelColumns = 44;
constexpr double kChipWidth = 100, kChipHeight = 17;

double x_of(Rail rail) { return rail == Rail::left ? kLeft : kRight; }
double outwards(Rail rail) { return rail == Rail::left ? -1 : 1; }

std::string_view colour_of(tcp::State state) {
    switch (state) {
        case tcp::State::syn_sent:
        case tcp::State::syn_received:
            return "#b7791f";
        case tcp::State::established:
            return "#2f855a";
        case tcp::State::closed:
        case tcp::State::listen:
            return "#4a5568";
        default:
            return "#6b46c1";
    }
}

/// Something at one end, at its time.
struct Mark {
    enum class Kind : std::uint8_t {
        departure,
        arrival,
        missed,  ///< Where a lost segment would have arrived.
        state,
        note,
        fold,  ///< Stands for several segments.
    };
    Instant time;
    std::uint64_t order = 0;
    Rail rail{};
    Kind kind{};
    std::size_t step = 0;
    const Arriving* arrival = nullptr;
    double y = 0;
    std::string text{};  ///< Of a fold.
};

class Picture {
  public:
    Picture(const Recorder& recorder, ConnectionIndex index, const SvgOptions& options)
        : recorder_(recorder), index_(index), connection_(recorder.connections()[index]), options_(options) {}

    [[nodiscard]] std::string draw();

  private:
    [[nodiscard]] std::set<std::size_t> shown_steps();
    void add_fold(const Row& row, std::size_t place);
    void collect();
    void add_trip(std::size_t place, const Step& step, const PacketTrip& trip);
    void add_late();
    [[nodiscard]] Mark missed_of(const Mark& departure) const;
    void place();
    [[nodiscard]] const Mark* mark_of(std::size_t step, Mark::Kind kind) const;
    [[nodiscard]] const Mark* arrival_of(std::size_t step) const { return mark_of(step, Mark::Kind::arrival); }
    [[nodiscard]] Duration usual_delay() const;
    [[nodiscard]] std::optional<Rail> rail_of(std::string_view host) const;

    void draw_rails();
    void draw_gaps();
    void draw_cuts(double y);
    void draw_folds();
    void draw_states();
    void draw_segment(const Mark& mark, const PacketTrip& trip);
    void draw_label(const Mark& mark, const PacketTrip& trip, double x1, double y1, double x2, double y2,
                    std::string_view colour);
    void draw_stranger(const Mark& mark, const Step& step, const PacketTrip& trip);
    void draw_repetition(const Mark& mark, const PacketTrip& trip);
    void draw_side_text(const Mark& mark, std::string_view text, std::string_view colour);
    void draw_notes();
    [[nodiscard]] double y_of(Instant time) const;
    void draw_timers();
    void chip(Rail rail, double y, tcp::State state);
    [[nodiscard]] std::string_view say(std::string_view english) const {
        return in_language(options_.language, english);
    }

    const Recorder& recorder_;
    ConnectionIndex index_;
    const ConnectionTrace& connection_;
    const SvgOptions& options_;
    Duration unit_{};  // that a segment usually takes
    std::vector<Mark> marks_;
    std::vector<std::pair<double, Duration>> gaps_;
    std::map<std::size_t, double> bottom_of_;  // of steps, where a remark may stand
    std::size_t omitted_ = 0;
    double height_ = 0;
    std::string out_;
};

std::optional<Rail> Picture::rail_of(std::string_view host) const {
    if (host == connection_.initiator.host) return Rail::left;
    if (host == connection_.responder.host) return Rail::right;
    return std::nullopt;
}

/// The steps that are drawn, as their rows in a text are: what is folded there has a mark for all of it.
std::set<std::size_t> Picture::shown_steps() {
    LadderOptions ladder;
    ladder.fold_after = options_.fold_after;
    ladder.remarks = options_.remarks;
    ladder.from = options_.from;
    ladder.until = options_.until;
    std::set<std::size_t> shown;
    const Step* first = recorder_.steps().data();
    for (const Row& row : rows_to_show(recorder_, index_, steps_to_show(recorder_, index_, ladder), ladder).rows) {
        const auto place = static_cast<std::size_t>(row.step - first);
        if (row.kind == Row::Kind::fold || row.kind == Row::Kind::cycles)
            add_fold(row, place);
        else
            shown.insert(place);
    }
    return shown;
}

void Picture::add_fold(const Row& row, std::size_t place) {
    Mark mark{row.time, row.step->order, row.from, Mark::Kind::fold, place};
    if (row.kind == Row::Kind::cycles) {
        mark.text = fmt::format(fmt::runtime(say("{} the same {} times more, until {} {}")), "…", grouped(row.cycles),
                                time_text(row.until), "…");
    } else {
        mark.text = fmt::format(fmt::runtime(say("{} {} more segments {}")), "…",
                                grouped(row.segments[0] + row.segments[1]), "…");
        for (const Rail rail : {Rail::left, Rail::right})
            if (const auto octets = row.octets[static_cast<std::size_t>(rail)]; octets > 0)
                mark.text +=
                    fmt::format(fmt::runtime(say("  {} {} octets")), rail == Rail::left ? "→" : "←", grouped(octets));
    }
    marks_.push_back(std::move(mark));
}

void Picture::collect() {
    add_late();
    std::size_t segments = 0;
    for (const std::size_t place : shown_steps()) {
        const Step& step = recorder_.steps()[place];
        if (step.time < connection_.opened && std::holds_alternative<PacketTrip>(step.what)) continue;
        if (const auto* trip = std::get_if<PacketTrip>(&step.what)) {
            if (++segments > options_.max_segments)
                ++omitted_;
            else
                add_trip(place, step, *trip);
            continue;
        }
        const auto rail = rail_of(step.host);
        if (!rail || segments > options_.max_segments || std::holds_alternative<TimerStep>(step.what)) continue;
        const bool state = std::holds_alternative<StateStep>(step.what);
        marks_.push_back({step.time, step.order, *rail, state ? Mark::Kind::state : Mark::Kind::note, place});
    }
    unit_ = usual_delay();
    for (std::size_t i = 0, end = marks_.size(); i < end; ++i) {
        const Mark mark = marks_[i];
        if (mark.kind == Mark::Kind::departure && arrival_of(mark.step) == nullptr) marks_.push_back(missed_of(mark));
    }
    std::ranges::sort(marks_, [](const Mark& a, const Mark& b) {
        return std::tuple(a.time, a.order, a.step) < std::tuple(b.time, b.order, b.step);
    });
}

/// Where a segment would have arrived: before what was sent after it.
Mark Picture::missed_of(const Mark& departure) const {
    Mark missed{departure.time + unit_, departure.order, other(departure.rail), Mark::Kind::missed, departure.step};
    for (const Mark& mark : marks_) {
        if (mark.kind != Mark::Kind::arrival || mark.time != missed.time || mark.rail != missed.rail) continue;
        missed.order = mark.order;
        if (mark.step > missed.step) break;
    }
    return missed;
}

/// Segments of an earlier connection between the same ends that arrive in this one.
void Picture::add_late() {
    const auto ends = std::minmax(connection_.initiator.address, connection_.responder.address);
    for (std::size_t place = 0; place < recorder_.steps().size(); ++place) {
        const Step& step = recorder_.steps()[place];
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        if (trip == nullptr || !trip->summary.tcp || step.time >= connection_.opened) continue;
        if (std::minmax(trip->summary.source, trip->summary.destination) != ends) continue;
        for (const Arriving& arrival : trip->arrivals)
            if (const auto to = rail_of(arrival.host); to && arrival.time >= connection_.opened)
                marks_.push_back({arrival.time, arrival.order, *to, Mark::Kind::arrival, place, &arrival});
    }
}

void Picture::add_trip(std::size_t place, const Step& step, const PacketTrip& trip) {
    const auto from = rail_of(step.host);
    if (from) marks_.push_back({step.time, step.order, *from, Mark::Kind::departure, place});
    for (const Arriving& arrival : trip.arrivals)
        if (const auto to = rail_of(arrival.host); to && to != from)
            marks_.push_back({arrival.time, arrival.order, *to, Mark::Kind::arrival, place, &arrival});
}

const Mark* Picture::mark_of(std::size_t step, Mark::Kind kind) const {
    const auto found = std::ranges::find_if(marks_, [&](const Mark& m) { return m.step == step && m.kind == kind; });
    return found == marks_.end() ? nullptr : &*found;
}

/// The median of what segments take from one rail to the other.
Duration Picture::usual_delay() const {
    std::vector<Duration> delays;
    for (const Mark& mark : marks_)
        if (mark.kind == Mark::Kind::arrival) delays.push_back(mark.time - recorder_.steps()[mark.step].time);
    if (delays.empty()) return std::chrono::milliseconds(10);
    std::ranges::nth_element(delays, delays.begin() + static_cast<std::ptrdiff_t>(delays.size() / 2));
    return std::max<Duration>(delays[delays.size() / 2], std::chrono::microseconds(1));
}

/// Time goes down, to scale as long as something is going on; what happens at once on a rail stands one below the
/// other.
void Picture::place() {
    const double unit = to_seconds(unit_);
    std::array<double, 2> last{kTop, kTop};
    double y = kTop;
    std::optional<Instant> now;
    for (Mark& mark : marks_) {
        if (now && mark.time > *now) {
            const double passed = kDelay * to_seconds(mark.time - *now) / unit;
            if (passed > 2 * kMostGap) gaps_.emplace_back(y + kMostGap / 2 + 16, mark.time - *now);
            y += std::min(passed, kMostGap + (passed > 2 * kMostGap ? 10 : 0));
        }
        now = now ? std::max(*now, mark.time) : mark.time;
        if (mark.kind == Mark::Kind::fold) {
            // What is folded takes its time out of the scale.
            mark.y = y = std::max({y, last[0], last[1]}) + kFold;
            last = {y + kFold - kSpacing, y + kFold - kSpacing};
            now = std::max(*now, recorder_.steps()[mark.step].time);
            continue;
        }
        double& rail = last[static_cast<std::size_t>(mark.rail)];
        mark.y = y = std::max(y, rail + kSpacing);
        rail = mark.y;
    }
    height_ = y + kDelay + 30;
}

void Picture::chip(Rail rail, double y, tcp::State state) {
    const double x = rail == Rail::left ? kLeft - 14 - kChipWidth : kRight + 14;
    out_ += fmt::format(
        R"svg(<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="8" fill="{}"/><text x="{:.1f}" y="{:.1f}" class="chip">{}</text>)svg"
        "\n",
        x, y - kChipHeight / 2, kChipWidth, kChipHeight, colour_of(state), x + kChipWidth / 2, y + 4,
        tcp::to_string(state));
}

void Picture::draw_rails() {
    for (const Rail rail : {Rail::left, Rail::right}) {
        const ConnectionEnd& end = rail == Rail::left ? connection_.initiator : connection_.responder;
        out_ += fmt::format(R"svg(<line x1="{0}" y1="{1}" x2="{0}" y2="{2:.1f}" class="rail"/>)svg"
                            "\n",
                            x_of(rail), kTop - 20, height_ - 20);
        out_ += fmt::format(
            R"svg(<text x="{}" y="{}" class="host">{}</text><text x="{}" y="{}" class="address">{}</text>)svg"
            "\n",
            x_of(rail), kTop - 44, svg_escaped(end.host), x_of(rail), kTop - 28, svg_escaped(end.address.to_string()));
    }
}

/// The rails are cut where time is.
void Picture::draw_cuts(double y) {
    for (const Rail rail : {Rail::left, Rail::right})
        out_ += fmt::format(R"svg(<rect x="{}" y="{:.1f}" width="8" height="10" fill="white"/>)svg"
                            R"svg(<path d="M{} {:.1f} l6 -4 m-6 10 l6 -4" class="cut"/>)svg"
                            "\n",
                            x_of(rail) - 4, y - 5, x_of(rail) - 3, y);
}

/// Above the arrows that pass.
void Picture::draw_folds() {
    for (const Mark& mark : marks_) {
        if (mark.kind != Mark::Kind::fold) continue;
        draw_cuts(mark.y - 4);
        out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="gap fold">{}</text>)svg"
                            "\n",
                            (kLeft + kRight) / 2, mark.y, svg_escaped(mark.text));
    }
}

void Picture::draw_gaps() {
    for (const auto& [y, length] : gaps_) {
        draw_cuts(y);
        out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="gap">{}</text>)svg"
                            "\n",
                            (kLeft + kRight) / 2, y + 4,
                            fmt::format(fmt::runtime(say("~ {} later ~")), duration_text(length)));
    }
}

void Picture::draw_states() {
    std::array<std::optional<tcp::State>, 2> now;
    const auto show = [&](const Mark& mark, tcp::State before, tcp::State after) {
        auto& state = now[static_cast<std::size_t>(mark.rail)];
        if (!state) chip(mark.rail, kTop - 8, before);
        if (after != state.value_or(before)) chip(mark.rail, mark.y, after);
        state = after;
    };
    for (const Mark& mark : marks_) {
        const Step& step = recorder_.steps()[mark.step];
        if (const auto* change = std::get_if<StateStep>(&step.what)) show(mark, change->before, change->after);
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        if (trip == nullptr) continue;
        if (mark.kind == Mark::Kind::departure && trip->sender) show(mark, trip->sender->before, trip->sender->after);
        if (mark.arrival != nullptr && mark.arrival->tcp)
            show(mark, mark.arrival->tcp->before, mark.arrival->tcp->after);
    }
}

void Picture::draw_label(const Mark& mark, const PacketTrip& trip, double x1, double y1, double x2, double y2,
                         std::string_view colour) {
    const Rail from = mark.rail;
    const bool whole = arrival_of(mark.step) != nullptr;
    const std::size_t room = whole ? kLabelColumns : kLostLabelColumns;
    const auto lines =
        segment_label(trip, connection_, {.absolute = options_.absolute, .width = room, .ellipsis = "…"});
    std::string label = lines.front();
    if (whole && lines.size() > 1) label = cut(fmt::format("{} {}", label, lines[1]), room, "…");
    if (!trip.summary.start_line.empty()) label += "  " + cut(trip.summary.start_line, 30, "…");
    const double angle = std::atan2(y2 - y1, std::abs(x2 - x1)) * 180 / 3.14159265358979 * -outwards(from);
    const double x = from == Rail::left ? kLeft + 16 : kRight - 16;
    const double y = y1 + (y2 - y1) * 16 / std::abs(x2 - x1) - 4;
    out_ += fmt::format(
        R"svg(<text transform="translate({:.1f} {:.1f}) rotate({:.2f})" text-anchor="{}" class="label" fill="{}">{}</text>)svg"
        "\n",
        x, y, angle, from == Rail::left ? "start" : "end", colour, svg_escaped(label));
}

void Picture::draw_segment(const Mark& mark, const PacketTrip& trip) {
    const bool again = trip.sender && trip.sender->retransmission;
    const Mark* arrival = arrival_of(mark.step);
    const Mark* missed = mark_of(mark.step, Mark::Kind::missed);
    const bool lost = trip.lost() || trip.hops.empty();
    const double share = arrival != nullptr ? 1 : lost ? 0.66 : 0.9;
    const double x1 = x_of(mark.rail), x2 = x1 + (x_of(other(mark.rail)) - x1) * share;
    const double end = arrival != nullptr ? arrival->y : missed != nullptr ? missed->y : mark.y + kDelay;
    const double y2 = mark.y + (end - mark.y) * share;
    const std::string_view colour = lost ? "#c53030" : again ? "#c05621" : "#2d3748";
    out_ +=
        fmt::format(R"svg(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" stroke="{}" class="arrow"{}/>)svg"
                    "\n",
                    x1, mark.y, x2, y2, colour,
                    lost                 ? ""
                    : arrival == nullptr ? R"svg( stroke-dasharray="6 4")svg"
                                         : fmt::format(R"svg( marker-end="url(#{})")svg", again ? "again" : "head"));
    if (lost)
        out_ += fmt::format(R"svg(<path d="M{0:.1f} {1:.1f} l10 10 m0 -10 l-10 10" class="cross"/>)svg"
                            "\n",
                            x2 - 5, y2 - 5);
    draw_label(mark, trip, x1, mark.y, x2, y2, colour);
    bottom_of_[mark.step] = mark.y;
    if (again) draw_repetition(mark, trip);
}

/// A segment that comes from a third host, or from an earlier connection: it appears on the way.
void Picture::draw_stranger(const Mark& mark, const Step& step, const PacketTrip& trip) {
    const double x1 = (kLeft + kRight) / 2 - outwards(mark.rail) * 60, x2 = x_of(mark.rail);
    const bool late = rail_of(step.host).has_value();
    out_ += fmt::format(
        R"svg(<line x1="{:.1f}" y1="{:.1f}" x2="{:.1f}" y2="{:.1f}" class="stranger" marker-end="url(#strange)"/>)svg"
        "\n",
        x1, mark.y, x2, mark.y);
    const auto lines = segment_label(trip, connection_, {.absolute = options_.absolute, .width = 44, .ellipsis = "…"});
    const std::string who = late ? fmt::format(fmt::runtime(say("late: {}")), "") : step.host + ": ";
    out_ += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="label" fill="#97266d">{}</text>)svg"
                        "\n",
                        x1, mark.y - 4, mark.rail == Rail::right ? "start" : "end", svg_escaped(who + lines.front()));
    bottom_of_[mark.step] = mark.y;
}

/// A curve from the retransmission to what it repeats, and the bar of the timer that ran out in between.
void Picture::draw_repetition(const Mark& mark, const PacketTrip& trip) {
    const Mark* original = nullptr;
    for (const Mark& one : marks_) {
        if (one.kind != Mark::Kind::departure || one.rail != mark.rail || one.y >= mark.y) continue;
        const auto& before = std::get<PacketTrip>(recorder_.steps()[one.step].what);
        if (before.summary.tcp && before.summary.tcp->seq == trip.summary.tcp->seq &&
            before.summary.tcp->flags.syn() == trip.summary.tcp->flags.syn() &&
            (before.summary.tcp->length > 0) == (trip.summary.tcp->length > 0))
            original = &one;
    }
    if (original == nullptr) return;
    const double out = outwards(mark.rail), x = x_of(mark.rail);
    out_ += fmt::format(
        R"svg(<path d="M{0:.1f} {1:.1f} C{2:.1f} {1:.1f} {2:.1f} {3:.1f} {0:.1f} {3:.1f}" class="repeat"/>)svg"
        "\n",
        x, mark.y, x + out * 34, original->y);
    const auto reason = trip.sender->reason;
    if (reason != tcp::SendReason::retransmit_timeout && reason != tcp::SendReason::tail_loss_probe) return;
    if (options_.events == nullptr)
        out_ +=
            fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="4" height="{:.1f}" fill="#ed8936" class="timer"/>)svg"
                        "\n",
                        x + out * 5 - 2, original->y, mark.y - original->y);
    out_ += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="time">{}</text>)svg"
                        "\n",
                        x - out * 6, (original->y + mark.y) / 2 + 14, mark.rail == Rail::left ? "start" : "end",
                        duration_text(mark.time - original->time));
}

void Picture::draw_side_text(const Mark& mark, std::string_view text, std::string_view colour) {
    out_ += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="label" fill="{}">{}</text>)svg"
                        "\n",
                        x_of(mark.rail) - outwards(mark.rail) * 10, mark.y + 4,
                        mark.rail == Rail::left ? "start" : "end", colour, svg_escaped(text));
}

void Picture::draw_notes() {
    double free = 0;
    std::map<double, std::string> by_height;
    for (const Remark& remark : options_.remarks)
        if (const auto at = bottom_of_.find(remark.step); at != bottom_of_.end()) by_height[at->second] += remark.text;
    for (const auto& [y, text] : by_height) {
        double line = std::max(y, free);
        out_ += fmt::format(R"svg(<path d="M{0} {1:.1f} L{2} {3:.1f}" class="pointer"/>)svg"
                            "\n",
                            kRight + 14 + kChipWidth, y, kNotes - 6, line - 3);
        for (const std::string& words : wrap(text, kNoteColumns, "…")) {
            out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="note">{}</text>)svg"
                                "\n",
                                kNotes, line, svg_escaped(words));
            line += kLine;
        }
        free = line + 8;
    }
    height_ = std::max(height_, free + 20);
}

/// Where on the picture a time is: between the marks before and after it.
double Picture::y_of(Instant time) const {
    const Mark* before = nullptr;
    for (const Mark& mark : marks_) {
        if (mark.time > time) {
            if (before == nullptr) return mark.y;
            const double share = to_seconds(time - before->time) / to_seconds(mark.time - before->time);
            return before->y + (mark.y - before->y) * share;
        }
        before = &mark;
    }
    return before != nullptr && before->time == time ? before->y : height_ - 30;
}

void Picture::draw_timers() {
    if (options_.events == nullptr || marks_.empty()) return;
    std::set<std::string_view> names;
    for (const TimerSpan& span : timer_spans(*options_.events, connection_)) {
        if (span.begin > marks_.back().time || span.end < marks_.front().time) continue;
        const double top = y_of(span.begin), bottom = span.end == kNever ? height_ - 30 : y_of(span.end);
        if (bottom - top < kLeastTimer) continue;
        const TimerLook look = look_of_timer(span.timer);
        const double x = x_of(span.rail) + outwards(span.rail) * (4.5 + 4.5 * look.lane);
        out_ += fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="3" height="{:.1f}" fill="{}" class="timer"/>)svg"
                            "\n",
                            x - 1.5, top, bottom - top, look.colour);
        if (span.expired)
            out_ += fmt::format(R"svg(<circle cx="{:.1f}" cy="{:.1f}" r="3.2" fill="{}"/>)svg"
                                "\n",
                                x, bottom, look.colour);
        names.insert(span.timer);
    }
    if (names.empty()) return;
    double x = 24;
    height_ += 14;
    const std::string_view heading = say("Timers, with a dot where they ran out:");
    out_ += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" class="time">{}</text>)svg"
                        "\n",
                        x, height_ - 12, heading);
    x += svg_text_width(heading, kTimeFontSize) + 12;
    for (const std::string_view name : names) {
        out_ += fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="12" height="4" fill="{}"/>)svg"
                            R"svg(<text x="{:.1f}" y="{:.1f}" class="time">{}</text>)svg"
                            "\n",
                            x, height_ - 17, look_of_timer(name).colour, x + 17, height_ - 12, say(name));
        x += 17 + svg_text_width(say(name), kTimeFontSize) + 16;
    }
}

std::string Picture::draw() {
    collect();
    place();
    std::string body;
    draw_gaps();
    std::optional<Instant> told;
    double last_time = 0;
    for (const Mark& mark : marks_) {
        const Step& step = recorder_.steps()[mark.step];
        if (mark.kind == Mark::Kind::missed) continue;
        if (mark.kind == Mark::Kind::fold) continue;
        const bool stranger = mark.kind == Mark::Kind::arrival && mark_of(mark.step, Mark::Kind::departure) == nullptr;
        if ((mark.kind != Mark::Kind::arrival || stranger) && told != mark.time) {
            last_time = std::max(mark.y + 4, last_time + 11);
            out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" text-anchor="end" class="time">{}</text>)svg"
                                "\n",
                                kLeft - 28 - kChipWidth, last_time, time_text(mark.time));
            told = mark.time;
        }
        if (const auto* trip = std::get_if<PacketTrip>(&step.what)) {
            if (mark.kind == Mark::Kind::departure) draw_segment(mark, *trip);
            if (stranger) draw_stranger(mark, step, *trip);
        } else if (const auto* change = std::get_if<StateStep>(&step.what)) {
            draw_side_text(mark, say(change->trigger), "#4a5568");
        } else if (const auto* note = std::get_if<Note>(&step.what)) {
            draw_side_text(mark, note->text, "#276749");
        }
    }
    draw_folds();
    draw_states();
    draw_notes();
    draw_timers();
    if (omitted_ > 0)
        out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="gap">{}</text>)svg"
                            "\n",
                            (kLeft + kRight) / 2, height_ - 12,
                            fmt::format(fmt::runtime(say("{} {} more segments {}")), "…", grouped(omitted_), "…"));
    body = std::move(out_);
    out_.clear();
    draw_rails();
    const double width = options_.remarks.empty() ? kWidthWithoutNotes : kWidth;
    const std::string title =
        fmt::format(fmt::runtime(say("TCP {}: {} {} {}, opened at {}")), index_ + 1, connection_.initiator.host, "⇄",
                    connection_.responder.host, time_text(connection_.opened));
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1:.0f}" viewBox="0 0 {0} {1:.0f}">
<style>
text {{ font-family: {6}; font-size: 11px; }}
{2}<rect width="100%" height="100%" fill="white"/>
<text x="24" y="26" class="title">{3}</text>
{4}{5}</svg>
)",
        width, height_, kStyle, svg_escaped(title), out_, body, kSvgFonts);
}

}  // namespace

std::string svg_ladder(const Recorder& recorder, ConnectionIndex connection, const SvgOptions& options) {
    return Picture(recorder, connection, options).draw();
}

}  // namespace hourglass::trace
