#include "trace/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <span>

namespace hourglass::trace {

namespace {

constexpr char kHeldBlank = '\x1f';  // a control character, which `printable` text does not have

/// One character of UTF-8 text; an octet that begins none counts as one.
struct Character {
    char32_t code = 0;
    std::size_t size = 1;
};

Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text.front());
    const std::size_t size = lead < 0xc0 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    if (size == 1 || size > text.size()) return {lead, 1};
    char32_t code = lead & (0xffu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
    return {code, size};
}

struct Range {
    char32_t first, last;
};

// East_Asian_Width W and F of Unicode 15, joined to the blocks that matter.
constexpr Range kWide[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},   {0x3041, 0x33ff},  {0x3400, 0x4dbf},
                           {0x4e00, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
                           {0xfe30, 0xfe6f},   {0xff01, 0xff60},   {0xffe0, 0xffe6},  {0x1f300, 0x1f64f},
                           {0x1f680, 0x1f6ff}, {0x1f900, 0x1f9ff}, {0x20000, 0x3fffd}};
constexpr Range kCombining[] = {
    {0x0300, 0x036f}, {0x200b, 0x200f}, {0x20d0, 0x20ff}, {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}};

bool is_in(std::span<const Range> ranges, char32_t c) {
    return std::ranges::any_of(ranges, [c](const Range& r) { return c >= r.first && c <= r.last; });
}

std::size_t width_of(char32_t c) { return is_in(kCombining, c) ? 0 : is_in(kWide, c) ? 2 : 1; }

constexpr std::u32string_view kNeverFirst = U"，。、；：？！）］｝》」』】〉％";
constexpr std::u32string_view kNeverLast = U"（［｛《「『【〈";

/// What a line may not be broken inside of.
struct Piece {
    std::string_view text;
    std::size_t blanks = 0;  // in front of it
};

/// The next piece of `text`, which loses it: a word, or one wide character with the punctuation that clings to it.
Piece take_piece(std::string_view& text) {
    Piece piece;
    while (text.starts_with(' ')) {
        ++piece.blanks;
        text.remove_prefix(1);
    }
    std::size_t end = 0;
    bool held = true;  // the next character may not begin a line
    bool after_wide = false;
    while (end < text.size() && text[end] != ' ') {
        const Character c = first_character(text.substr(end));
        const bool wide = width_of(c.code) == 2;
        const bool clings = held || kNeverFirst.find(c.code) != kNeverFirst.npos || width_of(c.code) == 0;
        if (!clings && (wide || after_wide)) break;
        held = kNeverLast.find(c.code) != kNeverLast.npos;
        after_wide = wide;
        end += c.size;
    }
    piece.text = text.substr(0, end);
    text.remove_prefix(end);
    return piece;
}

}  // namespace

std::size_t columns(std::string_view text) {
    std::size_t total = 0;
    while (!text.empty()) {
        const Character c = first_character(text);
        total += width_of(c.code);
        text.remove_prefix(c.size);
    }
    return total;
}

std::string cut(std::string_view text, std::size_t width, std::string_view ellipsis) {
    if (columns(text) <= width) return std::string(text);
    const std::size_t room = width > columns(ellipsis) ? width - columns(ellipsis) : 0;
    std::size_t end = 0;
    for (std::size_t used = 0; end < text.size();) {
        const Character c = first_character(text.substr(end));
        used += width_of(c.code);
        if (used > room) break;
        end += c.size;
    }
    return std::string(text.substr(0, end)) + std::string(ellipsis);
}

std::string pad_right(std::string text, std::size_t width) {
    const std::size_t have = columns(text);
    if (have < width) text.append(width - have, ' ');
    return text;
}

std::string pad_left(std::string text, std::size_t width) {
    const std::size_t have = columns(text);
    if (have < width) text.insert(0, width - have, ' ');
    return text;
}

std::string repeated(std::string_view piece, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += piece;
    return text;
}

std::string printable(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const auto u = static_cast<unsigned char>(c);
        out += u < 0x20 || u == 0x7f ? '?' : c;
    }
    return out;
}

std::string together(std::string text) {
    std::ranges::replace(text, ' ', kHeldBlank);
    return text;
}

std::vector<std::string> wrap(std::string_view text, std::size_t width, std::string_view ellipsis) {
    std::vector<std::string> lines;
    std::string line;
    while (text.find_first_not_of(' ') != std::string_view::npos) {
        const Piece piece = take_piece(text);
        const std::string word = cut(piece.text, width, ellipsis);
        const std::size_t blanks = line.empty() ? 0 : piece.blanks;
        if (!line.empty() && columns(line) + blanks + columns(word) > width) {
            lines.push_back(std::move(line));
            line.clear();
        } else {
            line.append(blanks, ' ');
        }
        line += word;
    }
    if (!line.empty()) lines.push_back(std::move(line));
    for (std::string& one : lines) std::ranges::replace(one, kHeldBlank, ' ');
    return lines;
}

std::string grouped(std::uint64_t number) {
    std::string digits = fmt::format("{}", number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, 1, ',');
    return digits;
}

}  // namespace hourglass::trace
