#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/language.h"

namespace hourglass::trace {

/// What a plot shows of one direction of a connection, as its sender's host saw it.
enum class PlotKind : std::uint8_t {
    sequence,    ///< Time-sequence graph with the conventions of tcptrace.
    window,      ///< Congestion window, threshold, flight and the peer's window; what held the sender back.
    rtt,         ///< Round trips, and what the sender makes of them (RFC 6298).
    throughput,  ///< What was sent, and what was acknowledged of it.
    all,         ///< All of these, one below the other, with one scale of time.
};

/// "sequence", "window", "rtt", "throughput", "all".
[[nodiscard]] std::optional<PlotKind> plot_kind_named(std::string_view name);

/// How a plot is drawn.
struct PlotOptions {
    Language language = Language::en;
    Instant from = Instant::min(), until = kNever;
};

/// A plot as SVG 1.1, 900 pixels wide, of what the end sent.
///
/// Time-sequence graph: a bar for each segment from its first sequence number to its last, red with an R when it was
/// sent again, with a cross when the network lost it, with an O when it arrived behind later ones; the green line below
/// is what is acknowledged, with a tick for each duplicate ACK, the yellow one above is how far the peer's window
/// reaches, purple bars are SACK blocks, Z is a closed window.
///
/// Round trips are those of segments that were sent once (Karn's rule; RFC 6298, section 3), up to the acknowledgement
/// or SACK block that covers them first.
[[nodiscard]] std::string plot(const EventLog& log, EndIndex end, PlotKind kind, const PlotOptions& options = {});

/// The end that sent the most octets; `kNoEnd` when nothing was sent.
[[nodiscard]] EndIndex busiest_end(const EventLog& log);

}  // namespace hourglass::trace
