#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "hourglass/http/fields.h"

namespace hourglass::proxy {

/// The directives of Cache-Control, of a request or of a response (RFC 9111, section 5.2; RFC 5861). One that is
/// unknown is passed over. A number that can't be read counts as zero, which makes a response stale (section 4.2.1).
struct CacheControl {
    std::optional<std::chrono::seconds> max_age{};
    std::optional<std::chrono::seconds> s_maxage{};
    std::optional<std::chrono::seconds> min_fresh{};
    std::optional<std::chrono::seconds> max_stale{};  ///< without a value: the largest
    std::optional<std::chrono::seconds> stale_if_error{};
    std::optional<std::chrono::seconds> stale_while_revalidate{};
    bool no_cache = false;
    bool no_store = false;
    bool no_transform = false;
    bool only_if_cached = false;
    bool is_private = false;
    bool is_public = false;
    bool must_revalidate = false;
    bool proxy_revalidate = false;
    bool must_understand = false;
    std::vector<std::string> no_cache_fields{};  ///< of `no-cache="a, b"`: the rest may be used without validation
    std::vector<std::string> private_fields{};   ///< of `private="a, b"`

    /// All field lines together. A directive that comes twice: the first counts, and for two different ages the
    /// smaller one (section 4.2.1).
    static CacheControl parse(const http::Fields& fields);
    bool operator==(const CacheControl&) const = default;
};

/// Delta-seconds (RFC 9111, section 1.2.2): too large a number is the largest. Nothing when `text` is no number.
[[nodiscard]] std::optional<std::chrono::seconds> parse_delta_seconds(std::string_view text) noexcept;

}  // namespace hourglass::proxy
