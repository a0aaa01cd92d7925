#include "cli/terminal.h"

#include <algorithm>
#include <cstdlib>
#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace hourglass::cli {

namespace {

std::string_view code_of(Colour colour) {
    switch (colour) {
        case Colour::bold:
            return "1";
        case Colour::red:
            return "31";
        case Colour::green:
            return "32";
        case Colour::yellow:
            return "33";
        case Colour::blue:
            return "34";
        case Colour::grey:
            return "90";
    }
    return "0";
}

}  // namespace

bool shows_colour(std::FILE* stream) {
    const char* refusal = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    return ::isatty(::fileno(stream)) == 1 && (refusal == nullptr || *refusal == '\0') && terminal != nullptr &&
           std::string_view(terminal) != "dumb";
}

std::size_t terminal_width() {
    winsize size{};
    if (isatty(STDOUT_FILENO) != 0 && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        return std::clamp<std::size_t>(size.ws_col, 72, 240);
    return 120;
}

std::string paint(std::string_view text, Colour colour, bool on) {
    return on ? fmt::format("\x1b[{}m{}\x1b[0m", code_of(colour), text) : std::string(text);
}

std::string printable(std::string_view text) {
    std::string result;
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (octet < 0x20 || octet >= 0x7f)
            result += fmt::format("\\x{:02x}", octet);
        else
            result += c;
    }
    return result;
}

}  // namespace hourglass::cli
