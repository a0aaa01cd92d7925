#pragma once

#include <string_view>

namespace hourglass::http {

/// The media type for a file name by its extension, without regard to case: `text/html; charset=utf-8` for "a/b.html".
/// Text types carry UTF-8. `application/octet-stream` for what is not known.
[[nodiscard]] std::string_view media_type(std::string_view file_name) noexcept;

}  // namespace hourglass::http
