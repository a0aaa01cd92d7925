#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "hourglass/script/runner.h"

namespace hourglass::script {

/// A script that was run, with what came of it.
struct Result {
    std::string file;
    Report report;
    Duration took{};  ///< Of real time.
};

/// The scripts (*.pkt) that a path names: itself, or all below a folder, in order. The error says what is wrong with
/// it.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> find_scripts(const std::string& path);

/// Runs every file on `threads` threads (0: as many as there are processors), each on a host of its own, and gives the
/// results in the order of the files. Files that a script names are looked for beside it.
[[nodiscard]] std::vector<Result> run_files(const std::vector<std::string>& files, const RunOptions& options,
                                            std::size_t threads = 0);

/// A line for each folder: how many scripts passed, failed, were not supported, and how long they took; and one for
/// all.
[[nodiscard]] std::string table(const std::vector<Result>& results);

/// Everything as one JSON document: an object with `scripts` and `summary` (docs/scripts.md).
[[nodiscard]] std::string to_json(const std::vector<Result>& results);

}  // namespace hourglass::script
