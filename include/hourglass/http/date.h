#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hourglass::http {

/// An IMF-fixdate, as in Date and Last-Modified: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110, section 5.6.7). Years 0 to
/// 9999.
[[nodiscard]] std::string format_date(std::chrono::sys_seconds time);

/// The same text in place, without memory that has to be asked for.
class DateText {
  public:
    explicit DateText(std::chrono::sys_seconds time) noexcept;
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), text_.size()}; }

  private:
    std::array<char, 29> text_;
};

/// The same, written anew only when it is none of the last ones: the dates of many answers are few. Valid until this
/// thread asks for another date.
[[nodiscard]] const DateText& remembered_date(std::chrono::sys_seconds time) noexcept;

/// Reads an IMF-fixdate, and the two obsolete forms of RFC 9110, section 5.6.7 (RFC 850 and asctime). A two-digit year
/// is taken from 1970 to 2069. Nothing when the text is none of them.
[[nodiscard]] std::optional<std::chrono::sys_seconds> parse_date(std::string_view text);

}  // namespace hourglass::http
