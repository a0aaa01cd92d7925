#pragma once

#include <cstddef>
#include <cstdint>
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

/// How a label is written.
struct LabelStyle {
    bool absolute = false;  ///< Sequence numbers as they stand in the segment.
    std::size_t width = 0;  ///< Columns of each line.
    std::string_view ellipsis;
    std::optional<std::uint32_t>
        last_window{};  ///< That the sender told before: again it need not take a line of its own.
};

/// The window in octets where both ends scale it (RFC 7323, section 2.2); that of a SYN is never scaled.
[[nodiscard]] std::uint32_t window_of(const PacketTrip& trip, const ConnectionTrace& connection);

/// What stands on a rung: the first line goes on the arrow, further ones below it.
/// `SYN seq=0 win=65535 <mss 1460, ws 7>`
[[nodiscard]] std::vector<std::string> segment_label(const PacketTrip& trip, const ConnectionTrace& connection,
                                                     const LabelStyle& style);

/// The same in a few words, for the second row of a segment that has two: `FIN ACK seq=101`.
[[nodiscard]] std::string short_label(const PacketTrip& trip, const ConnectionTrace& connection, bool absolute);

}  // namespace hourglass::trace
