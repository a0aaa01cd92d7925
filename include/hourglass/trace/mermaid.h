#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/trace/ladder.h"

namespace hourglass::trace {

/// How a ladder is written as a Mermaid diagram.
struct MermaidOptions {
    bool absolute = false;  ///< Sequence numbers as they stand in the segments.
    bool reasons = true;    ///< Why each segment was sent, with the clause, below its label.
    Language language = Language::en;
    Duration gap = std::chrono::milliseconds(500);  ///< Silence from which on a note says how long it lasted.
    std::size_t fold_after = 12;                    ///< As `LadderOptions::fold_after`.
    std::vector<Remark> remarks{};                  ///< As notes over both ends.
    Instant from = Instant::min(), until = kNever;
};

/// A connection as a Mermaid `sequenceDiagram`, which documents in Markdown can hold: each segment is a message, a lost
/// one ends in a cross, one sent again is dotted, and the states of both ends are notes beside them. Mermaid draws no
/// slanted arrows: of a segment that crosses another one, the arrival is a note.
[[nodiscard]] std::string mermaid(const Recorder& recorder, ConnectionIndex connection,
                                  const MermaidOptions& options = {});

}  // namespace hourglass::trace
