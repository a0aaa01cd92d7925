#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/trace/language.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// Words of a narrator that stand in a ladder below the row of a step, or beside it where there is room.
struct Remark {
    std::size_t step = 0;  ///< By its place in `Recorder::steps`.
    std::string text;
};

/// How a ladder is drawn.
struct LadderOptions {
    std::size_t width = 100;  ///< Columns, 72 to 240. From 112 on there is room for the reasons at the right.
    bool color = false;       ///< ANSI colours (ECMA-48, SGR).
    bool unicode = true;      ///< Box drawing; plain ASCII otherwise.
    bool absolute = false;    ///< Sequence numbers as they stand in the segments, not counted from the SYN.
    Duration gap = std::chrono::milliseconds(500);  ///< Silence from which on a line says how long it lasted.
    /// A longer run of segments in which nothing happens but data and acknowledgements is folded; 0: never.
    std::size_t fold_after = 12;
    bool all_protocols = false;        ///< `ladders` also shows ARP, ICMP and the like, not only TCP and DNS.
    Language language = Language::en;  ///< Of all that is not a name of the protocol.
    std::vector<Remark> remarks{};     ///< For `ladder`.
    /// `ladder` shows what begins in between.
    Instant from = Instant::min(), until = kNever;
};

/// A connection as a ladder: its two ends are the rails, each segment is a rung with its sender's time, and the states
/// of both ends stand at the sides. A segment that crosses a change of state takes two rows, one where it leaves and
/// one where it arrives, so that each rail reads in the order of time from top to bottom.
[[nodiscard]] std::string ladder(const Recorder& recorder, ConnectionIndex connection,
                                 const LadderOptions& options = {});

/// What two hosts exchange outside of TCP, datagrams and ICMP messages, as a ladder.
[[nodiscard]] std::string datagram_ladder(const Recorder& recorder, std::string_view left_host,
                                          std::string_view right_host, const LadderOptions& options = {});

/// Explains the marks that occur in ladders.
[[nodiscard]] std::string legend_of(std::string_view ladders, const LadderOptions& options = {});

/// Everything as ladders, in the order of their beginning: one for each TCP connection, one for each pair of hosts that
/// exchange DNS messages over UDP.
[[nodiscard]] std::string ladders(const Recorder& recorder, const LadderOptions& options = {});

}  // namespace hourglass::trace
