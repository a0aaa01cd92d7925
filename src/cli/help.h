#pragma once

#include <CLI/App.hpp>
#include <CLI/FormatterFwd.hpp>
#include <span>
#include <string>
#include <string_view>

#include "cli/command.h"

namespace hourglass::cli {

/// CLI11's help with our own usage line.
class HelpFormatter : public CLI::Formatter {
  public:
    explicit HelpFormatter(std::string_view usage) : usage_(usage) { column_width(34); }
    std::string make_usage(const CLI::App* app, std::string name) const override;
    std::string make_option_opts(const CLI::Option* option) const override;

  private:
    std::string usage_;
};

/// What `hourglass --help` prints.
[[nodiscard]] std::string overview(std::span<const Command> commands);

}  // namespace hourglass::cli
