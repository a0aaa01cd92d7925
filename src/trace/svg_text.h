#pragma once

#include <string>
#include <string_view>

namespace hourglass::trace {

/// The fonts of all pictures: what common systems have, with Chinese ones behind.
inline constexpr std::string_view kSvgFonts =
    R"("DejaVu Sans", "Noto Sans", "Noto Sans CJK SC", "WenQuanYi Micro Hei", "PingFang SC", "Microsoft YaHei", sans-serif)";

/// Text as XML holds it, between tags and in attributes; without control characters.
[[nodiscard]] std::string svg_escaped(std::string_view text);

/// About how wide text gets in DejaVu Sans, in pixels: enough to keep labels from overlapping.
[[nodiscard]] double svg_text_width(std::string_view text, double font_size);

}  // namespace hourglass::trace
