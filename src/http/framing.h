#pragma once

#include <expected>

#include "hourglass/http/parser.h"

namespace hourglass::http::detail {

/// The body's framing of a request, and the check of Host (RFC 9112, sections 3.2 and 6.3).
[[nodiscard]] std::expected<BodyFraming, Error> request_framing(const Request& request);

/// The body's framing of a response to a request with `method` (RFC 9112, section 6.3).
[[nodiscard]] std::expected<BodyFraming, Error> response_framing(const Response& response, const Method& method);

/// True for a field that must not be a trailer, because it frames or routes the message (RFC 9110, section 6.5.1).
[[nodiscard]] bool is_forbidden_trailer(std::string_view name) noexcept;

}  // namespace hourglass::http::detail
