#include "cli/access_log.h"

#include <chrono>
#include <fmt/core.h>
#include <utility>

#include "hourglass/http/middleware.h"

namespace hourglass::cli {

http::Application with_access_log(http::Application application, bool on) {
    if (!on) return application;
    const auto clock = [] { return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now()); };
    const auto log = [](const http::AccessRecord& record) {
        fmt::print(stderr, "{}\n", http::format_access(record, http::LogFormat::combined));
    };
    return http::with_access_log(std::move(application), clock, log);
}

}  // namespace hourglass::cli
