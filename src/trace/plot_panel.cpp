#include "trace/plot_panel.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <iterator>
#include <limits>

#include "trace/svg_text.h"

namespace hourglass::trace {

namespace {

// All lengths are in pixels.
constexpr double kLeft = 70, kRight = 882;
constexpr double kHeading = 18, kSubtitle = 34, kFirstLegend = 54, kLegendRow = 18;
constexpr double kStrip = 14, kBelow = 36;
constexpr double kPlotFontSize = 11;
constexpr double kFarAbove = 3;  // times the rest from which on a line leaves the picture
constexpr double kArrow = 3;
constexpr std::size_t kManyBars = 2000;  // from which on those that touch in one column of pixels become one

template <typename... Values>
void put(std::string& out, fmt::format_string<const Values&...> pattern, const Values&... values) {
    fmt::format_to(std::back_inserter(out), pattern, values...);
    out += '\n';
}

/// As many decimals as the distance of ticks asks for.
std::string tick_text(double value, double step) {
    const int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
    return fmt::format("{:.{}f}", value + 0.0, decimals);
}

}  // namespace

std::vector<double> round_ticks(double low, double high, std::size_t about) {
    if (!(high > low) || about == 0) return {low};
    const double rough = (high - low) / static_cast<double>(about);
    const double power = std::pow(10, std::floor(std::log10(rough)));
    const double first_digit = rough / power;
    const double step = power * (first_digit < 1.5 ? 1 : first_digit < 3.5 ? 2 : first_digit < 7.5 ? 5 : 10);
    std::vector<double> ticks;
    const auto begin = static_cast<std::int64_t>(std::ceil(low / step - 1e-9));
    for (std::int64_t i = begin; static_cast<double>(i) * step <= high + step * 1e-9; ++i)
        ticks.push_back(static_cast<double>(i) * step);
    return ticks;
}

Unit unit_of(Quantity quantity, double high) {
    switch (quantity) {
        case Quantity::seconds:
            if (high < 0.001) return {"µs", 1e-6};
            return high < 1 ? Unit{"ms", 1e-3} : Unit{"s", 1};
        case Quantity::octets:
            if (high < 10e3) return {"B", 1};
            return high < 1e6 ? Unit{"kB", 1e3} : high < 1e9 ? Unit{"MB", 1e6} : Unit{"GB", 1e9};
        case Quantity::bits_per_second:
            if (high < 1e3) return {"bit/s", 1};
            return high < 1e6 ? Unit{"kbit/s", 1e3} : high < 1e9 ? Unit{"Mbit/s", 1e6} : Unit{"Gbit/s", 1e9};
    }
    return {"", 1};
}

std::string in_unit(Quantity quantity, double value) {
    const Unit unit = unit_of(quantity, value);
    const double number = value / unit.size;
    const int digits = number == std::floor(number) ? 0 : number < 10 ? 2 : number < 100 ? 1 : 0;
    return fmt::format("{:.{}f} {}", number, digits, unit.name);
}

Panel::Item& Panel::add(Kind kind, std::string_view name, std::string_view colour) {
    Item& item = items_.emplace_back();
    item.kind = kind;
    item.name = name;
    item.look.colour = colour;
    return item;
}

void Panel::steps(std::string_view name, const Look& look, std::vector<Point> points) {
    if (points.empty()) return;
    Item& item = add(Kind::steps, name, look.colour);
    item.look = look;
    item.points = std::move(points);
}

void Panel::dots(std::string_view name, const Look& look, std::vector<Point> points) {
    if (points.empty()) return;
    Item& item = add(Kind::dots, name, look.colour);
    item.look = look;
    item.points = std::move(points);
}

void Panel::bars(std::string_view name, const Look& look, std::vector<Bar> bars, bool arrows) {
    if (bars.empty()) return;
    Item& item = add(Kind::bars, name, look.colour);
    item.look = look;
    item.bars = std::move(bars);
    item.arrows = arrows;
}

void Panel::band(std::string_view name, std::string_view colour, std::vector<Bar> bars) {
    if (!bars.empty()) add(Kind::band, name, colour).bars = std::move(bars);
}

void Panel::shade(std::string_view name, std::string_view colour, std::vector<Span> spans) {
    if (!spans.empty()) add(Kind::shade, name, colour).spans = std::move(spans);
}

void Panel::strip(std::string_view name, std::string_view colour, std::vector<Span> spans) {
    if (!spans.empty()) add(Kind::strip, name, colour).spans = std::move(spans);
}

void Panel::edge_marks(std::string_view name, std::string_view colour, std::vector<double> times) {
    if (times.empty()) return;
    Item& item = add(Kind::edge_marks, name, colour);
    for (const double time : times) item.points.push_back({time, 0});
}

void Panel::crosses(std::string_view name, std::string_view colour, std::vector<Point> points) {
    if (!points.empty()) add(Kind::crosses, name, colour).points = std::move(points);
}

void Panel::letters(std::string_view colour, const std::vector<Text>& texts) {
    if (!texts.empty()) add(Kind::letters, "", colour).texts = texts;
}

bool Panel::has_strip() const {
    return std::ranges::any_of(items_, [](const Item& i) { return i.kind == Kind::strip; });
}

double Panel::highest() const {
    double high = 0;
    for (const Item& item : items_) {
        if (!item.look.sets_range || item.kind == Kind::edge_marks) continue;
        for (const Point& point : item.points) high = std::max(high, point.y);
        for (const Bar& bar : item.bars) high = std::max(high, bar.high);
    }
    return high;
}

/// What does not set the range is in it as long as it does not dwarf the rest.
void Panel::set_range() {
    const double high = highest();
    double all = high;
    for (Item& item : items_) {
        if (item.look.sets_range) continue;
        double most = 0;
        for (const Point& point : item.points) most = std::max(most, point.y);
        item.above = high > 0 && most > high * kFarAbove;
        if (!item.above) all = std::max(all, most);
    }
    y_.high = all > 0 ? all * 1.06 : 1;
    unit_ = unit_of(quantity_, y_.high);
    const double margin = std::max((last_ - first_) * 0.015, 1e-6);
    x_.low = first_ - margin;
    x_.high = last_ + margin;
    time_unit_ = unit_of(Quantity::seconds, last_);
}

std::string Panel::legend_text(const Item& item) const {
    if (!item.above) return item.name;
    double most = 0;
    for (const Point& point : item.points) most = std::max(most, point.y);
    return fmt::format(fmt::runtime(above_), item.name, in_unit(quantity_, most));
}

double Panel::legend_entry(const Item& item, double x, double y) {
    const auto& colour = item.look.colour;
    const std::string text = legend_text(item);
    switch (item.kind) {
        case Kind::steps:
            put(out_, R"(<path d="M{} {} h18" stroke="{}" stroke-width="{}" stroke-dasharray="{}" fill="none"/>)", x,
                y - 4, colour, item.look.filled ? 6.0 : item.look.width + 0.4, item.look.dash);
            break;
        case Kind::dots:
            put(out_, R"(<circle cx="{}" cy="{}" r="3" fill="{}"/>)", x + 9, y - 4, colour);
            break;
        case Kind::bars:
            put(out_, R"(<path d="M{} {} v12" stroke="{}" stroke-width="2.4"/>)", x + 9, y - 10, colour);
            break;
        case Kind::edge_marks:
            put(out_, R"(<path d="M{} {} h9 l-4.5 8 z" fill="{}"/>)", x + 4.5, y - 8, colour);
            break;
        case Kind::crosses:
            put(out_, R"(<path d="M{} {} l8 8 m0 -8 l-8 8" stroke="{}" stroke-width="2"/>)", x + 5, y - 8, colour);
            break;
        default:
            put(out_, R"(<rect x="{}" y="{}" width="18" height="10" fill="{}"/>)", x, y - 9, colour);
    }
    put(out_, R"(<text x="{:.1f}" y="{}" class="legend">{}</text>)", x + 23, y, svg_escaped(text));
    return x + 23 + svg_text_width(text, kPlotFontSize) + 18;
}

/// One entry for each name, in rows.
double Panel::draw_legend(double y) {
    double x = kLeft;
    std::vector<std::string_view> told;
    for (const Item& item : items_) {
        if (item.name.empty() || std::ranges::find(told, item.name) != told.end()) continue;
        told.push_back(item.name);
        const double width = 23 + svg_text_width(legend_text(item), kPlotFontSize);
        if (x > kLeft && x + width > kRight) {
            x = kLeft;
            y += kLegendRow;
        }
        x = legend_entry(item, x, y);
    }
    return told.empty() ? y - kLegendRow : y;
}

void Panel::draw_axes(double top, double bottom) {
    const auto rows = round_ticks(0, y_.high / unit_.size, static_cast<std::size_t>((bottom - top) / 42));
    const double step = rows.size() > 1 ? rows[1] - rows[0] : 1;
    for (const double tick : rows) {
        const double y = y_(tick * unit_.size);
        put(out_,
            R"(<path d="M{} {:.1f} H{}" class="grid"/><text x="{}" y="{:.1f}" class="tick" text-anchor="end">{}</text>)",
            kLeft, y, kRight, kLeft - 7, y + 4, tick_text(tick, step));
    }
    const double below = bottom + (has_strip() ? kStrip + 4 : 0);
    const auto times = round_ticks(x_.low / time_unit_.size, x_.high / time_unit_.size, 9);
    const double apart = times.size() > 1 ? times[1] - times[0] : 1;
    for (const double tick : times) {
        const double x = x_(tick * time_unit_.size);
        put(out_,
            R"(<path d="M{:.1f} {:.1f} V{:.1f}" class="grid"/><text x="{:.1f}" y="{:.1f}" class="tick" text-anchor="middle">{}</text>)",
            x, top, bottom, x, below + 14, tick_text(tick, apart));
    }
    put(out_, R"(<text x="{}" y="{:.1f}" class="caption" text-anchor="end">{}</text>)", kLeft - 7, top - 8, unit_.name);
    put(out_, R"(<text x="{}" y="{:.1f}" class="caption" text-anchor="end">{}, {}</text>)", kRight, below + 28,
        time_caption_, time_unit_.name);
}

/// Within a column of pixels only the least, the greatest and the last value can be seen.
void Panel::draw_steps(const Item& item) {
    std::string path;
    auto out = std::back_inserter(path);
    double column = -1, least = 0, most = 0, now = 0;
    const auto finish_column = [&] {
        if (column < 0) return;
        if (path.empty())
            fmt::format_to(out, "M{:.1f} {:.1f}", column, now);
        else
            fmt::format_to(out, "H{:.1f}", column);
        if (most > least) fmt::format_to(out, "V{:.1f}V{:.1f}", least, most);
        fmt::format_to(out, "V{:.1f}", now);
    };
    for (const Point& point : item.points) {
        const double x = std::round(std::clamp(x_(point.x), kLeft, kRight) * 2) / 2, y = y_(point.y);
        if (x != column) {
            finish_column();
            least = most = path.empty() ? y : now;
            column = x;
        }
        least = std::min(least, y);
        most = std::max(most, y);
        now = y;
    }
    finish_column();
    fmt::format_to(out, "H{:.1f}", x_(last_));
    if (item.look.filled) {
        put(out_, R"(<path d="{}V{:.1f}H{:.1f}Z" fill="{}" class="area"/>)", path, y_(0), x_(item.points.front().x),
            item.look.colour);
        return;
    }
    put(out_, R"(<path d="{}" class="line" stroke="{}" stroke-width="{}" stroke-dasharray="{}"/>)", path,
        item.look.colour, item.look.width, item.look.dash);
}

void Panel::draw_dots(const Item& item) {
    put(out_, R"(<g fill="{}" class="dots" data-count="{}">)", item.look.colour, item.points.size());
    std::pair<double, double> last{-1, -1};
    for (const Point& point : item.points) {
        const std::pair now(std::round(x_(point.x)), std::round(y_(point.y)));
        if (now == last) continue;
        last = now;
        put(out_, R"(<circle cx="{:.1f}" cy="{:.1f}" r="{}"/>)", x_(point.x), y_(point.y), item.look.width);
    }
    put(out_, "</g>");
}

void Panel::draw_bars(const Item& item) {
    std::string path;
    const bool merges = item.bars.size() > kManyBars;
    for (std::size_t i = 0; i < item.bars.size();) {
        const double x = x_(item.bars[i].x);
        double low = y_(item.bars[i].low), high = y_(item.bars[i].high);
        for (++i; merges && i < item.bars.size(); ++i) {
            const Bar& next = item.bars[i];
            if (x_(next.x) - x > 0.7 || y_(next.low) < high - 1 || y_(next.high) > low + 1) break;
            low = std::max(low, y_(next.low));
            high = std::min(high, y_(next.high));
        }
        if (low - high < 1.5) high = low - 1.5;
        fmt::format_to(std::back_inserter(path), "M{:.1f} {:.1f}V{:.1f}", x, low, high);
        if (item.arrows && low - high > 2.5 * kArrow)
            fmt::format_to(std::back_inserter(path), "m{0} {1}l-{0} -{1} -{0} {1}M{2:.1f} {3:.1f}l{0} {1} {0} -{1}",
                           kArrow, kArrow, x - kArrow, low - kArrow);
    }
    put(out_, R"(<path d="{}" class="bars" stroke="{}" stroke-width="{}" data-count="{}"/>)", path, item.look.colour,
        item.look.width, item.bars.size());
}

void Panel::draw_band(const Item& item) {
    std::string upper, lower;
    for (std::size_t i = 0; i < item.bars.size(); ++i) {
        const Bar& bar = item.bars[i];
        const double end = x_(i + 1 < item.bars.size() ? item.bars[i + 1].x : last_);
        if (end - x_(bar.x) < 0.4 && i + 1 < item.bars.size()) continue;
        upper += fmt::format("{}{:.1f} {:.1f}H{:.1f}", upper.empty() ? "M" : "L", x_(bar.x), y_(bar.high), end);
        lower.insert(0, fmt::format("L{:.1f} {:.1f}H{:.1f}", end, y_(std::max(0.0, bar.low)), x_(bar.x)));
    }
    put(out_, R"(<path d="{}{}Z" fill="{}" class="area"/>)", upper, lower, item.look.colour);
}

void Panel::draw_crosses(const Item& item) {
    std::string path;
    for (const Point& point : item.points)
        path += fmt::format("M{:.1f} {:.1f}l7 7m0 -7l-7 7", x_(point.x) - 3.5, y_(point.y) - 3.5);
    put(out_, R"(<path d="{}" class="bars" stroke="{}" stroke-width="2" data-count="{}"/>)", path, item.look.colour,
        item.points.size());
}

void Panel::draw_letters(const Item& item) {
    constexpr double kHeight = 10;
    for (const Text& text : item.texts) {
        const double width = svg_text_width(text.text, kPlotFontSize) + 1;
        const double x = x_(text.x), y = y_(text.y);
        const std::array<Point, 3> places{{{x - width / 2, y - 5}, {x + 5, y + 4}, {x - 5 - width, y + 4}}};
        for (const Point& place : places) {
            const Box box{place.x, place.y - kHeight, place.x + width, place.y};
            const bool free =
                box.left >= kLeft && box.right <= kRight + 10 && std::ranges::none_of(taken_, [&](const Box& other) {
                    return box.left < other.right && other.left < box.right && box.top < other.bottom &&
                           other.top < box.bottom;
                });
            if (!free) continue;
            taken_.push_back(box);
            put(out_, R"(<text x="{:.1f}" y="{:.1f}" class="letter" fill="{}">{}</text>)", place.x, place.y,
                item.look.colour, svg_escaped(text.text));
            break;
        }
    }
}

void Panel::draw_strip(double top) {
    if (!has_strip()) return;
    put(out_, R"(<rect x="{}" y="{:.1f}" width="{}" height="{}" fill="#edf2f7"/>)", kLeft, top, kRight - kLeft, kStrip);
    for (const Item& item : items_) {
        if (item.kind != Kind::strip) continue;
        std::string path;
        for (const Span& span : item.spans)
            path += fmt::format("M{:.1f} {:.1f}H{:.1f}V{:.1f}H{:.1f}Z", x_(span.begin), top,
                                std::max(x_(span.end), x_(span.begin) + 0.4), top + kStrip, x_(span.begin));
        put(out_, R"(<path d="{}" fill="{}" class="strip"/>)", path, item.look.colour);
    }
}

void Panel::draw_item(const Item& item) {
    switch (item.kind) {
        case Kind::steps:
            return draw_steps(item);
        case Kind::dots:
            return draw_dots(item);
        case Kind::bars:
            return draw_bars(item);
        case Kind::band:
            return draw_band(item);
        case Kind::crosses:
            return draw_crosses(item);
        case Kind::shade:
            for (const Span& span : item.spans)
                put(out_, R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>)", x_(span.begin),
                    y_.to, std::max(1.0, x_(span.end) - x_(span.begin)), y_.from - y_.to, item.look.colour);
            return;
        case Kind::edge_marks: {
            std::string path;
            for (const Point& point : item.points)
                path += fmt::format("M{:.1f} {:.1f}h9l-4.5 8z", x_(point.x) - 4.5, y_.to);
            put(out_, R"(<path d="{}" fill="{}" class="edge" data-count="{}"/>)", path, item.look.colour,
                item.points.size());
            return;
        }
        case Kind::strip:
        case Kind::letters:
            return;
    }
}

std::string Panel::draw(double top, double height) {
    out_.clear();
    taken_.clear();
    set_range();
    put(out_, R"(<text x="{}" y="{:.1f}" class="heading">{}</text>)", 24, top + kHeading, svg_escaped(heading_));
    if (!subtitle_.empty())
        put(out_, R"(<text x="{}" y="{:.1f}" class="subtitle">{}</text>)", 24, top + kSubtitle, svg_escaped(subtitle_));
    const double area_top = draw_legend(top + (subtitle_.empty() ? kFirstLegend - 12 : kFirstLegend)) + 22;
    const double area_bottom = top + height - kBelow - (has_strip() ? kStrip + 4 : 0);
    x_.from = kLeft, x_.to = kRight;
    y_.from = area_bottom, y_.to = area_top;
    const std::string clip = fmt::format("area{:.0f}", top);
    put(out_, R"(<clipPath id="{}"><rect x="{}" y="{:.1f}" width="{}" height="{:.1f}"/></clipPath>)", clip, kLeft,
        area_top, kRight - kLeft, area_bottom - area_top);
    put(out_, R"svg(<g clip-path="url(#{})">)svg", clip);
    for (const Item& item : items_)
        if (item.kind == Kind::shade) draw_item(item);
    put(out_, "</g>");
    draw_axes(area_top, area_bottom);
    put(out_, R"svg(<g clip-path="url(#{})">)svg", clip);
    for (const Item& item : items_)
        if (item.kind != Kind::shade) draw_item(item);
    put(out_, "</g>");
    put(out_, R"(<path d="M{} {:.1f} V{:.1f} H{}" class="axis"/>)", kLeft, area_top, area_bottom, kRight);
    for (const Item& item : items_)
        if (item.kind == Kind::letters) draw_letters(item);
    draw_strip(area_bottom + 3);
    return std::move(out_);
}

}  // namespace hourglass::trace
