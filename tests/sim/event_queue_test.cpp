#include "sim/event_queue.h"

#include <cstdint>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "hourglass/base/random.h"

namespace hourglass::sim {
namespace {

using namespace std::chrono_literals;

TEST(SimEventQueue, GivesEventsByTimeAndThenByInsertion) {
    EventQueue queue;
    std::string seen;
    const auto add = [&](Duration time, char name) { queue.add(Instant(time), [&seen, name] { seen += name; }); };
    add(2s, 'd');
    add(1s, 'a');
    add(1s, 'b');
    add(3s, 'e');
    add(1s, 'c');
    EXPECT_EQ(queue.next_time(), Instant(1s));
    while (queue.next_time() != kNever) std::get<Action>(queue.take())();
    EXPECT_EQ(seen, "abcde");
}

TEST(SimEventQueue, KeepsOrderWhileEventsComeAndGo) {
    EventQueue queue;
    Random random(11);
    std::vector<std::int64_t> seen;
    for (int i = 0; i < 2000; ++i) {
        const auto time = static_cast<std::int64_t>(i + static_cast<int>(random.below(500)));
        queue.add(Instant(Duration(time)), [&seen, time] { seen.push_back(time); });
        if (random.chance(0.4)) std::get<Action>(queue.take())();
    }
    seen.clear();
    while (queue.next_time() != kNever) std::get<Action>(queue.take())();
    EXPECT_FALSE(seen.empty());
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

}  // namespace
}  // namespace hourglass::sim
