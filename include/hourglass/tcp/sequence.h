#pragma once

#include <cstdint>

namespace hourglass::tcp {

/// A TCP sequence number: a point on a circle of 2^32 (RFC 9293, section 3.4). The difference of two is signed and
/// meaningful while they are less than 2^31 apart; the comparisons are those of RFC 9293 with that rule, so they are
/// an order on any window's worth of the circle and not on all of it.
class Seq {
  public:
    constexpr Seq() = default;
    constexpr explicit Seq(std::uint32_t value) : value_(value) {}

    /// The number as it stands in the header.
    [[nodiscard]] constexpr std::uint32_t raw() const { return value_; }

    constexpr Seq operator+(std::uint32_t n) const { return Seq(value_ + n); }
    constexpr Seq operator-(std::uint32_t n) const { return Seq(value_ - n); }
    constexpr Seq& operator+=(std::uint32_t n) {
        value_ += n;
        return *this;
    }
    /// The distance from `other` to this, in octets: negative when this is before `other`.
    constexpr std::int32_t operator-(Seq other) const { return static_cast<std::int32_t>(value_ - other.value_); }

    constexpr bool operator==(const Seq&) const = default;
    constexpr bool operator<(Seq other) const { return *this - other < 0; }
    constexpr bool operator<=(Seq other) const { return *this - other <= 0; }
    constexpr bool operator>(Seq other) const { return *this - other > 0; }
    constexpr bool operator>=(Seq other) const { return *this - other >= 0; }

  private:
    std::uint32_t value_ = 0;
};

/// True when `begin <= x < begin + size` on the circle (the window tests of RFC 9293, section 3.4).
[[nodiscard]] constexpr bool in_window(Seq x, Seq begin, std::uint32_t size) {
    return static_cast<std::uint32_t>(x - begin) < size;
}

[[nodiscard]] constexpr Seq max(Seq a, Seq b) { return a < b ? b : a; }
[[nodiscard]] constexpr Seq min(Seq a, Seq b) { return a < b ? a : b; }

}  // namespace hourglass::tcp
