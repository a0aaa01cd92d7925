#include "hourglass/trace/state_diagram.h"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <span>
#include <tuple>
#include <vector>

#include "trace/ladder_content.h"
#include "trace/ladder_label.h"
#include "trace/svg_text.h"
#include "trace/text.h"

namespace hourglass::trace {

namespace {

using tcp::State;

// All lengths are in pixels. The layout is that of the RFC's figure, with room for the labels.
constexpr double kBoxWidth = 124, kBoxHeight = 36;
constexpr double kList = 770, kWidth = 1180, kHeight = 850;
constexpr double kTitle = 34;
constexpr std::size_t kListColumns = 54;

struct Spot {
    double x = 0, y = 0;
};

struct Colours {
    std::string_view strong, tint;
};
constexpr std::array<Colours, 2> kColours{{{"#2b6cb0", "#d3e7f8"}, {"#c05621", "#fde4c4"}}};

/// A box of the figure; CLOSED stands in it twice, where connections begin and where they end.
struct Box {
    State state{};
    Spot middle{};
    bool end = false;
};
constexpr Box kBoxes[] = {
    {State::closed, {370, 84}},      {State::listen, {370, 194}},      {State::syn_received, {110, 314}},
    {State::syn_sent, {630, 314}},   {State::established, {370, 414}}, {State::fin_wait_1, {110, 524}},
    {State::close_wait, {630, 524}}, {State::fin_wait_2, {110, 664}},  {State::closing, {370, 664}},
    {State::last_ack, {630, 664}},   {State::time_wait, {370, 784}},   {State::closed, {630, 784}, true},
};

/// A transition: a cubic curve between the borders of two boxes, and its words.
struct Edge {
    State from{}, to{};
    std::array<Spot, 4> curve{};
    std::string_view event{}, action{};
    Spot label{};
    std::string_view anchor = "start";
    double apart = 13;  // between the event's line and the action's
};

constexpr std::array<Spot, 4> straight(Spot a, Spot b) { return {a, a, b, b}; }

constexpr Edge kFigure[] = {
    {State::closed, State::listen, straight({345, 102}, {345, 176}), "passive OPEN", "create TCB", {336, 136}, "end"},
    {State::listen, State::closed, straight({395, 176}, {395, 102}), "CLOSE", "delete TCB", {404, 136}},
    {State::closed,
     State::syn_sent,
     {{{432, 78}, {580, 78}, {664, 150}, {664, 296}}},
     "active OPEN",
     "create TCB, snd SYN",
     {640, 126}},
    {State::syn_sent,
     State::closed,
     {{{606, 296}, {600, 180}, {540, 98}, {432, 94}}},
     "CLOSE",
     "delete TCB",
     {540, 178},
     "end"},
    {State::listen,
     State::syn_received,
     {{{330, 212}, {318, 262}, {260, 300}, {172, 306}}},
     "rcv SYN",
     "snd SYN,ACK",
     {276, 246},
     "end"},
    {State::syn_received,
     State::listen,
     {{{86, 296}, {86, 210}, {190, 188}, {308, 188}}},
     "rcv RST",
     "",
     {80, 224},
     "end"},
    {State::listen, State::syn_sent, {{{410, 212}, {422, 262}, {480, 300}, {568, 306}}}, "SEND", "snd SYN", {464, 246}},
    {State::syn_sent,
     State::syn_received,
     straight({568, 322}, {172, 322}),
     "rcv SYN",
     "snd SYN,ACK",
     {340, 316},
     "middle",
     21},
    {State::syn_received,
     State::established,
     {{{150, 332}, {164, 388}, {240, 410}, {308, 410}}},
     "rcv ACK of SYN",
     "",
     {206, 372}},
    {State::syn_sent,
     State::established,
     {{{590, 332}, {576, 388}, {500, 410}, {432, 410}}},
     "rcv SYN,ACK",
     "snd ACK",
     {536, 360},
     "end"},
    {State::syn_received, State::fin_wait_1, straight({86, 332}, {86, 506}), "CLOSE", "snd FIN", {95, 424}},
    {State::established,
     State::fin_wait_1,
     {{{330, 432}, {318, 486}, {250, 516}, {172, 520}}},
     "CLOSE",
     "snd FIN",
     {272, 468},
     "end"},
    {State::established,
     State::close_wait,
     {{{410, 432}, {422, 486}, {490, 516}, {568, 520}}},
     "rcv FIN",
     "snd ACK",
     {468, 468}},
    {State::fin_wait_1, State::fin_wait_2, straight({86, 542}, {86, 646}), "rcv ACK of FIN", "", {95, 604}},
    {State::fin_wait_1,
     State::closing,
     {{{172, 532}, {260, 548}, {352, 566}, {362, 646}}},
     "rcv FIN",
     "snd ACK",
     {342, 562}},
    {State::fin_wait_2,
     State::time_wait,
     {{{86, 682}, {90, 768}, {190, 792}, {308, 792}}},
     "rcv FIN",
     "snd ACK",
     {66, 746},
     "middle"},
    {State::closing, State::time_wait, straight({370, 682}, {370, 766}), "rcv ACK of FIN", "", {379, 730}},
    {State::close_wait, State::last_ack, straight({630, 542}, {630, 646}), "CLOSE", "snd FIN", {639, 596}},
    {State::last_ack, State::closed, straight({630, 682}, {630, 766}), "rcv ACK of FIN", "", {639, 730}},
    {State::time_wait,
     State::closed,
     straight({432, 784}, {568, 784}),
     "timeout 2 MSL",
     "delete TCB",
     {500, 777},
     "middle",
     22},
};

// What the figure leaves out (RFC 9293, figure 5, notes 1 to 3), drawn only when it was walked.
constexpr Edge kBeside[] = {
    {State::fin_wait_1, State::time_wait, {{{150, 542}, {200, 640}, {236, 740}, {308, 776}}}},
    {State::syn_received, State::closed, {{{66, 296}, {50, 120}, {180, 80}, {308, 80}}}},
    {State::syn_received, State::close_wait, {{{172, 328}, {360, 346}, {540, 420}, {590, 506}}}},
    {State::syn_sent, State::close_wait, {{{670, 332}, {710, 390}, {710, 450}, {670, 506}}}},
    {State::established, State::closed, {{{432, 424}, {500, 450}, {500, 700}, {580, 766}}}},
    {State::established, State::last_ack, {{{424, 432}, {480, 500}, {520, 590}, {580, 646}}}},
    {State::fin_wait_1, State::closed, {{{172, 540}, {330, 580}, {510, 660}, {586, 766}}}},
    {State::fin_wait_2, State::closed, {{{110, 682}, {120, 860}, {540, 860}, {610, 802}}}},
    {State::closing, State::closed, {{{432, 672}, {490, 690}, {560, 730}, {594, 766}}}},
    {State::close_wait, State::closed, {{{692, 534}, {760, 590}, {760, 730}, {692, 776}}}},
    {State::time_wait, State::listen, {{{320, 766}, {200, 600}, {220, 330}, {320, 212}}}},
    {State::time_wait, State::syn_received, {{{320, 766}, {230, 640}, {200, 420}, {160, 332}}}},
};

bool ends_below(State from) {
    return from != State::closed && from != State::listen && from != State::syn_received && from != State::syn_sent;
}

Spot middle_of(State state, bool end) {
    const auto* box =
        std::ranges::find_if(kBoxes, [&](const Box& b) { return b.state == state && (b.end == end || !end); });
    return box->middle;
}

/// The figure's, one that it leaves out, or a straight line where there is none.
Edge edge_between(State from, State to) {
    for (const std::span<const Edge> edges : {std::span<const Edge>(kFigure), std::span<const Edge>(kBeside)})
        for (const Edge& edge : edges)
            if (edge.from == from && edge.to == to) return edge;
    const Spot a = middle_of(from, false), b = middle_of(to, to == State::closed && ends_below(from));
    const double up = b.y < a.y ? -1 : 1;
    return {from, to, straight({a.x, a.y + up * kBoxHeight / 2}, {b.x, b.y - up * kBoxHeight / 2})};
}

bool is_in_figure(State from, State to) {
    return std::ranges::any_of(kFigure, [&](const Edge& e) { return e.from == from && e.to == to; });
}

Spot on_curve(const std::array<Spot, 4>& c, double t) {
    const double a = (1 - t) * (1 - t) * (1 - t), b = 3 * t * (1 - t) * (1 - t), d = 3 * t * t * (1 - t), e = t * t * t;
    return {a * c[0].x + b * c[1].x + d * c[2].x + e * c[3].x, a * c[0].y + b * c[1].y + d * c[2].y + e * c[3].y};
}

/// One transition of one end.
struct Walked {
    Instant time;
    std::uint64_t order = 0;
    State from{}, to{};
    std::string trigger;
    std::string clause;
};

class Diagram {
  public:
    Diagram(const Recorder& recorder, ConnectionIndex index, const StateDiagramOptions& options)
        : recorder_(recorder), index_(index), connection_(recorder.connections()[index]), options_(options) {}

