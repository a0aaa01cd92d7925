#include "hourglass/base/siphash.h"

#include <bit>
#include <cstring>

namespace hourglass {

namespace {

struct State {
    std::uint64_t v0, v1, v2, v3;

    void round() noexcept {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
    void absorb(std::uint64_t word) noexcept {
        v3 ^= word;
        round();
        round();
        v0 ^= word;
    }
};

std::uint64_t load_le(const std::byte* p, std::size_t n) noexcept {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < n; ++i) word |= std::to_integer<std::uint64_t>(p[i]) << (8 * i);
    return word;
}

std::uint64_t load_le64(const std::byte* p) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        std::uint64_t word;
        std::memcpy(&word, p, 8);
        return word;
    } else {
        return load_le(p, 8);
    }
}

/// The last `n` octets, fewer than eight: cut out of the last whole word where there is one.
std::uint64_t last_octets(std::span<const std::byte> bytes, std::size_t n) noexcept {
    if (n == 0) return 0;
    if (bytes.size() < 8) return load_le(bytes.data(), n);
    return load_le64(bytes.data() + bytes.size() - 8) >> (64 - 8 * n);
}

}  // namespace

std::uint64_t siphash(const SipKey& key, std::span<const std::byte> bytes) noexcept {
    State s{key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d, key.k0 ^ 0x6c7967656e657261,
            key.k1 ^ 0x7465646279746573};
    const std::byte* p = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; p += 8, left -= 8) s.absorb(load_le64(p));
    s.absorb(last_octets(bytes, left) | static_cast<std::uint64_t>(bytes.size()) << 56);
    s.v2 ^= 0xff;
    for (int i = 0; i < 4; ++i) s.round();
    return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

}  // namespace hourglass
