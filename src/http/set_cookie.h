#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hourglass/http/cookies.h"

namespace hourglass::http::detail {

/// A Set-Cookie field as a user agent reads it (RFC 6265bis, section 5.6). An unknown SameSite is `unset`. Nothing when
/// it is to be ignored as a whole.
[[nodiscard]] std::optional<SetCookie> parse_set_cookie(std::string_view field, std::size_t most_octets);

/// True when the name's prefix asks for nothing that the cookie lacks (section 4.1.3). `host_only`: it came without a
/// Domain attribute.
[[nodiscard]] bool prefix_holds(std::string_view name, bool secure, bool host_only, std::string_view path);

}  // namespace hourglass::http::detail
