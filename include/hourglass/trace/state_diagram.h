#pragma once

#include <cstdint>
#include <string>

#include "hourglass/base/time.h"
#include "hourglass/trace/language.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// How the state diagram is drawn.
struct StateDiagramOptions {
    enum class Ends : std::uint8_t { both, initiator, responder };
    Ends ends = Ends::both;  ///< Whose path is shown.
    Language language = Language::en;
    Instant from = Instant::min(), until = kNever;
};

/// The state diagram of TCP (RFC 9293, figure 5) as SVG 1.1 with the paths that the ends of a connection walked: each
/// transition in its end's colour with a number, and beside the diagram a list with the time and the trigger of each. A
/// transition that the figure leaves out, by a RST or by a FIN that comes with the acknowledgement of ours, is dashed.
[[nodiscard]] std::string state_diagram(const Recorder& recorder, ConnectionIndex connection,
                                        const StateDiagramOptions& options = {});

}  // namespace hourglass::trace
