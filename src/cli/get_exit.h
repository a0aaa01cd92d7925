#pragma once

namespace hourglass::cli {

/// Exit codes of `hourglass get`, with curl's numbers.
enum class GetExit : int {
    done = 0,
    bad_input = 2,
    not_resolved = 6,
    not_connected = 7,
    status_is_error = 22,
    not_written = 23,
    timed_out = 28,
    receive_failed = 56,
};

}  // namespace hourglass::cli
