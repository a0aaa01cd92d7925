#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hourglass::trace {

/// What the numbers on an axis are.
enum class Quantity : std::uint8_t { seconds, octets, bits_per_second };

/// A range of values that is drawn from one pixel to another.
struct Scale {
    double low = 0, high = 1;
    double from = 0, to = 1;  ///< Pixels.
    [[nodiscard]] double operator()(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

/// Multiples of 1, 2 or 5 times a power of ten between two values, about as many as asked for.
[[nodiscard]] std::vector<double> round_ticks(double low, double high, std::size_t about);

/// The unit in which a quantity up to `high` is best read, and what it counts: {"kB", 1000}.
struct Unit {
    std::string_view name;
    double size = 1;
};
[[nodiscard]] Unit unit_of(Quantity quantity, double high);
/// `12.5 kB`, with three digits.
[[nodiscard]] std::string in_unit(Quantity quantity, double value);

/// A plot of values over time: data in its own units, drawn with axes, round ticks, and a legend of what is there. What
/// is added first lies below.
class Panel {
  public:
    static constexpr double kWidth = 900;

    struct Point {
        double x = 0, y = 0;
    };
    struct Look {
        std::string_view colour = "#2d3748";
        double width = 1.6;
        std::string_view dash = "";
        bool filled = false;     ///< Down to the axis, in a light tint.
        bool sets_range = true;  ///< Else what lies far above the rest is out of the picture, and the legend says so.
    };
    struct Bar {
        double x = 0, low = 0, high = 0;
    };
    struct Span {
        double begin = 0, end = 0;
    };
    struct Text {
        double x = 0, y = 0;
        std::string_view text;
    };

    Panel(std::string heading, std::string subtitle, Quantity quantity)
        : heading_(std::move(heading)), subtitle_(std::move(subtitle)), quantity_(quantity) {}

    void set_time(double first, double last) { first_ = first, last_ = last; }
    /// Text for what the legend says of a line that lies above the picture, with a place for the value.
    void set_above(std::string_view pattern) { above_ = pattern; }
    /// The caption of the axis of time.
    void set_time_caption(std::string_view caption) { time_caption_ = caption; }

    /// A value that holds until the next.
    void steps(std::string_view name, const Look& look, std::vector<Point> points);
    void dots(std::string_view name, const Look& look, std::vector<Point> points);
    /// Upright bars; without a name they are not in the legend.
    void bars(std::string_view name, const Look& look, std::vector<Bar> bars, bool arrows = false);
    /// Between two lines of steps at the same times: low and high of each.
    void band(std::string_view name, std::string_view colour, std::vector<Bar> bars);
    /// Intervals of time, from top to bottom.
    void shade(std::string_view name, std::string_view colour, std::vector<Span> spans);
    /// Intervals of time, as a strip below the axis.
    void strip(std::string_view name, std::string_view colour, std::vector<Span> spans);
    /// Small triangles at the upper edge.
    void edge_marks(std::string_view name, std::string_view colour, std::vector<double> times);
    void crosses(std::string_view name, std::string_view colour, std::vector<Point> points);
    /// Letters beside what they speak of, left out where they would lie on others.
    void letters(std::string_view colour, const std::vector<Text>& texts);

    /// The panel as SVG elements from `top` on, `height` high.
    [[nodiscard]] std::string draw(double top, double height);

  private:
    enum class Kind : std::uint8_t { steps, dots, bars, band, shade, strip, edge_marks, crosses, letters };
    struct Item {
        Kind kind{};
        std::string name{};
        Look look{};
        bool arrows = false;
        std::vector<Point> points{};
        std::vector<Bar> bars{};
        std::vector<Span> spans{};
        std::vector<Text> texts{};
        bool above = false;  // out of the picture
    };
    struct Box {
        double left = 0, top = 0, right = 0, bottom = 0;
    };

    Item& add(Kind kind, std::string_view name, std::string_view colour);
    [[nodiscard]] double highest() const;
    void set_range();
    double draw_legend(double y);
    double legend_entry(const Item& item, double x, double y);
    void draw_axes(double top, double bottom);
    void draw_item(const Item& item);
    void draw_steps(const Item& item);
    void draw_dots(const Item& item);
    void draw_bars(const Item& item);
    void draw_band(const Item& item);
    void draw_crosses(const Item& item);
    void draw_letters(const Item& item);
    void draw_strip(double top);
    [[nodiscard]] bool has_strip() const;
    [[nodiscard]] std::string legend_text(const Item& item) const;

    std::string heading_, subtitle_;
    Quantity quantity_;
    double first_ = 0, last_ = 1;
    std::string_view above_ = "{} (above: {})", time_caption_ = "time";
    std::vector<Item> items_;
    std::vector<Box> taken_;
    Scale x_, y_;
    Unit unit_{"", 1}, time_unit_{"s", 1};
    std::string out_;
};

}  // namespace hourglass::trace
