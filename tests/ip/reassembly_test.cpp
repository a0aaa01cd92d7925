#include "ip/reassembly.h"

#include <algorithm>
#include <gtest/gtest.h>

#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;

class Reassembly : public ::testing::Test {
  protected:
    struct Part {
        std::uint32_t offset = 0;
        std::size_t size = 0;
        bool more = true;
    };
    /// The part of a datagram of counting octets; `fill` replaces them.
    std::optional<Packet> add(Part part, std::uint32_t id = 1, std::optional<std::byte> fill = {},
                              wire::Ecn ecn = wire::Ecn::not_ect) {
        const Bytes all = counting(70000);
        Bytes data(all.begin() + part.offset, all.begin() + part.offset + static_cast<std::ptrdiff_t>(part.size));
        if (fill) std::ranges::fill(data, *fill);
        wire::Ipv4Header header;
        header.identification = static_cast<std::uint16_t>(id);
        header.more_fragments = part.more;
        header.fragment_offset = static_cast<std::uint16_t>(part.offset);
        header.protocol = wire::IpProtocol::udp;
        header.ecn = ecn;
        header.source = address("10.0.0.1");
        header.destination = address("10.0.0.2");
        const Fragment fragment{.source = header.source,
                                .destination = header.destination,
                                .protocol = header.protocol,
                                .identification = id,
                                .offset = part.offset,
                                .more = part.more,
                                .data_begin = 20};
        return reassembler.add(fragment, pool.packet(v4_datagram(header, data)), {}, now);
    }
    static void expect_whole(const std::optional<Packet>& packet, std::size_t size) {
        ASSERT_TRUE(packet);
        const auto view = wire::Ipv4View::parse(packet->bytes());
        ASSERT_TRUE(view);
        EXPECT_FALSE(view->is_fragment());
        EXPECT_TRUE(view->checksum_is_valid());
        const Bytes all = counting(70000);
        EXPECT_TRUE(std::ranges::equal(view->payload(), std::span(all).first(size)));
    }

    BufferPool pool;
    Counters counters;
    Reassembler reassembler{{.max_bytes = 64 * 1024, .max_fragments_per_datagram = 16, .timeout = 60s}, pool, counters};
    Instant now{};
};

TEST_F(Reassembly, InEveryOrderOfFourFragments) {
    std::array<Part, 4> parts{{{0, 800, true}, {800, 800, true}, {1600, 800, true}, {2400, 123, false}}};
    std::array<int, 4> order{0, 1, 2, 3};
    std::uint32_t id = 0;
    do {
        ++id;
        for (int i = 0; i < 3; ++i)
            ASSERT_FALSE(add(parts[static_cast<std::size_t>(order[static_cast<std::size_t>(i)])], id));
        expect_whole(add(parts[static_cast<std::size_t>(order[3])], id), 2523);
    } while (std::ranges::next_permutation(order).found);
    EXPECT_EQ(counters.reassembled, 24u);
    EXPECT_EQ(reassembler.held_bytes(), 0u);
    EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(Reassembly, AnExactDuplicateIsIgnored) {
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_EQ(counters.dropped_fragment_duplicate, 1u);
    expect_whole(add({800, 8, false}), 808);
}

TEST_F(Reassembly, Rfc5722AnOverlapCondemnsTheWholeDatagram) {
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_FALSE(add({792, 800, true}));  // Eight octets over the first.
    EXPECT_FALSE(add({800, 8, false}));   // Would have completed it.
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_EQ(counters.dropped_fragment_overlap, 4u);
    EXPECT_EQ(counters.reassembled, 0u);
    EXPECT_EQ(pool.in_use(), 0u);  // Nothing is kept of it but that it is condemned.
}

TEST_F(Reassembly, Rfc5722TheSamePlaceWithOtherBytesIsAnOverlap) {
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_FALSE(add({0, 800, true}, 1, std::byte{0x41}));
    EXPECT_FALSE(add({800, 8, false}));
    EXPECT_EQ(counters.reassembled, 0u);
    EXPECT_EQ(counters.dropped_fragment_overlap, 3u);
}

TEST_F(Reassembly, ACondemnedNumberIsFreeAgainWhenItsTimeIsUp) {
    EXPECT_FALSE(add({0, 800, true}));
    EXPECT_FALSE(add({8, 800, true}));
    now += 60s;
    EXPECT_FALSE(reassembler.expire(now));  // Condemned: nobody is told.
    EXPECT_EQ(reassembler.size(), 0u);
    EXPECT_FALSE(add({0, 800, true}));
    expect_whole(add({800, 8, false}), 808);
}

TEST_F(Reassembly, TwoLastFragmentsThatDisagreeCondemn) {
    EXPECT_FALSE(add({800, 8, false}));
    EXPECT_FALSE(add({1600, 8, false}));
    EXPECT_EQ(counters.dropped_fragment_overlap, 2u);
}

TEST_F(Reassembly, DataBehindTheLastFragmentCondemns) {
    EXPECT_FALSE(add({1600, 8, true}));
    EXPECT_FALSE(add({800, 8, false}));
    EXPECT_EQ(counters.dropped_fragment_overlap, 2u);
    EXPECT_FALSE(add({800, 8, false}, 2));
    EXPECT_FALSE(add({800, 8, true}, 2));
    EXPECT_EQ(counters.dropped_fragment_overlap, 4u);
}

TEST_F(Reassembly, Rfc1122AfterAMinuteTheFirstFragmentIsGivenBack) {
    EXPECT_FALSE(add({0, 800, true}, 1));
    now += 1s;
    EXPECT_FALSE(add({800, 800, true}, 2));
    EXPECT_EQ(reassembler.next_deadline(), Instant{} + 60s);
    EXPECT_FALSE(reassembler.expire(Instant{} + 59s));
    const auto first = reassembler.expire(Instant{} + 61s);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->first.size(), 820u);
    const auto second = reassembler.expire(Instant{} + 61s);
    ASSERT_TRUE(second);
    EXPECT_TRUE(second->first.empty());  // Its first fragment never came: RFC 792 says to be silent.
    EXPECT_EQ(counters.dropped_reassembly_timeout, 2u);
    EXPECT_EQ(reassembler.held_bytes(), 0u);
}

