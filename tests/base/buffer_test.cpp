#include "hourglass/base/buffer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <optional>
#include <string_view>

namespace hourglass {
namespace {

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string_view text(std::span<const std::byte> b) { return {reinterpret_cast<const char*>(b.data()), b.size()}; }

TEST(PacketBuffer, HeadersAreWrittenInFrontOfThePayload) {
    BufferPool pool;
    Packet packet = pool.packet(bytes("payload"));
    std::ranges::copy(bytes("head "), packet.prepend(5).begin());
    std::ranges::copy(bytes(" tail"), packet.append(5).begin());
    EXPECT_EQ(text(packet.bytes()), "head payload tail");
    packet.remove_prefix(5);
    packet.truncate(7);
    EXPECT_EQ(text(packet.bytes()), "payload");
    EXPECT_EQ(packet.headroom(), Packet::kHeadroom);
}

TEST(PacketBuffer, FreshPacketHasTheRoomAskedFor) {
    BufferPool pool;
    for (const std::size_t size : {0ul, 1500ul, 2000ul, 65535ul, 66000ul, 200000ul}) {
        const Packet packet = pool.packet(size);
        EXPECT_TRUE(packet.empty());
        EXPECT_EQ(packet.headroom(), Packet::kHeadroom);
        EXPECT_GE(packet.tailroom(), size);
    }
}

TEST(PacketBuffer, MovingLeavesTheSourceEmpty) {
    BufferPool pool;
    Packet first = pool.packet(bytes("abc"));
    Packet second = std::move(first);
    EXPECT_EQ(text(second.bytes()), "abc");
    second = pool.packet(bytes("def"));
    EXPECT_EQ(text(second.bytes()), "def");
    EXPECT_EQ(pool.in_use(), 1u);
}

TEST(SharedSlice, OutlivesThePacketWithoutACopy) {
    BufferPool pool;
    Slice slice;
    const std::byte* where = nullptr;
    {
        const Packet packet = pool.packet(bytes("headpayload"));
        where = packet.bytes().data() + 4;
        slice = packet.slice(4, 7);
    }
    EXPECT_EQ(text(slice.bytes()), "payload");
    EXPECT_EQ(slice.bytes().data(), where);
    EXPECT_EQ(pool.in_use(), 1u);
    slice = {};
    EXPECT_EQ(pool.in_use(), 0u);
}

TEST(SharedSlice, PartsShareTheBlock) {
    BufferPool pool;
    Slice whole = pool.slice(bytes("0123456789"));
    Slice middle = whole.sub(3, 4);
    whole.remove_prefix(8);
    EXPECT_EQ(text(middle.bytes()), "3456");
    EXPECT_EQ(text(whole.bytes()), "89");
    middle.truncate(1);
    EXPECT_EQ(text(middle.bytes()), "3");
    EXPECT_EQ(pool.in_use(), 1u);
    EXPECT_EQ(middle.held_memory(), BufferPool::kSmall);
}

TEST(SharedSlice, SelfAssignmentKeepsTheBytes) {
    BufferPool pool;
    Slice slice = pool.slice(bytes("abc"));
    const Slice& same = slice;
    slice = same;
    EXPECT_EQ(text(slice.bytes()), "abc");
}

TEST(SharedSlice, SmallWritesShareOneBuffer) {
    BufferPool pool;
    Slice slice = pool.slice(bytes("abc"));
    EXPECT_EQ(slice.append_in_place(bytes("def")), 3u);
    EXPECT_EQ(text(slice.bytes()), "abcdef");
    EXPECT_EQ(pool.in_use(), 1u);
}

TEST(SharedSlice, AppendStopsAtTheEndOfTheBlock) {
    BufferPool pool;
    const std::string big(BufferPool::kSmall - 2, 'x');
    Slice slice = pool.slice(bytes(big));
    EXPECT_EQ(slice.append_in_place(bytes("abc")), 2u);
    EXPECT_EQ(slice.size(), BufferPool::kSmall);
}

TEST(SharedSlice, NothingIsAppendedBehindASharedSlice) {
    BufferPool pool;
    Slice slice = pool.slice(bytes("abcdef"));
    const Slice other = slice;
    slice.truncate(3);
    EXPECT_EQ(slice.append_in_place(bytes("X")), 0u);
    EXPECT_EQ(text(other.bytes()), "abcdef");
    Slice empty;
    EXPECT_EQ(empty.append_in_place(bytes("X")), 0u);
}

TEST(BufferPoolReuse, ReturnedBlockIsHandedOutAgain) {
    BufferPool pool;
    const std::byte* first = pool.packet(100).append(1).data();
    EXPECT_EQ(pool.packet(100).append(1).data(), first);
}

TEST(BufferPoolReuse, SlicesMayOutliveThePool) {
    std::optional<BufferPool> pool(std::in_place);
    const Slice slice = pool->slice(bytes("abc"));
    pool.reset();
    EXPECT_EQ(text(slice.bytes()), "abc");
}

}  // namespace
}  // namespace hourglass
