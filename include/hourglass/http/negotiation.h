#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace hourglass::http {

/// A member of an Accept field with its weight (RFC 9110, section 12.4.2).
struct Preference {
    std::string_view value;       ///< with parameters other than q: `text/html;level=1`
    std::uint16_t weight = 1000;  ///< thousandths; 0 is "not acceptable"
};

/// The members of an Accept, Accept-Encoding or Accept-Language value in their order; members with a malformed weight
/// are left out.
[[nodiscard]] std::vector<Preference> parse_preferences(std::string_view value);

// Each of these returns the index of the offer that the client likes best, of equals the first, or nothing when none is
// acceptable. An absent field (nothing) accepts everything.

/// Media types by Accept (RFC 9110, section 12.5.1): of the ranges that match an offer the most specific one counts.
[[nodiscard]] std::optional<std::size_t> negotiate_type(std::optional<std::string_view> accept,
                                                        std::span<const std::string_view> offers);
/// Content codings by Accept-Encoding (RFC 9110, section 12.5.3). The offer "identity" is acceptable unless the field
/// says otherwise.
[[nodiscard]] std::optional<std::size_t> negotiate_encoding(std::optional<std::string_view> accept,
                                                            std::span<const std::string_view> offers);
/// Languages by Accept-Language (RFC 9110, section 12.5.4), matched as in RFC 4647, section 3.3.1 (basic filtering):
/// the range "de" matches "de-AT".
[[nodiscard]] std::optional<std::size_t> negotiate_language(std::optional<std::string_view> accept,
                                                            std::span<const std::string_view> offers);

}  // namespace hourglass::http
