#include "cli/recording.h"

#include <cstdio>
#include <fmt/core.h>

#include "cli/command.h"

namespace hourglass::cli {

std::unique_ptr<trace::FlightRecorder> open_recorder(const std::string& path, std::uint64_t max_bytes) {
    auto recorder = trace::FlightRecorder::to_file(path, {.max_bytes = max_bytes});
    if (!recorder) throw Failure{kBadInput, "--record: " + recorder.error()};
    return std::move(*recorder);
}

void close_recorder(trace::FlightRecorder& recorder, const std::string& path) {
    recorder.close();
    if (recorder.failed())
        fmt::print(stderr, "hourglass: --record: '{}' could not be written to its end\n", path);
    else if (recorder.full())
        fmt::print(
            stderr,
            "hourglass: --record: '{}' is full: what came later is not in it; with more room it keeps the latest\n",
            path);
    else if (!recorder.has_beginning())
        fmt::print(stderr, "hourglass: --record: '{}' has the latest: what came first was overwritten\n", path);
}

}  // namespace hourglass::cli
