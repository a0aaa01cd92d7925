#pragma once

#include "hourglass/http/server.h"

namespace hourglass::cli {

/// The application with a line on standard error for each answer, in the combined log format; the application itself if
/// not `on`.
[[nodiscard]] http::Application with_access_log(http::Application application, bool on);

}  // namespace hourglass::cli
