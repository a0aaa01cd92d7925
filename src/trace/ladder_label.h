#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// A time since the world's beginning in at most ten columns: `12.345 ms`, `240.0412 s`.
[[nodiscard]] std::string time_text(Instant time);

/// A length of time for reading: `850 ms`, `239.9 s`.
[[nodiscard]] std::string duration_text(Duration duration);

/// What stands on a rung: the first line goes on the arrow, further ones below it.
/// `SYN seq=0 win=65535 <mss 1460, ws 7>`; `width` is that of each line.
[[nodiscard]] std::vector<std::string> segment_label(const PacketTrip& trip, const ConnectionTrace& connection,
                                                     bool absolute, std::size_t width, std::string_view ellipsis);

/// The same in a few words, for the second row of a segment that has two: `FIN ACK seq=101`.
[[nodiscard]] std::string short_label(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute);

}  // namespace hourglass::trace
