#include "http/whole_head.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "http/scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define HOURGLASS_AVX2 [[gnu::target("avx2,bmi")]]
#endif

namespace hourglass::http::detail {

#if defined(__x86_64__)

namespace {

constexpr std::size_t kBlock = 64;
constexpr std::size_t kHalf = 32;
constexpr std::size_t kNowhere = SIZE_MAX;

/// Which characters are tchar, for a lookup by halves: the entry of the lower four bits has bit n set when the
/// character with n as its upper four bits is one.
constexpr std::array<std::uint8_t, 32> kTokenByLowHalf = [] {
    std::array<std::uint8_t, 32> table{};
    for (std::size_t c = 0; c < 128; ++c)
        if (kTokenTable[c]) table[c & 15] |= static_cast<std::uint8_t>(1 << (c >> 4));
    for (std::size_t i = 0; i < 16; ++i) table[16 + i] = table[i];
    return table;
}();
constexpr std::array<std::uint8_t, 32> kBitOfHighHalf = [] {
    std::array<std::uint8_t, 32> table{};
    for (std::size_t i = 0; i < 8; ++i) table[i] = table[16 + i] = static_cast<std::uint8_t>(1 << i);
    return table;
}();

/// Of 32 bytes: a bit for each that is no tchar, and for each that may not be in a value.
struct Classes {
    std::uint32_t no_token;
    std::uint32_t no_value;
};

constexpr Classes kEnd{~0u, ~0u};

HOURGLASS_AVX2 inline Classes classify(const char* p) noexcept {
    const __m256i low_half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kTokenByLowHalf.data()));
    const __m256i high_half = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kBitOfHighHalf.data()));
    const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
    // A byte of 0x80 and above finds nothing in the first table.
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
    const __m256i token = _mm256_and_si256(_mm256_shuffle_epi8(low_half, v), _mm256_shuffle_epi8(high_half, high));
    const __m256i no_token = _mm256_cmpeq_epi8(token, _mm256_setzero_si256());
    const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
    const __m256i control = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')), low);
    const __m256i no_value = _mm256_or_si256(control, _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f)));
    return {static_cast<std::uint32_t>(_mm256_movemask_epi8(no_token)),
            static_cast<std::uint32_t>(_mm256_movemask_epi8(no_value))};
}

/// Finds ends of names and values, block by block, forwards only.
class BlockReader {
  public:
    HOURGLASS_AVX2 BlockReader(const char* text, std::size_t size) noexcept : text_(text), size_(size) { load(0); }

    HOURGLASS_AVX2 std::size_t token_end(std::size_t from) noexcept { return next<&BlockReader::no_token_>(from); }
    HOURGLASS_AVX2 std::size_t value_end(std::size_t from) noexcept { return next<&BlockReader::no_value_>(from); }

  private:
    /// The next byte from `from` on that is in the class; beyond the text when there is none.
    template <std::uint64_t BlockReader::*end_class>
    HOURGLASS_AVX2 std::size_t next(std::size_t from) noexcept {
        if (from - begin_ >= kBlock) {
            if (from >= size_) return kNowhere;
            load(from & ~(kBlock - 1));
        }
        for (std::uint64_t left = this->*end_class >> (from - begin_) << (from - begin_);; left = this->*end_class) {
            if (left != 0) return begin_ + static_cast<std::size_t>(std::countr_zero(left));
            if (begin_ + kBlock >= size_) return kNowhere;
            load(begin_ + kBlock);
        }
    }
    HOURGLASS_AVX2 void load(std::size_t begin) noexcept {
        begin_ = begin;
        const std::size_t left = size_ - begin;
        if (left >= kBlock)
            keep(classify(text_ + begin), classify(text_ + begin + kHalf));
        else if (left > kHalf)
            keep(classify(text_ + begin), classify_last(left - kHalf));
        else
            keep(classify_last(left), kEnd);
    }
    /// Of the text's last `n` bytes, at most 32; what lies behind them ends every name and value.
    HOURGLASS_AVX2 [[nodiscard]] Classes classify_last(std::size_t n) const noexcept {
        const auto behind = static_cast<std::uint32_t>(~std::uint64_t{0} << n);
        if (size_ < kHalf) {
            alignas(kHalf) std::array<char, kHalf> last{};
            std::memcpy(last.data(), text_ + (size_ - n), n);
            const Classes classes = classify(last.data());
            return {classes.no_token | behind, classes.no_value | behind};
        }
        const Classes classes = classify(text_ + (size_ - kHalf));
        return {static_cast<std::uint32_t>(std::uint64_t{classes.no_token} >> (kHalf - n)) | behind,
                static_cast<std::uint32_t>(std::uint64_t{classes.no_value} >> (kHalf - n)) | behind};
    }
    void keep(Classes first, Classes second) noexcept {
        no_token_ = std::uint64_t{second.no_token} << 32 | first.no_token;
        no_value_ = std::uint64_t{second.no_value} << 32 | first.no_value;
    }

