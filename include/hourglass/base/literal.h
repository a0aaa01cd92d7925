#pragma once

#include <cstddef>
#include <string_view>

namespace hourglass {

/// Text that stands in the program itself: one pointer, valid for ever. Only a string literal makes one.
class Literal {
  public:
    /// No text.
    constexpr Literal() = default;
    template <std::size_t size>
    // NOLINTNEXTLINE(google-explicit-constructor): a literal is one
    consteval Literal(const char (&text)[size]) : text_(text) {}

    // NOLINTNEXTLINE(google-explicit-constructor)
    constexpr operator std::string_view() const {
        return text_ == nullptr ? std::string_view{} : std::string_view(text_);
    }
    [[nodiscard]] constexpr bool empty() const { return text_ == nullptr; }

  private:
    const char* text_ = nullptr;
};

}  // namespace hourglass
