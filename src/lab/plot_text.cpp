#include "lab/plot_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fmt/format.h>

#include "lab/story.h"
#include "trace/text.h"

namespace hourglass::lab {

namespace {

constexpr std::size_t kHeight = 6;  // lines of a curve
constexpr std::size_t kAxis = 10;   // columns of the numbers at the left
constexpr std::array<std::string_view, 9> kEighths = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr std::array<std::string_view, 9> kAscii = {" ", ".", ".", ".", ":", ":", ":", "#", "#"};

struct Scale {
    Instant begin = kNever, end{};
    double most = 0;
};

Scale scale_of(const Plot& plot) {
    Scale scale;
    for (const Plot::Series& series : plot.series)
        for (const auto& [time, value] : series.points) {
            scale.begin = std::min(scale.begin, time);
            scale.end = std::max(scale.end, time);
            scale.most = std::max(scale.most, value);
        }
    return scale;
}

/// For each column the greatest value in its time; a column without a point keeps the last one.
std::vector<double> columns_of(const Plot::Series& series, const Scale& scale, std::size_t count) {
    std::vector<double> columns(count, -1);
    const double span = std::max(to_seconds(scale.end - scale.begin), 1e-9);
    for (const auto& [time, value] : series.points) {
        const auto at = static_cast<std::size_t>(to_seconds(time - scale.begin) / span * static_cast<double>(count));
        double& column = columns[std::min(at, count - 1)];
        column = std::max(column, value);
    }
    double last = 0;
    for (double& column : columns) column = last = column < 0 ? last : column;
    return columns;
}

}  // namespace

std::string plot_text(const Plot& plot, std::size_t width, bool unicode) {
    const Scale scale = scale_of(plot);
    if (scale.begin == kNever || scale.most <= 0) return {};
    const auto& blocks = unicode ? kEighths : kAscii;
    const std::size_t room = width - kAxis - 2;
    std::string text = trace::cut(plot.title, width, "..") + "\n";
    for (const Plot::Series& series : plot.series) {
        const auto columns = columns_of(series, scale, room);
        text += trace::pad_left("", kAxis) + " " + trace::cut(series.name, width - kAxis - 1, "..") + "\n";
        for (std::size_t line = kHeight; line-- > 0;) {
            const std::string label = line + 1 == kHeight ? fmt::format("{:.4g} {}", scale.most, plot.unit) : "";
            std::string row = trace::pad_left(trace::cut(label, kAxis, ".."), kAxis) + (unicode ? " │" : " |");
            for (const double value : columns) {
                const double filled = value / scale.most * kHeight - static_cast<double>(line);
                const auto eighths = static_cast<std::size_t>(std::lround(std::clamp(filled, 0.0, 1.0) * 8));
                row += blocks[eighths];
            }
            row.erase(row.find_last_not_of(' ') + 1);
            text += row + "\n";
        }
    }
    const std::string begin = show(scale.begin), end = show(scale.end);
    const std::size_t used = trace::columns(begin) + trace::columns(end);
    text += std::string(kAxis + 2, ' ') + begin + std::string(room > used ? room - used : 1, ' ') + end + "\n";
    return text;
}

}  // namespace hourglass::lab
