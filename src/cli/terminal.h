#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace hourglass::cli {

enum class Colour : std::uint8_t { bold, red, green, yellow, blue, grey };

/// True when `stream` is a terminal that shows colours, and NO_COLOR (no-color.org) does not ask for none.
[[nodiscard]] bool shows_colour(std::FILE* stream);

/// Columns of the terminal that standard output is, 72 to 240; 120 when it is none.
[[nodiscard]] std::size_t terminal_width();

/// `text`, coloured if `on`.
[[nodiscard]] std::string paint(std::string_view text, Colour colour, bool on);

/// `text` with everything that a terminal could take for a command made visible: what comes from the network must not
/// steer the terminal.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace hourglass::cli
