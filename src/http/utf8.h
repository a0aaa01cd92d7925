#pragma once

#include <cstdint>
#include <string_view>

namespace hourglass::http::detail {

/// Checks UTF-8 as it comes (RFC 3629, section 4): no surrogate, no overlong form, nothing above U+10FFFF.
class Utf8Check {
  public:
    /// False from the first octet on with which no continuation is valid.
    bool add(std::string_view text) noexcept {
        for (const char c : text)
            if (!add(static_cast<std::uint8_t>(c))) return false;
        return true;
    }
    /// True when no character has begun and is not complete.
    [[nodiscard]] bool complete() const noexcept { return wanted_ == 0; }
    void reset() noexcept { *this = {}; }

  private:
    bool add(std::uint8_t octet) noexcept {
        if (wanted_ > 0) {
            if (octet < low_ || octet > high_) return false;
            low_ = 0x80;
            high_ = 0xbf;
            --wanted_;
            return true;
        }
        if (octet < 0x80) return true;
        if (octet < 0xc2 || octet > 0xf4) return false;
        wanted_ = octet < 0xe0 ? 1 : octet < 0xf0 ? 2 : 3;
        // The second octet's range says what the first alone cannot.
        if (octet == 0xe0) low_ = 0xa0;
        if (octet == 0xed) high_ = 0x9f;
        if (octet == 0xf0) low_ = 0x90;
        if (octet == 0xf4) high_ = 0x8f;
        return true;
    }

    std::uint8_t wanted_ = 0;  ///< octets that the character still takes
    std::uint8_t low_ = 0x80;
    std::uint8_t high_ = 0xbf;
};

[[nodiscard]] inline bool is_utf8(std::string_view text) noexcept {
    Utf8Check check;
    return check.add(text) && check.complete();
}

}  // namespace hourglass::http::detail
