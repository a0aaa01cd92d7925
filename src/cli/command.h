#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace hourglass::cli {

/// Exit codes that every command has; `get` has more.
inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;
inline constexpr int kBadInput = 2;

/// Ends a command that cannot go on: one line for standard error, that says what is wrong and what to do.
struct Failure {
    int exit_code = kBadInput;
    std::string message;
};

/// What does a command's work, once its options are read. Returns the exit code.
using Action = std::function<int()>;

/// A command as the frame sees it.
struct Command {
    std::string_view name;
    std::string_view summary;  ///< One line for `hourglass --help`.
    std::string_view usage;    ///< What follows `hourglass NAME`.
    /// Declares options and examples. `program` is what the user wrote behind `--`; it lives as long as the action.
    Action (*declare)(CLI::App& app, const std::vector<std::string>& program);
    bool takes_program = false;
};

Action declare_explore(CLI::App& app, const std::vector<std::string>& program);
Action declare_get(CLI::App& app, const std::vector<std::string>& program);
Action declare_journey(CLI::App& app, const std::vector<std::string>& program);
Action declare_proxy(CLI::App& app, const std::vector<std::string>& program);
Action declare_lab(CLI::App& app, const std::vector<std::string>& program);
Action declare_replay(CLI::App& app, const std::vector<std::string>& program);
Action declare_script(CLI::App& app, const std::vector<std::string>& program);
Action declare_serve(CLI::App& app, const std::vector<std::string>& program);
Action declare_stat(CLI::App& app, const std::vector<std::string>& program);
Action declare_why(CLI::App& app, const std::vector<std::string>& program);

}  // namespace hourglass::cli
