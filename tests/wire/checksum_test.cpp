#include "hourglass/wire/checksum.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "hourglass/base/random.h"
#include "wire/octets.h"

namespace hourglass::wire {
namespace {

using namespace test;

Octets random_octets(Random& random, std::size_t size) {
    Octets out(size);
    for (auto& octet : out) octet = static_cast<std::byte>(random.next());
    return out;
}

/// The definition, word by word in network order (RFC 1071, section 1).
std::uint16_t plain_sum(std::span<const std::byte> bytes) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        sum += std::to_integer<std::uint32_t>(bytes[i]) << (i % 2 == 0 ? 8 : 0);
        if (sum > 0xffff) sum -= 0xffff;
    }
    return static_cast<std::uint16_t>(sum);
}

TEST(Rfc1071Checksum, ExampleOfSection3) {
    const auto data = hex("0001 f203 f4f5 f6f7");
    EXPECT_EQ(fold(partial_sum(data)), 0xddf2);
    EXPECT_EQ(checksum(partial_sum(data)), 0x220d);
}

TEST(Rfc1071Checksum, OddLastOctetIsPaddedWithZero) {
    EXPECT_EQ(fold(partial_sum(hex("0001 f2"))), 0xf201);
    EXPECT_EQ(fold(partial_sum(hex("ab"))), 0xab00);
    EXPECT_EQ(fold(partial_sum(Octets{})), 0);
}

TEST(Rfc1071Checksum, MessageWithItsChecksumInPlaceVerifies) {
    auto header = hex("4500 0073 0000 4000 4011 0000 c0a8 0001 c0a8 00c7");
    store_be16(header.data() + 10, checksum(partial_sum(header)));
    EXPECT_EQ(load_be16(header.data() + 10), 0xb861);
    EXPECT_TRUE(verify(partial_sum(header)));
    header[3] ^= std::byte{1};
    EXPECT_FALSE(verify(partial_sum(header)));
}

TEST(Rfc1071Checksum, PartsAddUpAtEvenAndAtOddOffsets) {
    Random random(1);
    const auto data = random_octets(random, 301);
    const std::span<const std::byte> bytes(data);
    for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
        const PartialSum rest = partial_sum(bytes.subspan(cut));
        const PartialSum sum = partial_sum(bytes.first(cut)) + (cut % 2 == 0 ? rest : rest.at_odd_offset());
        ASSERT_EQ(fold(sum), plain_sum(bytes)) << "cut at " << cut;
    }
}

TEST(Rfc1071Checksum, AMillionSuperSegmentsDoNotOverflowTheSum) {
    const Octets ones(65535, std::byte{0xff});
    const PartialSum part = partial_sum(ones);
    PartialSum sum;
    for (int i = 0; i < 1'000'000; ++i) sum += part;
    EXPECT_EQ(fold(sum), (1'000'000ull * plain_sum(ones) - 1) % 0xffff + 1);
}

TEST(ChecksumPaths, AllAgreeWithTheDefinitionAtEveryLengthAndAlignment) {
    ASSERT_FALSE(checksum_paths().empty());
    EXPECT_EQ(checksum_paths().front().name, "portable");
    Random random(2);
    const auto data = random_octets(random, 70'000 + 64);
    const auto compare = [&](std::size_t offset, std::size_t size) {
        const auto bytes = std::span<const std::byte>(data).subspan(offset, size);
        const std::uint16_t expected = plain_sum(bytes);
        ASSERT_EQ(fold(partial_sum(bytes)) % 0xffff, expected % 0xffff) << size << " octets at " << offset;
        if (size <= 64) return;  // the paths begin where the inline loop ends
        for (const ChecksumPath& path : checksum_paths())
            ASSERT_EQ(fold(path.sum(bytes.data(), size)) % 0xffff, expected % 0xffff)
                << path.name << ": " << size << " octets at " << offset;
    };
    for (std::size_t size = 0; size <= 600; ++size) compare(size % 64, size);
    for (int i = 0; i < 2000; ++i) compare(random.below(64), random.below(70'001));
    compare(1, 70'000);
}

TEST(ChecksumPaths, AllZeroAndAllOnesGiveTheTwoZeroesOfOnesComplement) {
    const Octets zeroes(1460), ones(1460, std::byte{0xff});
    for (const ChecksumPath& path : checksum_paths()) {
        EXPECT_EQ(fold(path.sum(zeroes.data(), zeroes.size())), 0) << path.name;
        EXPECT_EQ(fold(path.sum(ones.data(), ones.size())), 0xffff) << path.name;
    }
}

TEST(ChecksumPaths, FusedCopyCopiesSumsAndTouchesNothingElse) {
    Random random(3);
    const auto data = random_octets(random, 9000);
    const auto check = [&](std::string_view name, auto copy, std::size_t from, std::size_t to, std::size_t size) {
        Octets out(size + to + 80, std::byte{0xa5});
        const PartialSum sum = copy(out.data() + to, data.data() + from, size);
        const auto source = std::span<const std::byte>(data).subspan(from, size);
        ASSERT_EQ(fold(sum) % 0xffff, plain_sum(source) % 0xffff) << name << ", " << size << " octets";
        Octets expected(out.size(), std::byte{0xa5});
        std::ranges::copy(source, expected.begin() + static_cast<std::ptrdiff_t>(to));
        ASSERT_EQ(out, expected) << name << ", " << size << " octets from " << from << " to " << to;
    };
    const auto fused = [](std::byte* to, const std::byte* from, std::size_t size) {
        return copy_and_sum({to, size}, {from, size});
    };
    for (std::size_t size = 0; size <= 400; ++size) {
        check("copy_and_sum", fused, size % 31, size % 7, size);
        if (size <= 64) continue;
        for (const ChecksumPath& path : checksum_paths()) check(path.name, path.copy, size % 31, size % 7, size);
    }
    for (const ChecksumPath& path : checksum_paths()) check(path.name, path.copy, 3, 1, 8191);
}

TEST(PseudoHeader, ServesBothFamilies) {
    // Computed by hand: 0a00+0001+0a00+0002+0006+0014 and 2001+0db8+0001 twice, with 2 for the last octet, 0006, 0014.
    EXPECT_EQ(fold(pseudo_header_sum(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::tcp, 20)), 0x141d);
    EXPECT_EQ(fold(pseudo_header_sum(ip("2001:db8::1"), ip("2001:db8::2"), IpProtocol::tcp, 20)), 0x5b8f);
}

TEST(PseudoHeader, LengthAbove64KiBCountsInFull) {
    EXPECT_EQ(fold(pseudo_header_sum(ip("::1"), ip("::1"), IpProtocol::tcp, 0x10003)), 1 + 1 + 6 + 1 + 3);
}

TEST(TransportChecksum, WrongAddressFailsToVerify) {
    auto segment = hex("9c40 0050 0102 0304 0506 0708 5010 01f5 0000 0000 6162 63");
    const std::uint16_t sum = transport_checksum(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::tcp, segment);
    store_be16(segment.data() + 16, sum);
    EXPECT_TRUE(verify_transport(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::tcp, segment));
    EXPECT_FALSE(verify_transport(ip("10.0.0.1"), ip("10.0.0.3"), IpProtocol::tcp, segment));
    EXPECT_FALSE(verify_transport(ip("10.0.0.1"), ip("10.0.0.2"), IpProtocol::udp, segment));
}

}  // namespace
}  // namespace hourglass::wire
