#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "hourglass/trace/flight_recorder.h"

namespace hourglass::cli {

/// What a record has at most, unless `--record-limit` says otherwise.
inline constexpr std::uint64_t kRecordLimit = std::uint64_t{1} << 30;

/// The flight recorder of `--record FILE`, open; throws a Failure when the file can't be written.
[[nodiscard]] std::unique_ptr<trace::FlightRecorder> open_recorder(const std::string& path,
                                                                   std::uint64_t max_bytes = kRecordLimit);

/// Closes it, and tells on standard error when not all is in it.
void close_recorder(trace::FlightRecorder& recorder, const std::string& path);

}  // namespace hourglass::cli
