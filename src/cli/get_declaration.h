#pragma once

#include <CLI/App.hpp>

#include "cli/get_options.h"

namespace hourglass::cli {

/// The options of `hourglass get`, and the end of its help.
void declare_options(CLI::App& app, GetOptions& options);

}  // namespace hourglass::cli
