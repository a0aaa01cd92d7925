#include "trace/text.h"

#include <algorithm>
#include <fmt/format.h>

namespace hourglass::trace {

namespace {

constexpr char kHeldBlank = '\x1f';  // a control character, which `printable` text does not have

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }

}  // namespace

std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, begins_character));
}

std::string cut(std::string_view text, std::size_t width, std::string_view ellipsis) {
    if (columns(text) <= width) return std::string(text);
    const std::size_t kept = width > columns(ellipsis) ? width - columns(ellipsis) : 0;
    std::size_t end = 0;
    for (std::size_t n = 0; end < text.size(); ++end)
        if (begins_character(text[end]) && n++ == kept) break;
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
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        const std::string word = cut(text.substr(0, blank), width, ellipsis);
        text.remove_prefix(std::min(blank + 1, text.size()));
        if (!line.empty() && columns(line) + 1 + columns(word) > width) {
            lines.push_back(std::move(line));
            line.clear();
        }
        if (!line.empty()) line += ' ';
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
