#include "cli/help.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>

namespace hourglass::cli {

std::string HelpFormatter::make_usage(const CLI::App* app, std::string) const {
    return fmt::format("\nUsage: {} {}\n", app->get_name(), usage_);
}

std::string HelpFormatter::make_option_opts(const CLI::Option* option) const {
    if (option->get_type_size() == 0) return "";
    const std::string name = option->get_type_name();
    return name.empty() ? "" : " " + name;
}

std::string overview(std::span<const Command> commands) {
    std::string text =
        "hourglass: a TCP/IP and HTTP/1.1 system that people can see through\n"
        "\n"
        "Usage: hourglass COMMAND [OPTIONS]\n"
        "\n"
        "Commands:\n";
    for (const Command& command : commands) text += fmt::format("  {:<10}{}\n", command.name, command.summary);
    text +=
        "\n"
        "Options:\n"
        "  -h, --help     Print this help and end; 'hourglass COMMAND --help' explains a command\n"
        "  -V, --version  Print the version and end\n"
        "\n"
        "Examples:\n"
        "  hourglass journey\n"
        "  hourglass serve . --rootless -- curl -s http://10.0.0.2/\n"
        "  hourglass get http://10.0.0.1:8000/ --rootless -- python3 -m http.server\n";
    return text;
}

}  // namespace hourglass::cli
