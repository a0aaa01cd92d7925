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

/// Bytes that are looked at together.
constexpr std::size_t kStep = 32;

/// A class of ASCII characters, for a lookup by halves: the entry of the lower four bits has bit n set when the
/// character with n as its upper four bits belongs to it.
using Class = std::array<std::uint8_t, kStep>;

template <typename Contains>
constexpr Class class_of(Contains contains) {
    Class table{};
    for (std::size_t c = 0; c < 128; ++c)
        if (contains(static_cast<char>(c))) table[c & 15] |= static_cast<std::uint8_t>(1 << (c >> 4));
    for (std::size_t i = 0; i < 16; ++i) table[16 + i] = table[i];
    return table;
}
constexpr Class kToken = class_of(is_token_char);
constexpr Class kVisible = class_of(is_visible_char);
constexpr Class kControl = class_of([](char c) { return !is_value_char(c); });
constexpr Class kBitOfHighHalf = [] {
    Class table{};
    for (std::size_t i = 0; i < 8; ++i) table[i] = table[16 + i] = static_cast<std::uint8_t>(1 << i);
    return table;
}();

HOURGLASS_AVX2 inline __m256i load(const void* p) noexcept {
    return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

/// Of the 32 bytes at `p`, a bit for each that is not in the class. One of 0x80 and above never is.
HOURGLASS_AVX2 inline std::uint32_t outside(const Class& table, const char* p) noexcept {
    const __m256i v = load(p);
    const __m256i high = _mm256_and_si256(_mm256_srli_epi16(v, 4), _mm256_set1_epi8(15));
    const __m256i in = _mm256_and_si256(_mm256_shuffle_epi8(load(table.data()), v),
                                        _mm256_shuffle_epi8(load(kBitOfHighHalf.data()), high));
    return static_cast<std::uint32_t>(_mm256_movemask_epi8(_mm256_cmpeq_epi8(in, _mm256_setzero_si256())));
}
HOURGLASS_AVX2 inline std::uint32_t no_token(const char* p) noexcept { return outside(kToken, p); }
HOURGLASS_AVX2 inline std::uint32_t not_visible(const char* p) noexcept { return outside(kVisible, p); }
HOURGLASS_AVX2 inline std::uint32_t no_value(const char* p) noexcept { return ~outside(kControl, p); }

/// The bits of the bytes from `at` on. What lies behind the text counts as an end of anything.
/// Precondition: the text has at least 32 bytes.
template <std::uint32_t (*find)(const char*)>
HOURGLASS_AVX2 inline std::uint32_t bits_at(std::string_view text, std::size_t at) noexcept {
    if (at + kStep <= text.size()) return find(text.data() + at);
    const std::size_t behind = at + kStep - text.size();
    if (behind >= kStep) return ~0u;
    return find(text.data() + text.size() - kStep) >> behind | ~0u << (kStep - behind);
}

template <typename Word>
Word word_at(std::string_view text, std::size_t at) noexcept {
    Word word;
    std::memcpy(&word, text.data() + at, sizeof word);
    return word;
}
template <typename Word>
constexpr Word word_of(std::string_view text) noexcept {  // the processor's order: the first byte is the lowest
    Word word = 0;
    for (std::size_t i = 0; i < sizeof word; ++i) word |= Word{static_cast<unsigned char>(text[i])} << (8 * i);
    return word;
}

constexpr auto kTwoLineEnds = word_of<std::uint32_t>("\r\n\r\n");
constexpr std::uint32_t kLineEnd = kTwoLineEnds & 0xffff;

/// The field line in [`line`, `end`). Precondition: there is a CR at `end`, and no control character before it.
HOURGLASS_AVX2 inline bool read_field(std::string_view text, std::size_t line, std::size_t end,
                                      FieldPlace& place) noexcept {
    const std::uint32_t ends = bits_at<no_token>(text, line);
    std::size_t colon = line + static_cast<std::size_t>(std::countr_zero(ends));
    if (ends == 0) [[unlikely]] {
        const char* const base = text.data();
        colon = static_cast<std::size_t>(find_token_end(base + line + kStep, base + end) - base);
    }
    if (colon == line || text[colon] != ':') return false;
    std::size_t begin = colon + 1;
    if (text[begin] == ' ') ++begin;  // as nearly always; the CR is no blank
    if (begin < end && (is_blank(text[begin]) || is_blank(text[end - 1]))) [[unlikely]] {
        while (begin < end && is_blank(text[begin])) ++begin;
        while (begin < end && is_blank(text[end - 1])) --end;
    }
    place = {static_cast<std::uint32_t>(line), static_cast<std::uint32_t>(colon - line),
             static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end - begin)};
    return true;
}

