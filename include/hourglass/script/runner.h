#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/script/ast.h"
#include "hourglass/script/config.h"
#include "hourglass/script/source.h"

namespace hourglass::script {

/// How a script ended.
enum class Outcome : std::uint8_t {
    passed,
    failed,        ///< Something was not as the script expects.
    unsupported,   ///< It needs what this runner, or the stack, does not have.
    syntax_error,  ///< It is no script.
};

/// "passed", "failed", "unsupported", "syntax error".
[[nodiscard]] std::string_view to_string(Outcome outcome);

/// One thing that happened while a script ran.
struct Row {
    enum class Kind : std::uint8_t {
        call,      ///< A system call, with its result.
        inbound,   ///< A packet that came.
        outbound,  ///< A packet that was sent.
        note,      ///< What print() said.
    };
    Kind kind = Kind::note;
    Duration at{};     ///< Since the beginning of the script.
    std::string text;  ///< As a script would say it.
};

struct RunOptions {
    Profile profile = Profile::rfc;
    /// packetdrill's options by name, in force over those of the script: {"tolerance_usecs", "10000"}.
    std::vector<std::pair<std::string, std::string>> options;
    std::map<std::string, std::string, std::less<>> defines;  ///< `ParseOptions::defines`
    /// What is in a file that the script names, relative to it. Empty: there are no files.
    std::function<std::optional<std::string>(std::string_view name)> read_file;
    // Limits.
    Duration max_time = std::chrono::hours(24 * 30);  ///< Virtual time that a script may take.
    std::uint32_t max_polls = 1'000'000;              ///< Steps of the stack.
    std::size_t max_rows = 20'000;                    ///< Rows that are kept; the oldest go.
    std::size_t max_buffer = 64 << 20;                ///< Octets that one call may name.
};

/// What came of a script.
struct Report {
    Outcome outcome = Outcome::passed;
    Position position{};      ///< Of the event that decided it.
    std::string message;      ///< What is wrong: "sequence number: expected 1, got 1001".
    std::string expected;     ///< The script's words.
    std::string actual;       ///< What happened instead, in the same words; empty when nothing did.
    std::vector<Row> rows;    ///< All that happened.
    Duration virtual_time{};  ///< That the script took.
};

/// Performs a script of packetdrill's language against a fresh host in virtual time: no system call, no sleep, the same
/// result every time (docs/scripts.md). Takes well below a millisecond for an ordinary script.
[[nodiscard]] Report run(std::string_view text, const RunOptions& options = {});
/// The same for a script that has been parsed.
[[nodiscard]] Report run(const Script& script, const RunOptions& options = {});

/// Everything that a reader needs to see what went wrong: place, expectation, what happened, and the last `rows` rows
/// as a ladder. One line when the script passed.
[[nodiscard]] std::string to_text(const Report& report, std::string_view file, std::size_t rows = 10);
/// The rows alone, all of them.
[[nodiscard]] std::string ladder(const Report& report);

}  // namespace hourglass::script
