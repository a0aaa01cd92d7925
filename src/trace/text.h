#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass::trace {

/// Columns that UTF-8 text takes on a terminal: two for the wide and fullwidth characters of East Asian scripts
/// (Unicode Standard Annex #11), none for marks that combine with the one before, one for all others.
[[nodiscard]] std::size_t columns(std::string_view text);

/// The first `width` columns, the last of them an ellipsis where something is cut off.
[[nodiscard]] std::string cut(std::string_view text, std::size_t width, std::string_view ellipsis);

[[nodiscard]] std::string pad_right(std::string text, std::size_t width);
[[nodiscard]] std::string pad_left(std::string text, std::size_t width);
[[nodiscard]] std::string repeated(std::string_view piece, std::size_t times);

/// Text without control characters: what comes from the network must not move a terminal's cursor.
[[nodiscard]] std::string printable(std::string_view text);

/// The text with its blanks marked, so that `wrap` does not break there.
[[nodiscard]] std::string together(std::string text);

/// Breaks text at its blanks, and between wide characters, into lines of at most `width` columns; longer words are cut.
/// No line begins with closing punctuation or ends with an opening bracket.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t width, std::string_view ellipsis);

/// `1,234,567`
[[nodiscard]] std::string grouped(std::uint64_t number);

}  // namespace hourglass::trace
