#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/message.h"

namespace hourglass::http::detail {

/// What a response would say of itself.
struct Validators {
    std::string entity_tag;  ///< with its quotes, strong; empty: none
    std::optional<std::chrono::sys_seconds> modified;
};

/// Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2: 412, 304, or nothing when the
/// request is to be carried out.
[[nodiscard]] std::optional<Status> evaluate_conditions(const Request& request, const Validators& validators);

/// Bytes of a representation.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t length = 0;
    bool operator==(const ByteRange&) const = default;
};

/// What a request asks for of a representation.
struct RequestedRanges {
    enum class Kind : std::uint8_t { whole, parts, unsatisfiable };
    Kind kind = Kind::whole;
    std::vector<ByteRange> parts;  ///< in the order of the request
};

/// Reads Range and If-Range (RFC 9110, sections 13.1.5 and 14.2) for a representation of `size` bytes. Other units,
/// what is malformed, and more than `most` ranges are answered in whole, as section 14.2 allows; so are ranges that are
/// together no smaller than the whole. Ranges that overlap or touch become one (section 15.3.7.2).
[[nodiscard]] RequestedRanges requested_ranges(const Request& request, const Validators& validators, std::uint64_t size,
                                               std::size_t most);

}  // namespace hourglass::http::detail
