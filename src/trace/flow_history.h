#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/trace/event_log.h"

namespace hourglass::trace {

/// What one end sent, and what it learned of its arrival: what plots are made of. Times are in seconds, sequence
/// numbers are counted from the SYN and do not wrap.
struct FlowHistory {
    struct Sent {
        double time = 0;
        std::int64_t begin = 0, end = 0;  ///< In sequence space: a SYN or FIN takes one.
        std::uint32_t length = 0;         ///< Of the payload.
        bool syn = false, fin = false, rst = false;
        bool again = false;
        bool lost = false;          ///< By the network, or damaged there.
        bool out_of_order = false;  ///< Arrived behind what was sent later.
        tcp::SendReason reason{};
    };
    struct Ack {
        double time = 0;
        std::int64_t ack = 0, window_end = 0;
        bool duplicate = false, zero_window = false;
        std::vector<std::pair<std::int64_t, std::int64_t>> sacks{};
    };
    struct Metrics {
        double time = 0;
        MetricsUpdated now{};
    };
    /// What holds from one time to another.
    struct Blocked {
        double begin = 0, end = 0;
        tcp::SendLimit limit{};
        bool buffer = false;  ///< All of the send buffer is sent, and the application has more.
    };
    struct Recovery {
        double begin = 0, end = 0;
        tcp::RecoveryState state{};
    };
    struct Moment {
        double time = 0;
        std::uint64_t count = 0;
    };

    double first = 0, last = 0;  ///< Of what was sent and what came.
    std::vector<Sent> sent{};
    std::vector<Ack> acks{};
    std::vector<Metrics> metrics{};
    std::vector<Blocked> blocked{};
    std::vector<Recovery> recoveries{};
    std::vector<Moment> losses{};    ///< `count`: octets.
    std::vector<Moment> timeouts{};  ///< `count`: in a row.
    std::vector<Moment> probes{};    ///< Tail loss probes.
    std::vector<Moment> undone{};    ///< It was found that nothing had been lost.
};

/// Of an end, between two times. The peer's events are looked at for what arrived out of order.
[[nodiscard]] FlowHistory flow_history(const EventLog& log, EndIndex end, Instant from, Instant until);

/// A round trip: when it was known, and how long it took, in seconds.
struct RttSample {
    double time = 0, rtt = 0;
};

/// Of each segment that was sent once.
[[nodiscard]] std::vector<RttSample> rtt_samples(const FlowHistory& history);

}  // namespace hourglass::trace
