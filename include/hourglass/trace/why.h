#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/trace/event_log.h"

namespace hourglass::trace {

/// An event in words: "client sends segment 17 again: data 1461:2921, ACK 1". Sequence numbers count from the SYNs
/// where these are known.
[[nodiscard]] std::string in_words(const EventLog& log, const Event& event);

/// The segment of an event that sends or receives one: "SYN, seq 0", "1,448 octets from 1 on, ack 1". Empty for other
/// events.
[[nodiscard]] std::string segment_in_words(const EventLog& log, const Event& event);

/// A link of a chain of causes.
struct Because {
    EventId event = 0;
    Duration time{};  ///< Since the log's epoch.
    std::string host{};
    std::string text{};
    std::string clause{};
};

/// What held a sender, or did not, at a moment.
struct Held {
    tcp::SendLimit limit{};
    std::string text{};    ///< With the numbers: "the congestion window: 14,600 octets, 14,600 in the network".
    std::string clause{};  ///< Empty where no RFC asks for it.
    std::optional<Duration> since{};  ///< As `time`.
    EventId event = 0;                ///< That told so; 0: nothing has held it yet.
};

/// Why a segment was sent, or what became of it.
struct Answer {
    EventId event = 0;
    SegmentNumber segment = 0;
    Duration time{};  ///< Since the log's epoch.
    std::string host{};
    std::string what{};    ///< The segment, or the moment.
    std::string reason{};  ///< In a word that programs can compare: `fast_retransmit`, `challenged`, `peer_window`.
    std::string why{};     ///< In words.
    std::string clause{};  ///< That decided it.
    std::vector<Because> causes{};     ///< What made it happen, the nearest first.
    std::vector<Because> effects{};    ///< What it made happen, in order.
    std::optional<Held> held{};        ///< The sender, once the segment had left; for a moment: then.
    std::vector<std::string> state{};  ///< For a moment: how the connection stood.
};

/// Why segment `number` was sent, and what its receiver made of it: an answer for each end that tells of it, the sender
/// first. Empty when there is no such segment.
[[nodiscard]] std::vector<Answer> why_segment(const EventLog& log, SegmentNumber number);

/// What each connection was doing at `moment`, and what held its sender: an answer for each end that was there, in the
/// order of opening.
[[nodiscard]] std::vector<Answer> why_at(const EventLog& log, Instant moment);

/// For people, in lines of at most `width` columns.
[[nodiscard]] std::string to_text(const Answer& answer, std::size_t width = 100);
/// As one JSON object.
[[nodiscard]] std::string to_json(const Answer& answer);

}  // namespace hourglass::trace
