#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>

#include "hourglass/tcp/sequence.h"
#include "hourglass/wire/endian.h"

namespace hourglass::wire {

/// Kinds of TCP options (IANA "TCP Option Kind Numbers"). Other values may occur.
enum class TcpOptionKind : std::uint8_t {
    end_of_list = 0,
    no_operation = 1,
    mss = 2,
    window_scale = 3,     ///< RFC 7323, section 2.
    sack_permitted = 4,   ///< RFC 2018, section 2.
    sack = 5,             ///< RFC 2018, section 3.
    timestamps = 8,       ///< RFC 7323, section 3.
    md5 = 19,             ///< RFC 2385.
    user_timeout = 28,    ///< RFC 5482.
    authentication = 29,  ///< RFC 5925.
    mptcp = 30,           ///< RFC 8684.
    fast_open = 34,       ///< RFC 7413.
    accurate_ecn0 = 172,
    accurate_ecn1 = 174,
};

/// One option as it stands in the segment.
struct TcpRawOption {
    TcpOptionKind kind{};
    std::span<const std::byte> data{};  ///< Without kind and length; empty for the two one-octet kinds.
};

/// The options of a segment in their order, unknown kinds included: a range for `for`. It ends at the end-of-list
/// option, at the last octet, or at an option whose length is illegal, and then `malformed` is true of the iterator.
class TcpOptionList {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = TcpRawOption;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        explicit iterator(std::span<const std::byte> bytes) noexcept : rest_(bytes) { read(); }

        [[nodiscard]] const TcpRawOption& operator*() const noexcept { return option_; }
        [[nodiscard]] const TcpRawOption* operator->() const noexcept { return &option_; }
        iterator& operator++() noexcept {
            rest_ = rest_.subspan(taken_);
            read();
            return *this;
        }
        iterator operator++(int) noexcept {
            iterator before = *this;
            ++*this;
            return before;
        }
        [[nodiscard]] bool operator==(std::default_sentinel_t) const noexcept { return taken_ == 0; }
        /// True when the list ended at an option with an illegal length (RFC 9293, section 3.1, MUST-7).
        [[nodiscard]] bool malformed() const noexcept { return malformed_; }

      private:
        void read() noexcept {
            taken_ = 0;
            if (rest_.empty()) return;
            const auto kind = TcpOptionKind(load_8(rest_.data()));
            if (kind == TcpOptionKind::end_of_list) return;
            if (kind == TcpOptionKind::no_operation) {
                option_ = {kind, {}};
                taken_ = 1;
                return;
            }
            const std::size_t length = rest_.size() < 2 ? 0 : load_8(rest_.data() + 1);
            if (length < 2 || length > rest_.size()) {
                malformed_ = true;
                return;
            }
            option_ = {kind, rest_.subspan(2, length - 2)};
            taken_ = length;
        }

        std::span<const std::byte> rest_;
        TcpRawOption option_;
        std::size_t taken_ = 0;  // octets of this option; zero at the end
        bool malformed_ = false;
    };

    explicit TcpOptionList(std::span<const std::byte> bytes) noexcept : bytes_(bytes) {}
    [[nodiscard]] iterator begin() const noexcept { return iterator(bytes_); }
    [[nodiscard]] static std::default_sentinel_t end() noexcept { return {}; }

  private:
    std::span<const std::byte> bytes_;
};

/// The timestamps option (RFC 7323, section 3.2).
struct TcpTimestamps {
    std::uint32_t value = 0;       ///< TSval
    std::uint32_t echo_reply = 0;  ///< TSecr
    bool operator==(const TcpTimestamps&) const = default;
};

/// A block of octets that arrived out of order: [left, right) (RFC 2018, section 3).
struct SackBlock {
    tcp::Seq left{};
    tcp::Seq right{};
    bool operator==(const SackBlock&) const = default;
};

/// A Fast Open cookie (RFC 7413, section 4.1.1): empty in a request for one, else 4 to 16 octets, an even number.
struct FastOpenCookie {
    std::uint8_t size = 0;
    std::array<std::byte, 16> octets{};

    [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return {octets.data(), size}; }
    bool operator==(const FastOpenCookie&) const = default;
};

/// The options of a segment, decoded. They are told as they stand in it: that some count only in a SYN, or that a shift
/// above 14 means 14 (RFC 7323, section 2.3), is left to the connection. Of a kind that occurs twice the last counts.
struct TcpOptions {
    static constexpr std::size_t kMaxSize = 40;  ///< Octets in a header (RFC 9293, section 3.1).
    static constexpr std::size_t kMaxSackBlocks = 4;

    std::optional<TcpTimestamps> timestamps{};
    std::optional<std::uint16_t> mss{};
    std::optional<std::uint8_t> window_scale{};
    bool sack_permitted = false;
    bool fast_open_present = false;
    bool malformed = false;          ///< Read only: some option had an illegal length; the list was read up to it.
    std::uint8_t unknown_count = 0;  ///< Read only: options of other kinds; the option list still has them.
    std::uint8_t sack_count = 0;
    std::array<SackBlock, kMaxSackBlocks> sack{};  ///< The first `sack_count` count.
    FastOpenCookie fast_open{};                    ///< Only where `fast_open_present`.

    [[nodiscard]] std::span<const SackBlock> sack_blocks() const noexcept { return {sack.data(), sack_count}; }

    /// Decodes the octets behind the fixed header. An option whose length does not fit its kind is left out, one whose
    /// length is illegal ends the list; both set `malformed` (RFC 9293, section 3.1, MUST-7 leaves the rest to the
    /// user).
    [[nodiscard]] static TcpOptions parse(std::span<const std::byte> bytes) noexcept;

    /// Octets that `emit` writes: a multiple of 4, at most 40. Blocks of SACK that find no room are not written.
    [[nodiscard]] std::size_t size() const noexcept {
        return has_only_timestamps() ? (timestamps ? kTimestampsSize : 0) : full_size();
    }
    /// Writes `size()` octets, aligned as RFC 7323, appendix A asks. Precondition: `out.size() >= size()`;
    /// `sack_count <= 4`, `fast_open.size` as RFC 7413 has it.
    void emit(std::span<std::byte> out) const noexcept {
        if (!has_only_timestamps()) return emit_full(out.data());
        if (timestamps) emit_timestamps(out.data());
    }

    bool operator==(const TcpOptions&) const noexcept;

  private:
    static constexpr std::size_t kTimestampsSize = 12;
    [[nodiscard]] bool has_only_timestamps() const noexcept {
        return !mss && !window_scale && !sack_permitted && sack_count == 0 && !fast_open_present;
    }
    /// RFC 7323, appendix A: two no-operations in front put both values on a word boundary.
    void emit_timestamps(std::byte* out) const noexcept {
        store_be32(out, 0x0101080a);
        store_be32(out + 4, timestamps->value);
        store_be32(out + 8, timestamps->echo_reply);
    }
    [[nodiscard]] std::size_t full_size() const noexcept;
    /// How many blocks of SACK find room behind `used` octets of other options.
    [[nodiscard]] std::size_t fitting_sack_blocks(std::size_t used) const noexcept;
    void emit_full(std::byte* out) const noexcept;
};

}  // namespace hourglass::wire
