#pragma once

#include <algorithm>

#include "hourglass/lab/scenario.h"
#include "lab/story.h"

/// What many scenarios share: settings by their usual names, and links made from them.
namespace hourglass::lab {

using namespace std::chrono_literals;

inline constexpr auto kClient = Ground::kClient;
inline constexpr auto kServer = Ground::kServer;

/// `--set delay=...`: one way.
[[nodiscard]] inline Setting delay_setting(std::string_view initial = "20ms", std::string_view another = "80ms",
                                           std::string_view least = "0ms", std::string_view most = "2s") {
    return {.name = "delay",
            .kind = Setting::Kind::time,
            .what = {"How long a packet is on its way, one way", "分组单程的传播时延"},
            .initial = initial,
            .another = another,
            .least = least,
            .most = most};
}

/// `--set rate=...`: of the link, each way.
[[nodiscard]] inline Setting rate_setting(std::string_view initial = "10mbit", std::string_view another = "5mbit",
                                          std::string_view least = "100kbit", std::string_view most = "100mbit") {
    return {.name = "rate",
            .kind = Setting::Kind::rate,
            .what = {"How fast the link is, each way", "链路每个方向的速率"},
            .initial = initial,
            .another = another,
            .least = least,
            .most = most};
}

/// A link that takes `delay`.
[[nodiscard]] inline sim::LinkSettings link_of(const Story& story) {
    return sim::LinkSettings().both({.delay = story.time("delay")});
}

/// Loses the segments that `which` says yes to.
template <typename Which>
[[nodiscard]] sim::Script losing(Which which) {
    return [which](const sim::PacketView& packet, std::uint64_t) mutable {
        const auto tcp = packet.tcp();
        return sim::Verdict{.lose = tcp && which(*tcp)};
    };
}

inline constexpr auto kToServer = sim::Direction::a_to_b;
inline constexpr auto kToClient = sim::Direction::b_to_a;

[[nodiscard]] inline bool from_client(const Segment& s) { return s.host == kClient; }
[[nodiscard]] inline bool from_server(const Segment& s) { return s.host == kServer; }

}  // namespace hourglass::lab
