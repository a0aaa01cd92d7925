#pragma once

#include <memory>
#include <utility>

#include "hourglass/socket/call.h"
#include "script/run.h"

namespace hourglass::script {

/// What a call that failed gives.
[[nodiscard]] inline CallOutcome failed(socket::Errno error) { return {-1, std::string(socket::name(error)), {}, {}}; }

[[nodiscard]] inline CallOutcome outcome_of(const socket::Result<void>& result) {
    return result ? CallOutcome{} : failed(result.error());
}
template <typename Number>
[[nodiscard]] CallOutcome outcome_of(const socket::Result<Number>& result) {
    return result ? CallOutcome{static_cast<std::int64_t>(*result), {}, {}, {}} : failed(result.error());
}

/// A call that has its result at once.
[[nodiscard]] inline Running at_once(CallOutcome outcome) {
    return {[outcome = std::move(outcome)](Instant) { return std::optional(outcome); }};
}

/// A call that may wait; `convert` makes the outcome of its result.
template <typename T, typename Convert>
[[nodiscard]] Running waiting(socket::Call<T> call, Convert convert) {
    auto shared = std::make_shared<socket::Call<T>>(std::move(call));
    auto step = [shared, convert = std::move(convert)](Instant now) mutable -> std::optional<CallOutcome> {
        const auto result = shared->step(now);
        if (!result) return std::nullopt;
        return convert(*result);
    };
    return {std::move(step), [shared] { return shared->deadline(); }};
}

}  // namespace hourglass::script
