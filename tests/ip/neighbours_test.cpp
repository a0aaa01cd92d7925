#include "ip/neighbours.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ip/ladder.h"

namespace hourglass::ip::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Writes down what the table asks for.
class Neighbours : public ::testing::Test, public NeighbourOutput {
  protected:
    void solicit(InterfaceId, const IpAddress& target, std::optional<MacAddress> unicast, const Packet*) override {
        log.push_back((unicast ? "probe " : "ask ") + target.to_string());
    }
    void transmit_to(InterfaceId, Packet packet, const IpAddress&, const MacAddress& to) override {
        log.push_back("send " + text(packet.bytes()) + " to " + to.to_string());
    }
    void unresolved(Packet packet) override { log.push_back("lost " + text(packet.bytes())); }
    void unreachable(InterfaceId, const IpAddress&) override {}

    void send(std::string_view what, const IpAddress& to) { table.send(kLink, to, pool.packet(bytes(what)), now); }
    void pass(Duration d) {
        for (const Instant end = now + d; now < end;) {
            now = std::min(end, std::max(now + 1ns, table.next_deadline()));
            table.poll(now);
        }
    }
    std::vector<std::string> take() { return std::exchange(log, {}); }

    static constexpr InterfaceId kLink{};
    const IpAddress peer = address("10.0.0.2");
    BufferPool pool;
    Counters counters;
    NeighbourTable table{{.max_entries = 3, .packets_per_entry = 2}, *this, counters};
    Instant now{};
    std::vector<std::string> log;
};

TEST_F(Neighbours, PacketsWaitForTheAnswer) {
    send("1", peer);
    send("2", peer);
    EXPECT_THAT(take(), ElementsAre("ask 10.0.0.2"));
    table.answered(kLink, peer, {.mac = mac(2), .solicited = true, .override_entry = true}, now);
    EXPECT_THAT(take(), ElementsAre("send 1 to 02:00:00:00:00:02", "send 2 to 02:00:00:00:00:02"));
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::reachable);
    send("3", peer);
    EXPECT_THAT(take(), ElementsAre("send 3 to 02:00:00:00:00:02"));
}

TEST_F(Neighbours, Rfc1122TheLatestPacketsAreKept) {
    for (const auto* what : {"1", "2", "3"}) send(what, peer);
    EXPECT_EQ(counters.dropped_unresolved_overflow, 1u);
    take();
    table.heard(kLink, peer, mac(2), true);
    EXPECT_THAT(take(), ElementsAre("send 2 to 02:00:00:00:00:02", "send 3 to 02:00:00:00:00:02"));
}

TEST_F(Neighbours, Rfc4861AskedThreeTimesASecondApartAndThenGivenUp) {
    send("1", peer);
    pass(2999ms);
    EXPECT_THAT(take(), ElementsAre("ask 10.0.0.2", "ask 10.0.0.2", "ask 10.0.0.2"));
    pass(1ms);
    EXPECT_THAT(take(), ElementsAre("lost 1"));
    EXPECT_EQ(table.size(), 0u);
    EXPECT_EQ(counters.neighbours_failed, 1u);
    EXPECT_EQ(table.next_deadline(), kNever);
    EXPECT_EQ(pool.in_use(), 0u);
}

TEST_F(Neighbours, AStaleEntryIsUsedAndThenProbed) {
    table.heard(kLink, peer, mac(2), true);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::stale);
    EXPECT_EQ(table.next_deadline(), kNever);  // Nothing is asked about a neighbour that nobody talks to.
    send("1", peer);
    EXPECT_THAT(take(), ElementsAre("send 1 to 02:00:00:00:00:02"));
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::delay);
    pass(5s);
    EXPECT_THAT(take(), ElementsAre("probe 10.0.0.2"));
    table.answered(kLink, peer, {.mac = mac(2), .solicited = true, .override_entry = true}, now);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::reachable);
    pass(10s);
    EXPECT_THAT(take(), IsEmpty());
}

TEST_F(Neighbours, ProbesWithoutAnswerRemoveTheEntry) {
    table.heard(kLink, peer, mac(2), true);
    send("1", peer);
    pass(8s);
    EXPECT_THAT(take(),
                ElementsAre("send 1 to 02:00:00:00:00:02", "probe 10.0.0.2", "probe 10.0.0.2", "probe 10.0.0.2"));
    EXPECT_FALSE(table.state(kLink, peer));
}

TEST_F(Neighbours, ReachableLastsAMinuteForArpAndHalfAMinuteForIpv6) {
    const IpAddress peer6 = address("fd00::2");
    const NeighbourTable::Answer answer{.mac = mac(2), .solicited = true, .override_entry = true};
    for (const IpAddress& p : {peer, peer6}) {
        send("x", p);
        table.answered(kLink, p, answer, now);
    }
    pass(31s);
    send("y", peer);
    send("y", peer6);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::reachable);
    EXPECT_EQ(table.state(kLink, peer6), NeighbourState::delay);
    pass(30s);
    send("z", peer);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::delay);
}

TEST_F(Neighbours, Rfc4861AnAnswerAboutAStrangerIsIgnored) {
    table.answered(kLink, peer, {.mac = mac(9), .solicited = true, .override_entry = true}, now);
    table.heard(kLink, peer, mac(9), /*create=*/false);
    EXPECT_EQ(table.size(), 0u);
}

TEST_F(Neighbours, Rfc4861WithoutOverrideAnotherAddressOnlyCastsDoubt) {
    send("1", peer);
    table.answered(kLink, peer, {.mac = mac(2), .solicited = true, .override_entry = false}, now);
    take();
    table.answered(kLink, peer, {.mac = mac(9), .solicited = true, .override_entry = false}, now);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::stale);
    send("2", peer);
    EXPECT_THAT(take(), ElementsAre("send 2 to 02:00:00:00:00:02"));
}

TEST_F(Neighbours, Rfc4861WithOverrideTheNewAddressIsTaken) {
    send("1", peer);
    table.answered(kLink, peer, {.mac = mac(2), .solicited = true, .override_entry = true}, now);
    table.answered(kLink, peer, {.mac = mac(9), .solicited = false, .override_entry = true}, now);
    EXPECT_EQ(table.state(kLink, peer), NeighbourState::stale);
    take();
    send("2", peer);
    EXPECT_THAT(take(), ElementsAre("send 2 to 02:00:00:00:00:09"));
}

TEST_F(Neighbours, AFullTableGivesUpTheLeastRecentlyUsed) {
    for (std::uint8_t i = 2; i < 5; ++i) table.heard(kLink, IpAddress::v4(10, 0, 0, i), mac(i), true);
    send("1", peer);  // 10.0.0.2 is in use.
    table.heard(kLink, address("10.0.0.5"), mac(5), true);
    EXPECT_EQ(table.size(), 3u);
    EXPECT_TRUE(table.state(kLink, peer));
    EXPECT_FALSE(table.state(kLink, address("10.0.0.3")));
    EXPECT_EQ(counters.neighbours_evicted, 1u);
}

TEST_F(Neighbours, EvictionDropsWhatWaitedAndItsTimer) {
    for (std::uint8_t i = 2; i < 100; ++i) send("x", IpAddress::v4(10, 0, 0, i));
    EXPECT_EQ(table.size(), 3u);
    EXPECT_EQ(counters.dropped_unresolved, 95u);
    EXPECT_EQ(pool.in_use(), 3u);
    pass(4s);
    EXPECT_EQ(table.next_deadline(), kNever);
    EXPECT_EQ(pool.in_use(), 0u);
}

}  // namespace
}  // namespace hourglass::ip::testing
