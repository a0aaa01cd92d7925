#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/http/fields.h"
#include "hourglass/http/message.h"

namespace hourglass::http {

/// The cookies of a request in their order (RFC 6265bis, section 5.8.3 says how clients write them). Every line of
/// Cookie is read; pairs without a name are left out; quotes around a value stay. Views into `fields`.
[[nodiscard]] std::vector<std::pair<std::string_view, std::string_view>> parse_cookies(const Fields& fields);

/// The value of the first cookie of that name.
[[nodiscard]] std::optional<std::string_view> cookie(const Fields& fields, std::string_view name);

/// A cookie that a server sets (RFC 6265bis, section 4.1).
struct SetCookie {
    enum class SameSite : std::uint8_t { unset, strict, lax, none };

    std::string name{};
    std::string value{};
    std::optional<std::chrono::seconds> max_age{};  ///< zero or less deletes the cookie
    std::optional<std::chrono::sys_seconds> expires{};
    std::string domain{};  ///< empty: this host alone
    std::string path{};    ///< empty: the directory of the request
    bool secure = false;
    bool http_only = false;
    SameSite same_site = SameSite::unset;
    bool partitioned = false;

    /// The value of a Set-Cookie field. Nothing when a client would ignore the cookie or read another one: a name that
    /// is no token, a value with a control, blank, quote, comma, semicolon or backslash, more than 4096 octets of both,
    /// an attribute with a semicolon or control in it, SameSite=None or Partitioned without Secure, `__Secure-` or
    /// `__Host-` in front without what these ask for (section 4.1.3).
    [[nodiscard]] std::optional<std::string> to_field() const;
};

/// Adds the cookie to a response; false when `to_field` has nothing.
bool set_cookie(Response& response, const SetCookie& cookie);

}  // namespace hourglass::http
