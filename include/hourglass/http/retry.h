#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/http/client.h"
#include "hourglass/http/message.h"

namespace hourglass::http {

/// When a request is sent again after a failure that may pass.
struct RetryPolicy {
    std::uint32_t retries = 0;                          ///< After the first try; 0: none.
    Duration first_delay = std::chrono::seconds(1);     ///< Doubles from one retry to the next ...
    Duration longest_delay = std::chrono::minutes(10);  ///< ... up to this. A longer Retry-After ends the retries.
    bool double_delay = true;
};

/// How long to wait before a request is sent again; nothing when it is not. `done`: retries so far. After a response
/// that is when it says 408, 429, 500, 502, 503 or 504; Retry-After decides how long, if it is there (RFC 9110,
/// section 10.2.3). Only idempotent methods are repeated (section 9.2.2).
[[nodiscard]] std::optional<Duration> retry_delay(const RetryPolicy& policy, std::uint32_t done, const Method& method,
                                                  const Response& response, std::chrono::sys_seconds now);
/// After an error that says that the request may be repeated, or a time limit where the method is idempotent.
[[nodiscard]] std::optional<Duration> retry_delay(const RetryPolicy& policy, std::uint32_t done, const Method& method,
                                                  const ClientError& error);

/// The time that a Retry-After asks for, a number of seconds or a date.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view field,
                                                                    std::chrono::sys_seconds now);

}  // namespace hourglass::http
