#include "trace/svg_text.h"

#include "trace/text.h"

namespace hourglass::trace {

namespace {

/// Width of an ASCII character in parts of the font size.
double width_of(char c) {
    constexpr std::string_view kNarrow = "ijl.,:;|!'()[]{}I ftr/-\"";
    constexpr std::string_view kBroad = "mwMWQO@%+=<>~_&#GDHNU";
    if (kNarrow.find(c) != kNarrow.npos) return 0.38;
    if (kBroad.find(c) != kBroad.npos) return 0.84;
    return c >= 'A' && c <= 'Z' ? 0.69 : 0.63;
}

}  // namespace

std::string svg_escaped(std::string_view text) {
    std::string out;
    for (const char c : printable(text)) {
        if (c == '&')
            out += "&amp;";
        else if (c == '<')
            out += "&lt;";
        else if (c == '>')
            out += "&gt;";
        else if (c == '"')
            out += "&quot;";
        else
            out += c;
    }
    return out;
}

double svg_text_width(std::string_view text, double font_size) {
    double width = 0;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<unsigned char>(text[i]);
        if (lead < 0x80) {
            width += width_of(text[i++]);
            continue;
        }
        std::size_t end = i + 1;
        while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
        width += columns(text.substr(i, end - i)) == 2 ? 1.0 : 0.7;
        i = end;
    }
    return width * font_size;
}

}  // namespace hourglass::trace
