#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/http/message.h"

namespace hourglass::http::detail {

/// What a response would say of itself.
struct Validators {
    std::string entity_tag;  ///< with its quotes; strong; empty: none
    std::optional<std::chrono::sys_seconds> modified;
};

/// Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2: 412, 304, or nothing when the
/// request is to be carried out.
[[nodiscard]] std::optional<Status> evaluate_conditions(const Request& request, const Validators& validators);

/// The bytes of a representation that a request asks for.
struct ByteRange {
    enum class Kind : std::uint8_t { whole, part, unsatisfiable };
    Kind kind = Kind::whole;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
};

/// Reads Range and If-Range (RFC 9110, sections 13.1.5 and 14.2) for a representation of `size` bytes. Several ranges,
/// other units and what is malformed are answered in whole, as section 14.2 allows.
[[nodiscard]] ByteRange requested_range(const Request& request, const Validators& validators, std::uint64_t size);

}  // namespace hourglass::http::detail
