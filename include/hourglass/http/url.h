#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"

namespace hourglass::http {

/// Why a text is not a usable URL.
enum class UrlError : std::uint8_t {
    missing_scheme,      ///< no `http://` in front
    unsupported_scheme,  ///< neither http nor https
    missing_host,        ///< RFC 9110, section 4.2.1: an empty host is invalid
    invalid_host,
    invalid_port,
    invalid_character,  ///< a byte that a URL may not hold as it is: a space, a control, a byte above 126
    invalid_percent,    ///< a percent sign without two hexadecimal digits
};

/// One line for a person.
[[nodiscard]] std::string_view to_string(UrlError error) noexcept;

/// The host and port of an authority, without user information (RFC 3986, section 3.2).
struct Authority {
    std::string_view host;     ///< as written; an IPv6 literal without its brackets
    std::optional<Port> port;  ///< absent also when nothing follows the colon
    bool is_ipv6 = false;

    /// Nothing when `text` is not `uri-host [ ":" port ]`. An empty host is let through, as in an empty Host field
    /// (RFC 9110, section 7.2).
    static std::optional<Authority> parse(std::string_view text) noexcept;
};

/// An `http` or `https` URL in its parts (RFC 3986; RFC 9110, section 4.2). Scheme and host are in lower case, the rest
/// is percent-encoded as it was written.
struct Url {
    std::string scheme = "http";
    std::optional<std::string> user_information;
    std::string host;          ///< an IPv6 literal without its brackets
    std::optional<Port> port;  ///< only when the URL has one
    std::string path = "/";    ///< begins with a slash
    std::optional<std::string> query;
    std::optional<std::string> fragment;

    /// Parses an absolute URL.
    static std::expected<Url, UrlError> parse(std::string_view text);
    /// The URL that `reference` means when it stands in this one, as in a Location field (RFC 3986, section 5.2).
    [[nodiscard]] std::expected<Url, UrlError> resolve(std::string_view reference) const;

    /// The same URL in its one normal form, fit to be compared and to key a cache (RFC 3986, section 6.2): no dot
    /// segments, no port that is the scheme's own, unreserved characters as themselves, hexadecimal digits in upper
    /// case.
    [[nodiscard]] Url normalized() const;

    /// The port in the URL or the scheme's own: 80, 443.
    [[nodiscard]] Port effective_port() const noexcept;
    /// For the Host field: host, and port when it is not the scheme's own; brackets around IPv6.
    [[nodiscard]] std::string authority() const;
    /// For the request line, origin-form: path and query. Never the fragment.
    [[nodiscard]] std::string request_target() const;
    /// The whole URL again.
    [[nodiscard]] std::string to_string() const;
    bool operator==(const Url&) const = default;
};

/// Removes "." and ".." segments; what would climb above the root stays at the root (RFC 3986, section 5.2.4).
[[nodiscard]] std::string remove_dot_segments(std::string_view path);

/// Decodes `%XX` (RFC 3986, section 2.1). Nothing when a percent sign is not followed by two hexadecimal digits.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

/// Decodes what is unreserved and writes other sequences in upper case, so that equivalent texts become equal (RFC
/// 3986, section 6.2.2). A malformed percent sequence is kept as it is.
[[nodiscard]] std::string normalize_percent_encoding(std::string_view text);

/// Encodes everything but unreserved characters (RFC 3986, section 2.3) and those in `keep`.
[[nodiscard]] std::string percent_encode(std::string_view text, std::string_view keep = {});

/// The pairs of a query string or urlencoded form, in their order: `a=1&b=x+y` (WHATWG URL, section 5.1). Plus is a
/// space; a malformed percent sequence is kept as it is.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query);

}  // namespace hourglass::http
