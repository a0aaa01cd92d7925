#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#if defined(__AVX2__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

// Searches for the end of a run of allowed bytes, the inner loops of the parser. Each returns `end` when all is
// allowed.

namespace hourglass::http::detail {

/// tchar (RFC 9110, section 5.6.2).
inline constexpr std::array<bool, 256> kTokenTable = [] {
    std::array<bool, 256> table{};
    for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
    for (const char* c = "!#$%&'*+-.^_`|~"; *c != '\0'; ++c) table[static_cast<std::size_t>(*c)] = true;
    return table;
}();

inline constexpr bool is_token_char(char c) { return kTokenTable[static_cast<unsigned char>(c)]; }
/// HTAB, SP, VCHAR and obs-text: what a field line's value consists of (RFC 9110, section 5.5).
inline constexpr bool is_value_char(char c) {
    const auto u = static_cast<unsigned char>(c);
    return u >= 0x20 ? u != 0x7f : u == '\t';
}
/// VCHAR (RFC 5234, appendix B.1).
inline constexpr bool is_visible_char(char c) { return c > 0x20 && c < 0x7f; }
/// OWS and BWS (RFC 9110, section 5.6.3).
inline constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }
inline constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline constexpr char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
/// The value of a hexadecimal digit, or -1.
inline constexpr int hex_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

inline const char* find_token_end(const char* p, const char* end) {
    while (end - p >= 4) {
        if (!is_token_char(p[0])) return p;
        if (!is_token_char(p[1])) return p + 1;
        if (!is_token_char(p[2])) return p + 2;
        if (!is_token_char(p[3])) return p + 3;
        p += 4;
    }
    while (p != end && is_token_char(*p)) ++p;
    return p;
}

#if defined(__AVX2__)
inline const char* find_value_end(const char* p, const char* end) {
    while (end - p >= 32) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
        const __m256i low = _mm256_cmpeq_epi8(_mm256_min_epu8(v, _mm256_set1_epi8(0x1f)), v);
        const __m256i control = _mm256_andnot_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\t')), low);
        const __m256i bad = _mm256_or_si256(control, _mm256_cmpeq_epi8(v, _mm256_set1_epi8(0x7f)));
        const auto mask = static_cast<std::uint32_t>(_mm256_movemask_epi8(bad));
        if (mask != 0) return p + std::countr_zero(mask);
        p += 32;
    }
    while (p != end && is_value_char(*p)) ++p;
    return p;
}
#elif defined(__SSE2__)
inline const char* find_value_end(const char* p, const char* end) {
    while (end - p >= 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
        const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')), low);
        const __m128i bad = _mm_or_si128(control, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(bad));
        if (mask != 0) return p + std::countr_zero(mask);
        p += 16;
    }
    while (p != end && is_value_char(*p)) ++p;
    return p;
}
#else
inline const char* find_value_end(const char* p, const char* end) {
    while (p != end && is_value_char(*p)) ++p;
    return p;
}
#endif

/// True when all bytes are ones that a value may have.
inline bool is_all_value_chars(const char* p, std::size_t size) {
#if defined(__SSE2__)
    if (size >= 16) {
        const auto bad_at = [p](std::size_t at) {
            const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p + at));
            const __m128i low = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v);
            const __m128i control = _mm_andnot_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\t')), low);
            return _mm_or_si128(control, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
        };
        __m128i bad = bad_at(size - 16);  // the last block overlaps the one before it
        for (std::size_t at = 0; at + 16 < size; at += 16) bad = _mm_or_si128(bad, bad_at(at));
        return _mm_movemask_epi8(bad) == 0;
    }
#endif
    if (size >= 8) {
        // Byte by byte in a word: an addition that carries into no other byte sets the highest bit of each that is too
        // large. Above 0x7f all are allowed.
        const auto is_good = [p](std::size_t at) {
            constexpr std::uint64_t ones = 0x0101010101010101, high = 0x80 * ones;
            std::uint64_t word;
            std::memcpy(&word, p + at, sizeof word);
            const auto low = word & ~high;
            const auto not_control = low + (0x80 - 0x20) * ones;
            const auto is_delete = low + ones;
            const auto not_tab = (low ^ std::uint64_t{'\t'} * ones) + 0x7f * ones;
            const auto bad = (~not_control & not_tab) | is_delete;
            return (bad & ~word & high) == 0;
        };
        for (std::size_t at = 0; at + 8 < size; at += 8)
            if (!is_good(at)) return false;
        return is_good(size - 8);  // this word, too, overlaps the one before it
    }
    bool good = true;
    for (std::size_t i = 0; i < size; ++i) good &= is_value_char(p[i]);
    return good;
}

/// What `is_token` and `is_field_value` say, for inner loops.
inline bool is_token_text(std::string_view text) {
    return !text.empty() && find_token_end(text.data(), text.data() + text.size()) == text.data() + text.size();
}
inline bool is_value_text(std::string_view text) {
    if (text.empty()) return true;
    return !is_blank(text.front()) && !is_blank(text.back()) && is_all_value_chars(text.data(), text.size());
}

#if defined(__SSE2__)
inline const char* find_visible_end(const char* p, const char* end) {
    while (end - p >= 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
        // As signed bytes, 0x80 and above are negative, so one comparison finds them together with controls and SP.
        const __m128i bad =
            _mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x21)), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(bad));
        if (mask != 0) return p + std::countr_zero(mask);
        p += 16;
    }
    while (p != end && is_visible_char(*p)) ++p;
    return p;
}
#else
inline const char* find_visible_end(const char* p, const char* end) {
    while (p != end && is_visible_char(*p)) ++p;
    return p;
}
#endif

}  // namespace hourglass::http::detail
