#pragma once

#include <string>
#include <system_error>

namespace hourglass::runtime {

/// Why something that a program needs before it can begin is not to be had. `message` is one line that says what is
/// wrong and what to do about it; `code` is the operating system's reason, if it gave one.
struct SetupError {
    std::error_code code;
    std::string message;
};

}  // namespace hourglass::runtime
