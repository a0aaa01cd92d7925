#pragma once

#include <memory>
#include <string>

#include "hourglass/trace/flight_recorder.h"

namespace hourglass::cli {

/// The flight recorder of `--record FILE`, open; throws a Failure when the file can't be written.
[[nodiscard]] std::unique_ptr<trace::FlightRecorder> open_recorder(const std::string& path);

/// Closes it, and tells on standard error when not all is in it.
void close_recorder(trace::FlightRecorder& recorder, const std::string& path);

}  // namespace hourglass::cli
