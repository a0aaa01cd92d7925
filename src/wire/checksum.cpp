#include "hourglass/wire/checksum.h"

#include <array>

#if defined(__x86_64__) && defined(__GNUC__)
#define HOURGLASS_X86_CHECKSUM 1
#include <immintrin.h>
#endif

namespace hourglass::wire {

namespace {

std::uint64_t load_64(const std::byte* p) noexcept {
    std::uint64_t word;
    std::memcpy(&word, p, sizeof word);
    return word;
}

void store_64(std::byte* p, std::uint64_t word) noexcept { std::memcpy(p, &word, sizeof word); }

/// The bytes `p[0, n)` as the beginning of a word whose other bytes are zero, in memory order. Precondition: `n < 8`,
/// and the eight bytes that end at `p + n` can be read.
std::uint64_t load_tail(const std::byte* p, std::size_t n) noexcept {
    if (n == 0) return 0;
    const std::uint64_t word = load_64(p + n - 8);
    const unsigned unwanted = static_cast<unsigned>(8 - n) * 8;
    return std::endian::native == std::endian::little ? word >> unwanted : word << unwanted;
}

/// Adds 64-bit words without carries: `total` wraps around and `high` keeps the sum of the upper halves, from which
/// the sum of the lower halves follows modulo 2^64, which holds it.
struct WideSum {
    std::uint64_t total = 0;
    std::uint64_t high = 0;

    void add(std::uint64_t word) noexcept {
        total += word;
        high += word >> 32;
    }
    [[nodiscard]] PartialSum result() const noexcept {
        const std::uint64_t sum = total - (high << 32) + high;
        return {(sum >> 32) + (sum & 0xffffffff)};
    }
};

/// Adds what the wide loop left over. Precondition: the eight bytes before `data` are of the range, too.
void sum_tail(const std::byte* data, std::size_t size, WideSum& sum) noexcept {
    for (; size >= 8; data += 8, size -= 8) sum.add(load_64(data));
    sum.add(load_tail(data, size));
}

/// The same, copying: the last word is copied whole, together with bytes that are in place already.
void copy_tail(std::byte* destination, const std::byte* source, std::size_t size, WideSum& sum) noexcept {
    for (; size >= 8; source += 8, destination += 8, size -= 8) {
        const std::uint64_t word = load_64(source);
        store_64(destination, word);
        sum.add(word);
    }
    if (size == 0) return;
    sum.add(load_tail(source, size));
    store_64(destination + size - 8, load_64(source + size - 8));
}

// Below this size the paths are one: short ranges are summed in the header, and copied by `copy_short`.
constexpr std::size_t kShort = 64;

PartialSum copy_short(std::byte* destination, const std::byte* source, std::size_t size) noexcept {
    if (size != 0) std::memcpy(destination, source, size);
    return partial_sum(std::span<const std::byte>(source, size));
}

// Every path below expects more than `kShort` bytes.

PartialSum sum_portable(const std::byte* data, std::size_t size) noexcept {
    WideSum a, b;
    for (; size >= 16; data += 16, size -= 16) {
        a.add(load_64(data));
        b.add(load_64(data + 8));
    }
    sum_tail(data, size, a);
    return WideSum{a.total + b.total, a.high + b.high}.result();
}

PartialSum copy_portable(std::byte* destination, const std::byte* source, std::size_t size) noexcept {
    WideSum a, b;
    for (; size >= 16; source += 16, destination += 16, size -= 16) {
        const std::uint64_t first = load_64(source);
        const std::uint64_t second = load_64(source + 8);
        store_64(destination, first);
        store_64(destination + 8, second);
        a.add(first);
        b.add(second);
    }
    copy_tail(destination, source, size, a);
    return WideSum{a.total + b.total, a.high + b.high}.result();
}

#if HOURGLASS_X86_CHECKSUM

#define HOURGLASS_AVX2 __attribute__((target("avx2")))
#define HOURGLASS_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl")))

/// `WideSum` in four lanes, twice, so that the additions of consecutive vectors do not wait for each other.
struct WideSum256 {
    __m256i total[2];
    __m256i high[2];
};

HOURGLASS_AVX2 inline void add(WideSum256& sum, int lane, __m256i words) noexcept {
    sum.total[lane] = _mm256_add_epi64(sum.total[lane], words);
    sum.high[lane] = _mm256_add_epi64(sum.high[lane], _mm256_srli_epi64(words, 32));
}

HOURGLASS_AVX2 inline std::uint64_t across(__m256i lanes) noexcept {
    const __m128i halves = _mm_add_epi64(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_add_epi64(halves, _mm_unpackhi_epi64(halves, halves))));
}

HOURGLASS_AVX2 inline WideSum narrow(const WideSum256& sum) noexcept {
    return {across(_mm256_add_epi64(sum.total[0], sum.total[1])), across(_mm256_add_epi64(sum.high[0], sum.high[1]))};
}

HOURGLASS_AVX2 PartialSum sum_avx2(const std::byte* data, std::size_t size) noexcept {
    WideSum256 lanes{};
    for (; size >= 64; data += 64, size -= 64) {
        add(lanes, 0, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data)));
        add(lanes, 1, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(data + 32)));
    }
    WideSum sum = narrow(lanes);
    sum_tail(data, size, sum);
    return sum.result();
}

