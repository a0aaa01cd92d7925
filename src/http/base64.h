#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace hourglass::http::detail {

/// RFC 4648, section 4, with its padding.
[[nodiscard]] std::string encode_base64(std::span<const std::byte> bytes);
/// Nothing when it is malformed, or has bits set that no encoder sets.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace hourglass::http::detail
