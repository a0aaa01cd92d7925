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
    not_read = 26,
    timed_out = 28,
    not_resumed = 33,
    not_secured = 35,
    redirect_refused = 47,
    receive_failed = 56,
    certificate_refused = 60,
    not_decoded = 61,
};

}  // namespace hourglass::cli
