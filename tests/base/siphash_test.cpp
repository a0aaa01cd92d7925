#include "hourglass/base/siphash.h"

#include <array>
#include <gtest/gtest.h>

namespace hourglass {
namespace {

/// The key of the paper's test vectors: octets 0 to 15.
constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::uint64_t hash_of_first(std::size_t n, const SipKey& key = kKey) {
    std::array<std::byte, 64> message{};
    for (std::size_t i = 0; i < message.size(); ++i) message[i] = static_cast<std::byte>(i);
    return siphash(key, std::span(message).first(n));
}

TEST(SipHash24, VectorOfThePaper) { EXPECT_EQ(hash_of_first(15), 0xa129ca6149be45e5u) << "appendix A"; }

TEST(SipHash24, VectorsOfTheReferenceImplementation) {
    EXPECT_EQ(hash_of_first(0), 0x726fdb47dd0e0e31u);
    EXPECT_EQ(hash_of_first(1), 0x74f839c593dc67fdu);
    EXPECT_EQ(hash_of_first(8), 0x93f5f5799a932462u);
    EXPECT_EQ(hash_of_first(63), 0x958a324ceb064572u);
}

TEST(SipHash24, EveryBitOfTheKeyCounts) {
    for (int bit = 0; bit < 64; ++bit) {
        EXPECT_NE(hash_of_first(20, {kKey.k0 ^ 1ull << bit, kKey.k1}), hash_of_first(20));
        EXPECT_NE(hash_of_first(20, {kKey.k0, kKey.k1 ^ 1ull << bit}), hash_of_first(20));
    }
}

}  // namespace
}  // namespace hourglass
