#include "hourglass/link/memory_pair.h"

#include <gtest/gtest.h>
#include <vector>

#include "hourglass/ip/host.h"
#include "hourglass/link/capture.h"

namespace hourglass::link {
namespace {

using namespace std::chrono_literals;

std::vector<Packet> packets_of(BufferPool& pool, std::initializer_list<std::size_t> sizes) {
    std::vector<Packet> batch;
    for (const std::size_t size : sizes) {
        batch.push_back(pool.packet(size));
        batch.back().append(size);
        batch.back().id = size;
    }
    return batch;
}

TEST(MemoryPair, CarriesPacketsBothWaysInOrderWithoutCopying) {
    BufferPool pool;
    MemoryPair pair;
    auto there = packets_of(pool, {10, 20, 30});
    const std::byte* bytes = there[1].bytes().data();
    EXPECT_EQ(pair.a().write(there), 3U);

    std::vector<Packet> arrived;
    EXPECT_EQ(pair.b().read(arrived, 2), 2U);
    EXPECT_EQ(pair.b().read(arrived, 2), 1U);
    EXPECT_EQ(pair.b().read(arrived, 2), 0U);
    ASSERT_EQ(arrived.size(), 3U);
    EXPECT_EQ(arrived[0].size(), 10U);
    EXPECT_EQ(arrived[1].bytes().data(), bytes);
    EXPECT_EQ(arrived[2].id, 30U);

    EXPECT_EQ(pair.b().write(arrived), 3U);
    std::vector<Packet> back;
    EXPECT_EQ(pair.a().read(back, 10), 3U);
    EXPECT_EQ(back[0].size(), 10U);
}

TEST(MemoryPair, FullQueueLeavesTheRestWithTheWriter) {
    BufferPool pool;
    MemoryPair pair({.properties = {}, .queue_packets = 2});
    auto batch = packets_of(pool, {1, 2, 3});
    EXPECT_EQ(pair.a().write(batch), 2U);
    EXPECT_TRUE(batch[0].empty());
    EXPECT_EQ(batch[2].size(), 3U);

    std::vector<Packet> arrived;
    EXPECT_EQ(pair.b().read(arrived, 1), 1U);
    EXPECT_EQ(pair.a().write(std::span(batch).subspan(2)), 1U) << "there is room again";
    EXPECT_EQ(pair.b().read(arrived, 9), 2U);
    EXPECT_EQ(arrived[2].size(), 3U);
}

TEST(MemoryPair, LeavesNoBufferBehind) {
    BufferPool pool;
    {
        MemoryPair pair;
        auto batch = packets_of(pool, {1, 2, 3});
        EXPECT_EQ(pair.a().write(batch), 3U);
        EXPECT_EQ(pool.in_use(), 3U);
    }
    EXPECT_EQ(pool.in_use(), 0U);
}

/// Lends an end of a pair to a decorator, which wants to own its link.
class Lent : public Link {
  public:
    explicit Lent(Link& link) : link_(link) {}
    std::expected<std::size_t, std::error_code> read(std::vector<Packet>& batch, std::size_t max) override {
        return link_.read(batch, max);
    }
    std::expected<std::size_t, std::error_code> write(std::span<Packet> batch) override { return link_.write(batch); }
    [[nodiscard]] const Properties& properties() const override { return link_.properties(); }

  private:
    Link& link_;
};

TEST(LinkCapture, ShowsWhatPassesAndNothingElse) {
    BufferPool pool;
    MemoryPair pair({.properties = {.mtu = 1400}, .queue_packets = 2});
    struct Seen {
        Duration time;
        bool outbound;
        std::size_t size;
        bool operator==(const Seen&) const = default;
    };
    std::vector<Seen> seen;
    Instant now{};
    Capture capture(
        std::make_unique<Lent>(pair.a()), [&] { return now; },
        [&](const CapturedPacket& p) {
            seen.push_back({p.time.time_since_epoch(), p.outbound, p.bytes.size()});
        });
    EXPECT_EQ(capture.properties().mtu, 1400U);

    now = Instant(1s);
    auto out = packets_of(pool, {10, 20, 30});
    EXPECT_EQ(capture.write(out), 2U) << "the third finds no room and is not shown";
    now = Instant(2s);
    std::vector<Packet> batch = packets_of(pool, {99});
    auto in = packets_of(pool, {40});
    EXPECT_EQ(pair.b().write(in), 1U);
    EXPECT_EQ(capture.read(batch, 8), 1U) << "what was in the batch before is not shown";
    EXPECT_EQ(seen, (std::vector<Seen>{{1s, true, 10}, {1s, true, 20}, {2s, false, 40}}));
}

}  // namespace
}  // namespace hourglass::link
