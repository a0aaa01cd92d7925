#include "hourglass/http/retry.h"

#include <algorithm>
#include <charconv>

#include "hourglass/http/date.h"
#include "http/scan.h"

namespace hourglass::http {

namespace {

bool may_pass(Status status) {
    switch (status) {
        case Status::request_timeout:
        case Status::too_many_requests:
        case Status::internal_server_error:
        case Status::bad_gateway:
        case Status::service_unavailable:
        case Status::gateway_timeout:
            return true;
        default:
            return false;
    }
}

Duration backoff(const RetryPolicy& policy, std::uint32_t done) {
    Duration delay = policy.first_delay;
    for (std::uint32_t i = 0; policy.double_delay && i < done && delay < policy.longest_delay; ++i) delay *= 2;
    return std::min(delay, policy.longest_delay);
}

}  // namespace

std::optional<std::chrono::seconds> parse_retry_after(std::string_view field, std::chrono::sys_seconds now) {
    if (!field.empty() && std::ranges::all_of(field, detail::is_digit)) {
        std::int32_t seconds = 0;
        const auto [end, failure] = std::from_chars(field.data(), field.data() + field.size(), seconds);
        return std::chrono::seconds(failure == std::errc() ? seconds : INT32_MAX);
    }
    const auto date = parse_date(field);
    if (!date) return std::nullopt;
    return std::max(*date - now, std::chrono::seconds(0));
}

std::optional<Duration> retry_delay(const RetryPolicy& policy, std::uint32_t done, const Method& method,
                                    const Response& response, std::chrono::sys_seconds now) {
    if (done >= policy.retries || !may_pass(response.status) || !method.is_idempotent()) return std::nullopt;
    const auto field = response.fields.get("Retry-After");
    const auto asked = field ? parse_retry_after(*field, now) : std::nullopt;
    if (!asked) return backoff(policy, done);
    if (*asked > policy.longest_delay) return std::nullopt;
    return *asked;
}

std::optional<Duration> retry_delay(const RetryPolicy& policy, std::uint32_t done, const Method& method,
                                    const ClientError& error) {
    if (done >= policy.retries) return std::nullopt;
    const bool late = error.kind == ClientError::Kind::timed_out && method.is_idempotent();
    if (!error.retryable && !late) return std::nullopt;
    return backoff(policy, done);
}

}  // namespace hourglass::http
