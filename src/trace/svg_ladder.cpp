#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <map>
#include <tuple>

#include "hourglass/trace/svg.h"
#include "trace/ladder_label.h"
#include "trace/ladder_rows.h"
#include "trace/svg_text.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

// All lengths are in pixels.
constexpr double kLeft = 250, kRight = 690;  // the rails
constexpr double kNotes = 830;               // where the narrator stands
constexpr double kWidth = 1180, kWidthWithoutNotes = 840;
constexpr double kTop = 108;
constexpr double kDelay = 40;    // that the usual way of a segment takes
constexpr double kMostGap = 70;  // that silence takes, however long
constexpr double kSpacing = 17;  // between two segments that leave at once
constexpr double kLine = 15;     // of the narrator's text
constexpr std::size_t kNoteColumns = 52;
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
    };
    Instant time;
    std::uint64_t order = 0;
    Rail rail{};
    Kind kind{};
    std::size_t step = 0;
    const Arriving* arrival = nullptr;
    double y = 0;
};

class Picture {
  public:
    Picture(const Recorder& recorder, ConnectionIndex index, const SvgOptions& options)
        : recorder_(recorder), index_(index), connection_(recorder.connections()[index]), options_(options) {}

    [[nodiscard]] std::string draw();

  private:
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
    void draw_states();
    void draw_segment(const Mark& mark, const PacketTrip& trip);
    void draw_label(const PacketTrip& trip, Rail from, double x1, double y1, double x2, double y2,
                    std::string_view colour);
    void draw_stranger(const Mark& mark, const Step& step, const PacketTrip& trip);
    void draw_repetition(const Mark& mark, const PacketTrip& trip);
    void draw_side_text(const Mark& mark, std::string_view text, std::string_view colour);
    void draw_notes();
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

void Picture::collect() {
    add_late();
    std::size_t segments = 0;
    for (const std::size_t place : recorder_.steps_of(index_)) {
        const Step& step = recorder_.steps()[place];
        if (step.time < options_.from || step.time >= options_.until) continue;
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
        now = mark.time;
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

void Picture::draw_gaps() {
    for (const auto& [y, length] : gaps_) {
        for (const Rail rail : {Rail::left, Rail::right})
            out_ += fmt::format(R"svg(<rect x="{}" y="{:.1f}" width="8" height="10" fill="white"/>)svg"
                                R"svg(<path d="M{} {:.1f} l6 -4 m-6 10 l6 -4" class="cut"/>)svg"
                                "\n",
                                x_of(rail) - 4, y - 5, x_of(rail) - 3, y);
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

void Picture::draw_label(const PacketTrip& trip, Rail from, double x1, double y1, double x2, double y2,
                         std::string_view colour) {
    auto lines = segment_label(trip, connection_, {.absolute = options_.absolute, .width = 44, .ellipsis = "…"});
    std::string label = lines.front();
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
    draw_label(trip, mark.rail, x1, mark.y, x2, y2, colour);
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
    out_ +=
        fmt::format(R"svg(<rect x="{:.1f}" y="{:.1f}" width="4" height="{:.1f}" class="timer"/>)svg"
                    R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="time">{}</text>)svg"
                    "\n",
                    x + out * 5 - 2, original->y, mark.y - original->y, x - out * 6, (original->y + mark.y) / 2 + 14,
                    mark.rail == Rail::left ? "start" : "end", duration_text(mark.time - original->time));
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

constexpr std::string_view kStyle = R"(.title { font-size: 15px; font-weight: bold; fill: #1a202c; }
.host { font-size: 14px; font-weight: bold; text-anchor: middle; fill: #1a202c; }
.address { text-anchor: middle; fill: #718096; }
.chip { text-anchor: middle; fill: white; font-size: 10px; font-weight: bold; }
.rail { stroke: #a0aec0; stroke-width: 2; }
.arrow { stroke-width: 1.4; }
.label { paint-order: stroke; stroke: white; stroke-width: 3px; stroke-linejoin: round; font-size: 10.5px; }
.cross { stroke: #c53030; stroke-width: 2.4; fill: none; }
.repeat { stroke: #c05621; stroke-width: 1.2; stroke-dasharray: 3 3; fill: none; }
.timer { fill: #ed8936; opacity: 0.55; }
.time { fill: #718096; font-size: 10px; }
.stranger { stroke: #97266d; stroke-width: 1.4; stroke-dasharray: 7 3; }
.gap { text-anchor: middle; fill: #718096; font-style: italic; }
.cut { stroke: #a0aec0; stroke-width: 1.6; fill: none; }
.note { fill: #276749; font-size: 11.5px; }
.pointer { stroke: #9ae6b4; fill: none; }
</style>
<defs>
<marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#2d3748"/></marker>
<marker id="strange" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#97266d"/></marker>
<marker id="again" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="#c05621"/></marker>
</defs>
)";

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
    draw_states();
    draw_notes();
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