HOURGLASS_AVX2 PartialSum copy_avx2(std::byte* destination, const std::byte* source, std::size_t size) noexcept {
    WideSum256 lanes{};
    for (; size >= 64; source += 64, destination += 64, size -= 64) {
        const __m256i a = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source));
        const __m256i b = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(source + 32));
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(destination), a);
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(destination + 32), b);
        add(lanes, 0, a);
        add(lanes, 1, b);
    }
    WideSum sum = narrow(lanes);
    copy_tail(destination, source, size, sum);
    return sum.result();
}

// The masked form compiles to the plain one; GCC 12 warns of an uninitialised operand inside its own plain form.
constexpr __mmask8 kAllLanes = 0xff;

struct WideSum512 {
    __m512i total[2];
    __m512i high[2];
};

HOURGLASS_AVX512 inline void add(WideSum512& sum, int lane, __m512i words) noexcept {
    sum.total[lane] = _mm512_add_epi64(sum.total[lane], words);
    sum.high[lane] = _mm512_add_epi64(sum.high[lane], _mm512_maskz_srli_epi64(kAllLanes, words, 32));
}

HOURGLASS_AVX512 inline std::uint64_t across(__m512i lanes) noexcept {
    alignas(64) __m256i halves[2];
    _mm512_store_si512(halves, lanes);
    return across(_mm256_add_epi64(halves[0], halves[1]));
}

HOURGLASS_AVX512 inline PartialSum narrow(const WideSum512& sum) noexcept {
    return WideSum{across(_mm512_add_epi64(sum.total[0], sum.total[1])),
                   across(_mm512_add_epi64(sum.high[0], sum.high[1]))}
        .result();
}

HOURGLASS_AVX512 inline __mmask64 first_bytes(std::size_t n) noexcept { return (std::uint64_t{1} << n) - 1; }

HOURGLASS_AVX512 PartialSum sum_avx512(const std::byte* data, std::size_t size) noexcept {
    WideSum512 lanes{};
    for (; size >= 128; data += 128, size -= 128) {
        add(lanes, 0, _mm512_loadu_si512(data));
        add(lanes, 1, _mm512_loadu_si512(data + 64));
    }
    if (size >= 64) {
        add(lanes, 0, _mm512_loadu_si512(data));
        data += 64;
        size -= 64;
    }
    add(lanes, 1, _mm512_maskz_loadu_epi8(first_bytes(size), data));
    return narrow(lanes);
}

HOURGLASS_AVX512 PartialSum copy_avx512(std::byte* destination, const std::byte* source, std::size_t size) noexcept {
    WideSum512 lanes{};
    for (; size >= 128; source += 128, destination += 128, size -= 128) {
        const __m512i a = _mm512_loadu_si512(source);
        const __m512i b = _mm512_loadu_si512(source + 64);
        _mm512_storeu_si512(destination, a);
        _mm512_storeu_si512(destination + 64, b);
        add(lanes, 0, a);
        add(lanes, 1, b);
    }
    if (size >= 64) {
        const __m512i a = _mm512_loadu_si512(source);
        _mm512_storeu_si512(destination, a);
        add(lanes, 0, a);
        source += 64;
        destination += 64;
        size -= 64;
    }
    const __mmask64 tail = first_bytes(size);
    const __m512i a = _mm512_maskz_loadu_epi8(tail, source);
    _mm512_mask_storeu_epi8(destination, tail, a);
    add(lanes, 1, a);
    return narrow(lanes);
}

constexpr std::array<ChecksumPath, 3> kPaths{
    {{"portable", sum_portable, copy_portable}, {"avx2", sum_avx2, copy_avx2}, {"avx512", sum_avx512, copy_avx512}}};

std::size_t usable_paths() noexcept {
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2")) return 1;
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
               ? 3
               : 2;
}

#else

constexpr std::array<ChecksumPath, 1> kPaths{{{"portable", sum_portable, copy_portable}}};

std::size_t usable_paths() noexcept { return 1; }

#endif

const ChecksumPath& path_in_use() noexcept {
    static const ChecksumPath& path = kPaths[usable_paths() - 1];
    return path;
}

}  // namespace

PartialSum detail::sum_long(const std::byte* data, std::size_t size) noexcept { return path_in_use().sum(data, size); }

PartialSum copy_and_sum(std::span<std::byte> destination, std::span<const std::byte> source) noexcept {
    if (source.size() <= kShort) return copy_short(destination.data(), source.data(), source.size());
    return path_in_use().copy(destination.data(), source.data(), source.size());
}

std::span<const ChecksumPath> checksum_paths() noexcept {
    return std::span<const ChecksumPath>(kPaths).first(usable_paths());
}

}  // namespace hourglass::wire