TEST_F(Reassembly, WhenMemoryIsShortTheOldestGo) {
    for (std::uint32_t id = 1; id <= 1000; ++id) {
        EXPECT_FALSE(add({0, 800, true}, id));
        ASSERT_LE(reassembler.held_bytes(), 64u * 1024);
    }
    EXPECT_GT(counters.dropped_fragment_limit, 900u);
    expect_whole(add({800, 8, false}, 1000), 808);
    EXPECT_FALSE(add({800, 8, false}, 1));
}

TEST_F(Reassembly, TooManyFragmentsCondemn) {
    for (std::uint32_t i = 0; i < 17; ++i) EXPECT_FALSE(add({i * 8, 8, true}));
    EXPECT_EQ(counters.dropped_fragment_limit, 17u);
    EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(Reassembly, Rfc3168AMarkOnOneFragmentMarksTheDatagram) {
    EXPECT_FALSE(add({0, 800, true}, 1, {}, wire::Ecn::ect0));
    const auto whole = add({800, 8, false}, 1, {}, wire::Ecn::ce);
    ASSERT_TRUE(whole);
    EXPECT_EQ(wire::Ipv4View::parse(whole->bytes())->ecn(), wire::Ecn::ce);
}

TEST_F(Reassembly, Rfc3168AMarkBesideANotCapableFragmentIsRefused) {
    EXPECT_FALSE(add({0, 800, true}, 1, {}, wire::Ecn::not_ect));
    EXPECT_FALSE(add({800, 8, false}, 1, {}, wire::Ecn::ce));
    EXPECT_EQ(counters.malformed_ipv4[static_cast<std::size_t>(wire::ParseError::bad_option)], 1u);
}

TEST_F(Reassembly, ASmallFragmentDoesNotHoldALargeBuffer) {
    wire::Ipv4Header header;
    header.more_fragments = true;
    header.source = address("10.0.0.1");
    header.destination = address("10.0.0.2");
    Packet packet = pool.packet(std::size_t{60000});
    const Bytes bytes_on_wire = v4_datagram(header, counting(8));
    std::ranges::copy(bytes_on_wire, packet.append(bytes_on_wire.size()).begin());
    const Fragment fragment{
        .source = header.source, .destination = header.destination, .offset = 8, .more = true, .data_begin = 20};
    EXPECT_FALSE(reassembler.add(fragment, std::move(packet), {}, now));
    EXPECT_LE(reassembler.held_bytes(), Reassembler::kOverhead + BufferPool::kSmall);
}

}  // namespace
}  // namespace hourglass::ip::testing