    [[nodiscard]] std::string draw();

  private:
    void collect();
    void collect(Rail rail, std::string_view host);
    void draw_edges();
    void draw_walked(Rail rail);
    void draw_badge(Spot at, Rail rail, std::size_t number);
    void draw_boxes();
    void draw_labels();
    double draw_list(Rail rail, double y);
    [[nodiscard]] bool shows(Rail rail) const;
    [[nodiscard]] bool visits(Rail rail, const Box& box) const;
    [[nodiscard]] const std::vector<Walked>& path(Rail rail) const { return paths_[static_cast<std::size_t>(rail)]; }
    [[nodiscard]] static const Colours& colours(Rail rail) { return kColours[static_cast<std::size_t>(rail)]; }
    [[nodiscard]] const ConnectionEnd& end_of(Rail rail) const {
        return rail == Rail::left ? connection_.initiator : connection_.responder;
    }
    [[nodiscard]] std::string_view say(std::string_view english) const {
        return in_language(options_.language, english);
    }

    const Recorder& recorder_;
    ConnectionIndex index_;
    const ConnectionTrace& connection_;
    const StateDiagramOptions& options_;
    std::array<std::vector<Walked>, 2> paths_;
    std::string out_;
};

bool Diagram::shows(Rail rail) const {
    using Ends = StateDiagramOptions::Ends;
    return options_.ends == Ends::both || (options_.ends == Ends::initiator) == (rail == Rail::left);
}

void Diagram::collect() {
    for (const Rail rail : {Rail::left, Rail::right})
        if (shows(rail)) collect(rail, end_of(rail).host);
}

void Diagram::collect(Rail rail, std::string_view host) {
    auto& walked = paths_[static_cast<std::size_t>(rail)];
    const auto add = [&](Walked one) {
        if (one.from != one.to && one.time >= options_.from && one.time < options_.until)
            walked.push_back(std::move(one));
    };
    for (const std::size_t place : recorder_.steps_of(index_)) {
        const Step& step = recorder_.steps()[place];
        if (const auto* change = std::get_if<StateStep>(&step.what); change != nullptr && step.host == host)
            add({step.time, step.order, change->before, change->after, change->trigger, {}});
        const auto* trip = std::get_if<PacketTrip>(&step.what);
        if (trip == nullptr) continue;
        if (trip->sender && step.host == host)
            add({step.time, step.order, trip->sender->before, trip->sender->after, trip->sender->trigger, {}});
        for (const Arriving& arrival : trip->arrivals)
            if (arrival.tcp && arrival.host == host)
                add({arrival.time, arrival.order, arrival.tcp->before, arrival.tcp->after, arrival.tcp->trigger,
                     arrival.tcp->clause});
    }
    std::ranges::sort(
        walked, [](const Walked& a, const Walked& b) { return std::tie(a.time, a.order) < std::tie(b.time, b.order); });
}

bool Diagram::visits(Rail rail, const Box& box) const {
    return std::ranges::any_of(path(rail), [&](const Walked& one) {
        if (one.from == box.state && !box.end) return true;
        return one.to == box.state && (box.state != State::closed || box.end == ends_below(one.from));
    });
}

std::string curve_text(const std::array<Spot, 4>& c) {
    return fmt::format("M{:.1f} {:.1f} C{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}", c[0].x, c[0].y, c[1].x, c[1].y,
                       c[2].x, c[2].y, c[3].x, c[3].y);
}

void Diagram::draw_edges() {
    for (const Edge& edge : kFigure)
        out_ += fmt::format(R"svg(<path d="{}" class="edge" marker-end="url(#plain)"/>)svg"
                            "\n",
                            curve_text(edge.curve));
}

/// Both ends may have gone the same way: then their lines lie side by side.
void Diagram::draw_walked(Rail rail) {
    const auto passes = [](const std::vector<Walked>& walked, const Walked& one) {
        return std::ranges::any_of(walked, [&](const Walked& w) { return w.from == one.from && w.to == one.to; });
    };
    const auto& walked = path(rail);
    for (std::size_t i = 0; i < walked.size(); ++i) {
        Edge edge = edge_between(walked[i].from, walked[i].to);
        if (passes(path(other(rail)), walked[i]))
            for (Spot& spot : edge.curve) {
                spot.x += rail == Rail::left ? -3 : 3;
                spot.y += rail == Rail::left ? -3 : 3;
            }
        std::size_t before = 0;
        for (std::size_t j = 0; j < i; ++j)
            if (walked[j].from == walked[i].from && walked[j].to == walked[i].to) ++before;
        if (before == 0)
            out_ += fmt::format(R"svg(<path d="{}" class="walked" stroke="{}"{} marker-end="url(#end{})"/>)svg"
                                "\n",
                                curve_text(edge.curve), colours(rail).strong,
                                is_in_figure(walked[i].from, walked[i].to) ? "" : R"( stroke-dasharray="7 4")",
                                static_cast<int>(rail));
        const double aside = passes(path(other(rail)), walked[i]) ? (rail == Rail::left ? -0.12 : 0.12) : 0;
        draw_badge(on_curve(edge.curve, std::min(0.5 + aside + 0.1 * static_cast<double>(before), 0.9)), rail, i + 1);
    }
}

void Diagram::draw_badge(Spot at, Rail rail, std::size_t number) {
    out_ += fmt::format(
        R"svg(<circle cx="{0:.1f}" cy="{1:.1f}" r="8.5" fill="{2}" class="badge"/><text x="{0:.1f}" y="{3:.1f}" class="number">{4}</text>)svg"
        "\n",
        at.x, at.y, colours(rail).strong, at.y + 3.6, number);
}

void Diagram::draw_boxes() {
    for (const Box& box : kBoxes) {
        const bool left = visits(Rail::left, box), right = visits(Rail::right, box);
        const std::string fill = left && right ? "url(#both)"
                                 : left        ? std::string(colours(Rail::left).tint)
                                 : right       ? std::string(colours(Rail::right).tint)
                                               : "white";
        const std::string_view border = left    ? colours(Rail::left).strong
                                        : right ? colours(Rail::right).strong
                                                : std::string_view("#a0aec0");
        out_ += fmt::format(
            R"svg(<rect x="{:.1f}" y="{:.1f}" width="{}" height="{}" rx="7" fill="{}" stroke="{}" stroke-width="{}"/><text x="{:.1f}" y="{:.1f}" class="state"{}>{}</text>)svg"
            "\n",
            box.middle.x - kBoxWidth / 2, box.middle.y - kBoxHeight / 2, kBoxWidth, kBoxHeight, fill, border,
            left || right ? "2" : "1.4", box.middle.x, box.middle.y + 4.5, left || right ? "" : R"( fill="#4a5568")",
            tcp::to_string(box.state));
    }
}

void Diagram::draw_labels() {
    for (const Edge& edge : kFigure) {
        const auto line = [&](std::string_view text, double y, std::string_view style) {
            out_ += fmt::format(R"svg(<text x="{:.1f}" y="{:.1f}" text-anchor="{}" class="{}">{}</text>)svg"
                                "\n",
                                edge.label.x, y, edge.anchor, style, text);
        };
        line(edge.event, edge.label.y, "event");
        if (!edge.action.empty()) line(edge.action, edge.label.y + edge.apart, "action");
    }
}

double Diagram::draw_list(Rail rail, double y) {
    out_ += fmt::format(
        R"svg(<text x="{}" y="{:.1f}" class="heading" fill="{}">{} <tspan class="address">{}</tspan></text>)svg"
        "\n",
        kList, y, colours(rail).strong, svg_escaped(end_of(rail).host), end_of(rail).address.to_string());
    y += 14;
    if (path(rail).empty()) {
        out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="action">{}</text>)svg"
                            "\n",
                            kList, y + 10, say("no change of state was recorded"));
        return y + 40;
    }
    for (std::size_t i = 0; i < path(rail).size(); ++i) {
        const Walked& one = path(rail)[i];
        y += 18;
        draw_badge({kList + 9, y - 4}, rail, i + 1);
        out_ += fmt::format(
            R"svg(<text x="{}" y="{:.1f}" class="time">{}</text><text x="{}" y="{:.1f}" class="step">{} → {}</text>)svg"
            "\n",
            kList + 96, y, time_text(one.time), kList + 108, y, tcp::to_string(one.from), tcp::to_string(one.to));
        std::string why = triggers_text(one.trigger.empty() ? "state changed" : one.trigger, options_.language);
        if (!one.clause.empty()) why += fmt::format(" {}", together(fmt::format("({})", one.clause)));
        for (const std::string& line : wrap(why, kListColumns - 14, "…")) {
            y += 14;
            out_ += fmt::format(R"svg(<text x="{}" y="{:.1f}" class="trigger">{}</text>)svg"
                                "\n",
                                kList + 108, y, svg_escaped(line));
        }
        y += 5;
    }
    return y + 34;
}

constexpr std::string_view kStyle = R"(.title { font-size: 16px; font-weight: bold; fill: #1a202c; }
.state { text-anchor: middle; font-size: 12.5px; font-weight: bold; }
.edge { stroke: #a0aec0; stroke-width: 1.3; fill: none; }
.walked { stroke-width: 2.6; fill: none; }
.badge { stroke: white; stroke-width: 1.5; }
.number { text-anchor: middle; fill: white; font-size: 10px; font-weight: bold; }
.event, .action { paint-order: stroke; stroke: white; stroke-width: 3px; stroke-linejoin: round; }
.event { fill: #2d3748; }
.action { fill: #718096; }
.heading { font-size: 14px; font-weight: bold; }
.address { font-size: 11px; font-weight: normal; fill: #718096; }
.time { text-anchor: end; fill: #718096; }
.step { font-weight: bold; fill: #1a202c; }
.trigger { fill: #4a5568; }
.foot { fill: #718096; font-size: 10px; }
)";

std::string marker(std::string_view name, std::string_view colour, double size) {
    return fmt::format(
        R"svg(<marker id="{}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="{}" markerHeight="{}" markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 L10 5 L0 10 z" fill="{}"/></marker>)svg"
        "\n",
        name, size, size, colour);
}

std::string Diagram::draw() {
    collect();
    draw_edges();
    for (const Rail rail : {Rail::left, Rail::right}) draw_walked(rail);
    draw_boxes();
    draw_labels();
    double y = 84;
    for (const Rail rail : {Rail::left, Rail::right})
        if (shows(rail)) y = draw_list(rail, y);
    const double height = std::max(kHeight, y);
    const std::string title =
        fmt::format(fmt::runtime(say("TCP {}: the states of {} and {}")), index_ + 1,
                    svg_escaped(connection_.initiator.host), svg_escaped(connection_.responder.host));
    return fmt::format(
        R"(<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1:.0f}" viewBox="0 0 {0} {1:.0f}">
<style>
text {{ font-family: {2}; font-size: 11px; }}
{3}</style>
<defs>
{4}{5}{6}<linearGradient id="both"><stop offset="50%" stop-color="{7}"/><stop offset="50%" stop-color="{8}"/></linearGradient>
</defs>
<rect width="100%" height="100%" fill="white"/>
<text x="24" y="{9}" class="title">{10}</text>
{11}<text x="24" y="{12:.0f}" class="foot">{13}</text>
</svg>
)",
        kWidth, height, kSvgFonts, kStyle, marker("plain", "#a0aec0", 9), marker("end0", kColours[0].strong, 12),
        marker("end1", kColours[1].strong, 12), kColours[0].tint, kColours[1].tint, kTitle, title, out_, height - 14,
        say("The diagram: RFC 9293, figure 5. Dashed: what the figure leaves out."));
}

}  // namespace

std::string state_diagram(const Recorder& recorder, ConnectionIndex connection, const StateDiagramOptions& options) {
    return Diagram(recorder, connection, options).draw();
}

}  // namespace hourglass::trace
