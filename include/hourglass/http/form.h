#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/http/message.h"
#include "hourglass/http/multipart.h"

namespace hourglass::http {

/// One control of a form that was sent.
struct FormField {
    std::string name;
    std::string value;                     ///< or the content of a file
    std::optional<std::string> file_name;  ///< only for files; data, not a path
    std::string content_type;              ///< of a part; empty in an urlencoded form
};

/// A form's controls in their order.
struct Form {
    std::vector<FormField> fields;
    /// The first field of that name.
    [[nodiscard]] const FormField* find(std::string_view name) const noexcept;
    /// Its value, or nothing.
    [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const noexcept;
};

/// What a form may hold at most.
struct FormLimits {
    std::uint32_t fields = 1000;  ///< Beyond: 413.
    MultipartLimits multipart;
};

/// The form in a request whose body has been collected: `application/x-www-form-urlencoded` or `multipart/form-data`
/// (RFC 7578). The error is the answer to give: 415 with Accept for another media type, 400 for a malformed body, 413
/// beyond a limit.
[[nodiscard]] std::expected<Form, Response> read_form(const Request& request, const FormLimits& limits = {});

/// A query string or urlencoded form: `a=1&b=x+y` (WHATWG URL, section 5.2).
[[nodiscard]] std::string write_query(const std::vector<std::pair<std::string, std::string>>& pairs);

}  // namespace hourglass::http
