#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/http/fields.h"
#include "hourglass/http/method.h"
#include "hourglass/http/status.h"

namespace hourglass::http {

/// A protocol version (RFC 9110, section 2.5).
struct Version {
    std::uint8_t major = 1;
    std::uint8_t minor = 1;
    auto operator<=>(const Version&) const = default;
};
inline constexpr Version kHttp10{1, 0};
inline constexpr Version kHttp11{1, 1};

/// The four forms of a request-target (RFC 9112, section 3.2).
enum class TargetForm : std::uint8_t {
    origin,     ///< `/path?query`
    absolute,   ///< `http://host/path?query`, as sent to a proxy
    authority,  ///< `host:port`, with CONNECT only
    asterisk,   ///< `*`, with OPTIONS only
};

/// A request-target in its parts. The views point into the text that was parsed.
struct Target {
    TargetForm form = TargetForm::origin;
    std::string_view scheme;     ///< absolute-form only
    std::string_view authority;  ///< absolute-form and authority-form
    std::string_view path;       ///< percent-encoded as received; "/" for `http://host`, empty for authority-form
    std::optional<std::string_view> query;  ///< without the question mark

    /// Nothing when `text` is none of the four forms, or one that `method` does not go with.
    static std::optional<Target> parse(const Method& method, std::string_view text) noexcept;
};

/// A request. The parser fills it; for a client it is what to send.
struct Request {
    Method method;
    std::string target = "/";  ///< as in the request line
    Version version = kHttp11;
    Fields fields;
    std::string body;  ///< the content, where it is collected and not streamed
    Fields trailers;   ///< only after a chunked body
    /// What the names in a router's pattern stand for, decoded.
    std::vector<std::pair<std::string, std::string>> path_parameters;

    /// What the name stands for in the router's pattern: "7" for "id" when "/users/{id}" has matched "/users/7". Empty
    /// when there is no such name.
    [[nodiscard]] std::string_view parameter(std::string_view name) const noexcept;
    /// The first value of that name in the query, decoded.
    [[nodiscard]] std::optional<std::string> query_parameter(std::string_view name) const;

    /// The path of the target, percent-encoded as received: "/a%20b" of "/a%20b?c". "*" for the asterisk-form, empty
    /// for the authority-form.
    [[nodiscard]] std::string_view path() const noexcept;
    /// The query of the target without the question mark; empty when there is none.
    [[nodiscard]] std::string_view query() const noexcept;
    /// The host and port that the request is for: the target's authority, or else the Host field (RFC 9112,
    /// section 3.3).
    [[nodiscard]] std::string_view authority() const noexcept;
};

/// A response. `reason` may be empty: the writer then sends the registered phrase.
struct Response {
    Status status = Status::ok;
    std::string reason;
    Version version = kHttp11;
    Fields fields;
    std::string body;  ///< the content, where it is collected and not streamed
    Fields trailers;   ///< only after a chunked body

    /// A response with a text body, Content-Type included.
    static Response text(Status status, std::string body, std::string_view media_type = "text/plain; charset=utf-8");
    /// A short page that says the status and, when given, why.
    static Response error(Status status, std::string_view detail = {});
    /// 200 with JSON.
    static Response json(std::string text);
    /// 200 with HTML.
    static Response html(std::string text);
    /// A redirection with Location: 301 `moved_permanently` and 302 `found`, on which clients may turn POST into GET,
    /// 303 `see_other`, which asks for GET, and 307 `temporary_redirect` and 308 `permanent_redirect`, which keep the
    /// method (RFC 9110, section 15.4). A location is a URI: what comes from elsewhere has to be encoded.
    static Response redirect(Status status, std::string_view location);
};

/// True when the connection may carry another message after this one: HTTP/1.1 without `Connection: close`, or HTTP/1.0
/// with `Connection: keep-alive` (RFC 9112, section 9.3).
[[nodiscard]] bool wants_keep_alive(Version version, const Fields& fields);

}  // namespace hourglass::http
