#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/trace/ladder.h"
#include "trace/ladder_rows.h"

namespace hourglass::trace {

/// How a piece of text looks where colours are wanted.
enum class Look : std::uint8_t { plain, dim, bold, time, opening, established, closing, good, lost, again, title };

/// The characters that ladders are made of.
struct Glyphs {
    std::string_view rail, changed, dash, faint, head_right, head_left, lost, again, ellipsis, fold, both, from_left,
        from_right, voice;
};

[[nodiscard]] const Glyphs& glyphs(bool unicode);

/// One line of text between the rails, with what stands beside them.
struct Line {
    std::string time{};
    std::array<std::string, 2> side{};  ///< States or names.
    std::array<Look, 2> side_look{};
    std::array<bool, 2> changed{};
    std::string area{};  ///< Between the rails; padded.
    Look area_look = Look::plain;
    std::string why{};  ///< At the right of all.
    Look why_look = Look::dim;
};

/// The columns of a ladder, and the text drawn so far.
class Canvas {
  public:
    /// `side` is the width of the states or names beside the rails.
    Canvas(const LadderOptions& options, std::size_t side);

    [[nodiscard]] std::size_t width() const { return width_; }
    [[nodiscard]] std::size_t area() const { return area_; }
    /// Zero when there is no room for reasons.
    [[nodiscard]] std::size_t why() const { return why_; }
    [[nodiscard]] const Glyphs& glyphs() const { return glyphs_; }

    void title(std::string_view text);
    /// A line with rails.
    void line(const Line& line);
    /// A line without rails.
    void free_line(std::string_view text, Look look = Look::dim);
    [[nodiscard]] std::string take() { return std::move(text_); }

  private:
    [[nodiscard]] std::string styled(std::string text, Look look) const;
    [[nodiscard]] std::string rail(bool changed) const;

    bool color_;
    const Glyphs& glyphs_;
    std::size_t width_;
    std::size_t side_;
    std::size_t area_;
    std::size_t why_;
    std::string text_;
};

/// An arrow with a label on it, `width` columns wide.
struct Arrow {
    Rail from = Rail::left;
    std::string_view label;
    bool leaves = true;    ///< Begins at its own rail; else it appears on the way.
    bool reaches = true;   ///< Ends at the other rail; else it fades out on the way.
    bool lost = false;     ///< Ends on the way, crossed out.
    bool damaged = false;  ///< Reaches the other rail and is worth nothing there.
};

[[nodiscard]] std::string draw(const Arrow& arrow, std::size_t width, const Glyphs& glyphs);

/// Columns that an arrow needs besides its label.
inline constexpr std::size_t kArrowFrame = 5;

}  // namespace hourglass::trace
