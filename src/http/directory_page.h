#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/files.h"

namespace hourglass::http::detail {

/// Text as it may stand in HTML, attributes included.
[[nodiscard]] std::string escape_html(std::string_view text);

/// A page that lists `entries`, folders first, each group by name. `url_path` is shown as the title; a root has no link
/// to a folder above it.
[[nodiscard]] std::string directory_page(std::string_view url_path, std::vector<DirectoryEntry> entries);

}  // namespace hourglass::http::detail
