#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace hourglass {

/// Signed numbers as unsigned ones, small where they are near zero: 0, -1, 1, -2 ... are 0, 1, 2, 3 ...
[[nodiscard]] constexpr std::uint64_t zigzag(std::int64_t n) {
    return (static_cast<std::uint64_t>(n) << 1) ^ static_cast<std::uint64_t>(n >> 63);
}
[[nodiscard]] constexpr std::int64_t unzigzag(std::uint64_t n) {
    return static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

/// Writes numbers in groups of seven bits, the lowest first (LEB128), to where there is room. A small value: as a local
/// variable it stays in registers, which what it writes through can't change.
class OctetCursor {
  public:
    explicit OctetCursor(std::byte* at) : at_(at) {}
    [[nodiscard]] std::byte* at() const { return at_; }

    void octet(std::uint8_t n) { *at_++ = std::byte{n}; }
    void number(std::uint64_t n) {
        while (n >= 0x80) {
            octet(static_cast<std::uint8_t>(n | 0x80));
            n >>= 7;
        }
        octet(static_cast<std::uint8_t>(n));
    }
    void difference(std::int64_t n) { number(zigzag(n)); }
    void two(std::uint16_t n) {
        octet(static_cast<std::uint8_t>(n));
        octet(static_cast<std::uint8_t>(n >> 8));
    }
    void raw(std::span<const std::byte> octets) {
        if (octets.empty()) return;
        std::memcpy(at_, octets.data(), octets.size());
        at_ += octets.size();
    }

  private:
    std::byte* at_;
};

/// Octets being written behind each other: a chunk of a record, the state of a stack. The room for what comes next is
/// there before it begins: `make_room`.
class OctetWriter {
  public:
    /// Octets that one entry of a record takes at most, texts apart: of a segment, of a call with all of a tuning.
    static constexpr std::size_t kLargestEntry = 512;

    [[nodiscard]] std::size_t size() const { return used_; }
    [[nodiscard]] std::span<const std::byte> bytes() const { return std::span(bytes_).first(used_); }
    void clear() { used_ = 0; }
    void make_room(std::size_t n = kLargestEntry) {
        if (bytes_.size() - used_ < n) [[unlikely]]
            bytes_.resize(2 * (used_ + n));
    }

    /// Where the next octet goes; `set` takes over what was written there.
    [[nodiscard]] OctetCursor cursor() { return OctetCursor(bytes_.data() + used_); }
    void set(OctetCursor cursor) { used_ = static_cast<std::size_t>(cursor.at() - bytes_.data()); }

    void octet(std::uint8_t n) { bytes_[used_++] = std::byte{n}; }
    void number(std::uint64_t n) {
        OctetCursor to = cursor();
        to.number(n);
        set(to);
    }
    void difference(std::int64_t n) { number(zigzag(n)); }
    void two(std::uint16_t n) {
        OctetCursor to = cursor();
        to.two(n);
        set(to);
    }
    void raw(std::span<const std::byte> octets) {
        OctetCursor to = cursor();
        to.raw(octets);
        set(to);
    }
    /// Makes room for itself.
    void text(std::string_view s) {
        make_room(kLargestEntry + s.size());
        number(s.size());
        raw(std::as_bytes(std::span(s)));
    }

  private:
    std::vector<std::byte> bytes_;
    std::size_t used_ = 0;
};

/// Reads what OctetWriter wrote. Behind the end, and after something that can't be, everything is zero and `failed`.
class OctetReader {
  public:
    OctetReader() = default;
    explicit OctetReader(std::span<const std::byte> bytes) : bytes_(bytes) {}

    [[nodiscard]] bool at_end() const { return at_ == bytes_.size(); }
    [[nodiscard]] bool failed() const { return failed_; }
    [[nodiscard]] std::size_t position() const { return at_; }
    [[nodiscard]] std::size_t left() const { return bytes_.size() - at_; }
    void fail() { failed_ = true; }

    std::uint8_t octet() {
        if (at_ == bytes_.size()) failed_ = true;
        return failed_ ? std::uint8_t{0} : static_cast<std::uint8_t>(bytes_[at_++]);
    }
    std::uint64_t number() {
        std::uint64_t n = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const std::uint8_t o = octet();
            n |= static_cast<std::uint64_t>(o & 0x7f) << shift;
            if (o < 0x80) return failed_ ? 0 : n;
        }
        failed_ = true;
        return 0;
    }
    /// A number that may not be larger than `most`.
    template <typename T = std::uint64_t>
    T number_up_to(std::uint64_t most) {
        const std::uint64_t n = number();
        if (n > most) failed_ = true;
        return failed_ ? T{} : static_cast<T>(n);
    }
    std::int64_t difference() { return unzigzag(number()); }
    std::uint16_t two() {
        const std::uint16_t low = octet();
        return static_cast<std::uint16_t>(low | octet() << 8);
    }
    std::span<const std::byte> raw(std::size_t n) {
        if (n > bytes_.size() - at_) failed_ = true;
        if (failed_) return {};
        at_ += n;
        return bytes_.subspan(at_ - n, n);
    }
    std::string text(std::size_t most) {
        const auto octets = raw(number_up_to<std::size_t>(most));
        return {reinterpret_cast<const char*>(octets.data()), octets.size()};
    }

  private:
    std::span<const std::byte> bytes_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace hourglass