    const char* text_;
    std::size_t size_;
    std::size_t begin_ = 0;
    std::uint64_t no_token_ = 0;
    std::uint64_t no_value_ = 0;
};

/// Precondition: `text` is not empty.
bool is_line_end(std::string_view text, std::size_t at) noexcept {
    return at < text.size() - 1 && text[at] == '\r' && text[at + 1] == '\n';
}

/// The field lines from `at` on; the empty line's end, or zero.
HOURGLASS_AVX2 std::size_t read_fields(std::string_view text, std::size_t at, BlockReader& reader, WholeHead& head,
                                       std::span<FieldPlace> places) noexcept {
    for (std::size_t n = 0;; ++n) {
        if (is_line_end(text, at)) {
            head.fields = n;
            return at + 2;
        }
        const std::size_t colon = reader.token_end(at);
        if (n == places.size() || colon >= text.size() || text[colon] != ':' || colon == at) return 0;
        const std::size_t end = reader.value_end(colon + 1);
        if (!is_line_end(text, end)) return 0;
        std::size_t begin = colon + 1, last = end;
        if (text[begin] == ' ') ++begin;  // as nearly always; the line's end is no blank
        while (begin < last && is_blank(text[begin])) [[unlikely]]++ begin;
        while (begin < last && is_blank(text[last - 1])) [[unlikely]]-- last;
        places[n] = {static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(colon - at),
                     static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(last - begin)};
        at = end + 2;
    }
}

HOURGLASS_AVX2 WholeHead read_with_avx2(std::string_view text, const Limits& limits,
                                        std::span<FieldPlace> places) noexcept {
    constexpr std::string_view version = " HTTP/1.1\r\n";
    BlockReader reader(text.data(), text.size());
    WholeHead head;
    head.method_end = reader.token_end(0);
    if (head.method_end == 0 || head.method_end > limits.method || head.method_end >= text.size()) return {};
    if (text[head.method_end] != ' ') return {};
    const char* const target = text.data() + head.method_end + 1;
    const char* const target_end = find_visible_end(target, text.data() + text.size());
    head.target_end = static_cast<std::size_t>(target_end - text.data());
    if (target_end == target || head.target_end >= limits.start_line) return {};
    if (!text.substr(head.target_end).starts_with(version)) return {};
    const std::size_t section = head.target_end + version.size();
    const std::size_t end =
        read_fields(text, section, reader, head, places.first(std::min<std::size_t>(places.size(), limits.fields)));
    if (end == 0 || end - section > limits.field_section) return {};
    head.size = end;
    return head;
}

}  // namespace

bool can_read_whole_heads() noexcept {
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

WholeHead read_whole_head(std::string_view text, const Limits& limits, std::span<FieldPlace> places) noexcept {
    return text.empty() ? WholeHead{} : read_with_avx2(text, limits, places);
}

#else

bool can_read_whole_heads() noexcept { return false; }
WholeHead read_whole_head(std::string_view, const Limits&, std::span<FieldPlace>) noexcept { return {}; }

#endif

}  // namespace hourglass::http::detail
