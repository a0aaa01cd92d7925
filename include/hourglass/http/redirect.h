#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "hourglass/http/message.h"
#include "hourglass/http/url.h"

namespace hourglass::http {

/// What follows from a redirection.
struct Redirection {
    Url url;
    Method method;
    bool keeps_body = false;      ///< 307 and 308, and what keeps its method
    bool crosses_origin = false;  ///< to another scheme, host or port
};

/// Why a redirection is not followed.
enum class RedirectError : std::uint8_t {
    several_locations,  ///< Location fields that contradict each other
    invalid_location,   ///< no URL that is spoken here
    downgrade,          ///< from https to http, where that is not allowed
    too_many,           ///< as many as the limit have been followed
};
/// One line for a person.
[[nodiscard]] std::string_view to_string(RedirectError error) noexcept;

/// Where a response leads (RFC 9110, section 15.4): nothing unless it is 301, 302, 303, 307 or 308 with a Location.
/// Location is relative to `url`, and inherits its fragment (section 10.2.2); user information in it is left out. 303
/// turns every method but HEAD into GET; 301 and 302 turn POST into GET, as user agents do.
[[nodiscard]] std::optional<std::expected<Redirection, RedirectError>> redirection(const Url& url, const Method& method,
                                                                                   const Response& response);

/// Turns a request into the one that follows a redirection (RFC 9110, section 15.4): method, target, Host; without the
/// fields of content that is not sent any more, and for another origin without Authorization, Cookie and Origin.
void apply_redirection(Request& request, const Redirection& redirection);

/// True when scheme, host and port are the same (RFC 9110, section 4.3.1).
[[nodiscard]] bool same_origin(const Url& a, const Url& b);

}  // namespace hourglass::http
