#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hourglass::http {

/// A request method (RFC 9110, section 9): one of the methods of RFC 9110 and RFC 5789, or an extension by its name.
/// Method names are case-sensitive.
class Method {
  public:
    enum Known : std::uint8_t { get, head, post, put, delete_, connect, options, trace, patch, extension };

    /// GET.
    constexpr Method() noexcept = default;
    constexpr Method(Known known) noexcept : known_(known) {}  // NOLINT(google-explicit-constructor): a name for a name
    /// By its name. Any text is taken; the parser gives only tokens and the writer refuses anything else.
    explicit Method(std::string_view name);

    /// The method, or `extension`.
    [[nodiscard]] constexpr Known known() const noexcept { return known_; }
    /// The name as it stands in the request line.
    [[nodiscard]] std::string_view name() const noexcept;

    /// Asks for no change of state: GET, HEAD, OPTIONS, TRACE (RFC 9110, section 9.2.1).
    [[nodiscard]] bool is_safe() const noexcept;
    /// May be repeated with the effect of one: the safe methods, PUT and DELETE (RFC 9110, section 9.2.2).
    [[nodiscard]] bool is_idempotent() const noexcept;
    /// Its definition anticipates content: POST, PUT, PATCH. Such a request without content is sent with
    /// `Content-Length: 0` (RFC 9110, section 8.6).
    [[nodiscard]] bool anticipates_content() const noexcept;

    bool operator==(const Method& other) const noexcept {
        return known_ == other.known_ && extension_ == other.extension_;
    }

  private:
    Known known_ = get;
    std::string extension_;
};

}  // namespace hourglass::http