/// The field lines from `line` on; the empty line's end, or zero. Where lines end is found for 64 bytes at once, and
/// does not wait for what is in them.
HOURGLASS_AVX2 inline std::size_t read_fields(std::string_view text, std::size_t line, WholeHead& head,
                                              std::span<FieldPlace> places) noexcept {
    std::uint64_t before = 0;  // the byte before the block may not be in a value
    for (std::size_t block = line; block < text.size(); block += 2 * kStep) {
        const std::uint64_t first = bits_at<no_value>(text, block);
        const std::uint64_t second = bits_at<no_value>(text, block + kStep);
        const std::uint64_t bad = first | second << kStep;
        // Of bytes that may not be in a value, here CR and LF, the first: what follows them is judged with the line.
        for (std::uint64_t left = bad & ~(bad << 1 | before); left != 0; left &= left - 1) {
            const std::size_t end = block + static_cast<std::size_t>(std::countr_zero(left));
            if (end + sizeof kTwoLineEnds > text.size() || head.fields == places.size()) return 0;
            const auto behind = word_at<std::uint32_t>(text, end);
            if ((behind & 0xffff) != kLineEnd) return 0;
            if (!read_field(text, line, end, places[head.fields])) return 0;
            ++head.fields;
            if (behind == kTwoLineEnds) return end + sizeof kTwoLineEnds;
            line = end + 2;
        }
        before = bad >> 63;
    }
    return 0;
}

/// Where the target ends that begins at `at`.
HOURGLASS_AVX2 inline std::size_t find_target_end(std::string_view text, std::size_t at) noexcept {
    for (; at < text.size(); at += kStep)
        if (const std::uint32_t ends = bits_at<not_visible>(text, at); ends != 0)
            return at + static_cast<std::size_t>(std::countr_zero(ends));
    return text.size();
}

HOURGLASS_AVX2 WholeHead read_with_avx2(std::string_view text, const Limits& limits,
                                        std::span<FieldPlace> places) noexcept {
    constexpr std::string_view version = " HTTP/1.1\r\n";
    if (text.size() < kStep) return {};
    WholeHead head;
    head.method_end = static_cast<std::size_t>(std::countr_zero(bits_at<no_token>(text, 0)));
    if (head.method_end == 0 || head.method_end > limits.method || head.method_end >= kStep) return {};
    if (text[head.method_end] != ' ') return {};
    const std::size_t target = head.method_end + 1;
    head.target_end = find_target_end(text, target);
    if (head.target_end == target || head.target_end >= limits.start_line) return {};
    const std::size_t section = head.target_end + version.size();
    if (section > text.size()) return {};
    using Word = std::uint64_t;
    constexpr std::size_t last = version.size() - sizeof(Word);
    if (word_at<Word>(text, head.target_end) != word_of<Word>(version) ||
        word_at<Word>(text, head.target_end + last) != word_of<Word>(version.substr(last)))
        return {};
    const std::size_t end =
        read_fields(text, section, head, places.first(std::min<std::size_t>(places.size(), limits.fields)));
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
    return read_with_avx2(text, limits, places);
}

#else

bool can_read_whole_heads() noexcept { return false; }
WholeHead read_whole_head(std::string_view, const Limits&, std::span<FieldPlace>) noexcept { return {}; }

#endif

}  // namespace hourglass::http::detail
