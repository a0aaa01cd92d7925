#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hourglass::http {

/// A value with parameters: `text/html;charset=utf-8;q=0.8` (RFC 9110, section 5.6.6), `form-data; name="a"`.
struct Parameterised {
    std::string_view value;  ///< what stands before the first semicolon; a view into the text
    /// In their order, quoted strings without quotes and escapes. Names as written; they are compared without regard to
    /// case.
    std::vector<std::pair<std::string_view, std::string>> parameters;

    /// Nothing when a parameter is neither `token=token` nor `token="quoted"`. Empty parameters are passed over.
    static std::optional<Parameterised> parse(std::string_view text);
    /// The first parameter of that name.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
};

/// A quoted string of `text`: quotes around it, quotes and backslashes escaped (RFC 9110, section 5.6.4).
[[nodiscard]] std::string quoted(std::string_view text);

}  // namespace hourglass::http
