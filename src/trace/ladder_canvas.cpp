#include "trace/ladder_canvas.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "trace/text.h"

namespace hourglass::trace {

namespace {

constexpr std::size_t kMinWidth = 72;
constexpr std::size_t kMaxWidth = 240;
constexpr std::size_t kTime = 10;
constexpr std::size_t kWidthWithReasons = 112;
constexpr std::size_t kMinArea = 41;
constexpr std::size_t kMaxArea = 56;
constexpr std::size_t kMaxReason = 72;

constexpr Glyphs kUnicode{"│", "●", "─", "╌", "▶", "◀", "╳", "↻", "…", "⋮", "⇄", "▸", "◂", "»"};
constexpr Glyphs kAscii{"|", "*", "-", ".", ">", "<", "X", "@", "..", ":", "<->", ">", "<", "#"};

// SGR parameters (ECMA-48, 8.3.117).
std::string_view parameters(Look look) {
    switch (look) {
        case Look::plain:
            return "";
        case Look::dim:
            return "2";
        case Look::bold:
            return "1";
        case Look::time:
            return "36";
        case Look::opening:
            return "1;33";
        case Look::established:
            return "1;32";
        case Look::closing:
            return "1;35";
        case Look::good:
            return "32";
        case Look::lost:
            return "31";
        case Look::again:
            return "33";
        case Look::title:
            return "1;4";
    }
    return "";
}

std::string without_trailing_blanks(std::string text) {
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace

const Glyphs& glyphs(bool unicode) { return unicode ? kUnicode : kAscii; }

Canvas::Canvas(const LadderOptions& options, std::size_t side)
    : color_(options.color),
      glyphs_(trace::glyphs(options.unicode)),
      width_(std::clamp(options.width, kMinWidth, kMaxWidth)),
      side_(side) {
    const std::size_t frame = kTime + 1 + side_ + 1 + 2 + 1 + side_;
    const std::size_t room = width_ - frame;
    if (width_ < kWidthWithReasons) {
        area_ = std::min(room, kMaxArea);
        why_ = 0;
    } else {
        area_ = std::clamp(kMinArea + (width_ - kWidthWithReasons) / 3, kMinArea, kMaxArea);
        why_ = std::min(room - area_ - 2, kMaxReason);
    }
}

std::string Canvas::styled(std::string text, Look look) const {
    if (!color_ || look == Look::plain || text.empty()) return text;
    return fmt::format("\x1b[{}m{}\x1b[0m", parameters(look), text);
}

std::string Canvas::rail(bool changed) const {
    return styled(std::string(changed ? glyphs_.changed : glyphs_.rail), changed ? Look::bold : Look::dim);
}

void Canvas::title(std::string_view text) {
    text_ += styled(cut(text, width_, glyphs_.ellipsis), Look::title) + "\n\n";
}

void Canvas::line(const Line& line) {
    std::string text = styled(pad_left(line.time, kTime), Look::time) + ' ';
    text += styled(pad_left(cut(line.side[0], side_, glyphs_.ellipsis), side_), line.side_look[0]) + ' ';
    text += rail(line.changed[0]);
    text += styled(pad_right(line.area, area_), line.area_look);
    text += rail(line.changed[1]) + ' ';
    const std::string right = cut(line.side[1], side_, glyphs_.ellipsis);
    const bool reason = why_ > 0 && !line.why.empty();
    text += styled(reason ? pad_right(right, side_) : right, line.side_look[1]);
    if (reason) text += "  " + styled(cut(line.why, why_, glyphs_.ellipsis), line.why_look);
    text_ += without_trailing_blanks(std::move(text)) + '\n';
}

void Canvas::free_line(std::string_view text, Look look) {
    text_ += styled(cut(text, width_, glyphs_.ellipsis), look) + '\n';
}

std::string draw(const Arrow& arrow, std::size_t width, const Glyphs& g) {
    const bool rightward = arrow.from == Rail::left;
    const std::string label = fmt::format(" {} ", arrow.label);
    const std::size_t free = width - std::min(width, columns(label));

    // The arrow from its own rail to the other one: near end, label, far end. Drawn rightward the near end is at the
    // left; leftward the label keeps its column, so that labels can be read down the page.
    const std::string_view tail = arrow.leaves ? g.dash : g.faint;
    std::size_t near = std::min<std::size_t>(2, free);
    if (!rightward) near = free > 2 ? free - 2 : 0;
    if (arrow.lost && !rightward) near = std::min<std::size_t>(2, free);
    const std::size_t far = free - near;

    std::string end;
    if (arrow.lost) {
        const std::size_t dashes = far > 1 ? (far - 1) * 2 / 3 : 0;
        const std::string blanks(far > 1 ? far - 1 - dashes : 0, ' ');
        end = rightward ? repeated(g.dash, dashes) + std::string(g.lost) + blanks
                        : blanks + std::string(g.lost) + repeated(g.dash, dashes);
    } else if (!arrow.reaches) {
        const std::size_t faint = std::min<std::size_t>(far, 4);
        const std::string blanks(faint, ' ');
        const std::size_t drawn = far - faint;
        const std::size_t fading = std::min<std::size_t>(drawn, 4);
        const std::string solid = repeated(g.dash, drawn - fading);
        const std::string fade = repeated(g.faint, fading);
        end = rightward ? solid + fade + blanks : blanks + fade + solid;
    } else {
        const std::string head(arrow.damaged ? g.lost : rightward ? g.head_right : g.head_left);
        const std::string solid = repeated(g.dash, far > 1 ? far - 1 : 0);
        end = rightward ? solid + head : head + solid;
    }
    std::string begin = repeated(tail, near);
    if (!arrow.leaves) {
        const std::size_t blanks = near / 2;
        begin = rightward ? std::string(blanks, ' ') + repeated(tail, near - blanks)
                          : repeated(tail, near - blanks) + std::string(blanks, ' ');
    }
    return rightward ? begin + label + end : end + label + begin;
}

}  // namespace hourglass::trace
