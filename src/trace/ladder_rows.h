#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// The two rails of a ladder.
enum class Rail : std::uint8_t { left = 0, right = 1 };

[[nodiscard]] constexpr Rail other(Rail rail) { return rail == Rail::left ? Rail::right : Rail::left; }

/// One line of a ladder before it is drawn.
struct Row {
    enum class Kind : std::uint8_t {
        segment,    ///< Leaves one rail and reaches the other, or is lost.
        departure,  ///< Leaves; its arrival has a row of its own further down.
        arrival,    ///< Reaches the other rail after having crossed something.
        repeat,     ///< A second copy arrives.
        stranger,   ///< A segment from a third host arrives, or one of an earlier connection.
        state,      ///< A change of state without a segment.
        timer,
        note,
        fold,    ///< Stands for several segments.
        cycles,  ///< Stands for what goes on as before.
    };

    Kind kind = Kind::segment;
    Instant time;
    Rail from = Rail::left;  ///< Whose step it is; a segment's sender.
    const Step* step = nullptr;
    const Arriving* arrival = nullptr;  ///< At the other rail.
    std::array<std::optional<tcp::State>, 2> state;
    std::array<bool, 2> changed{};

    // For `fold`, by the rail that sends; for `cycles` how often, and until when.
    std::size_t cycles = 0;
    Instant until{};
    std::array<std::size_t, 2> segments{};
    std::array<std::uint64_t, 2> octets{};
};

/// The rows of a ladder, and the states that its rails start in.
struct Rows {
    std::array<std::optional<tcp::State>, 2> initial;
    std::vector<Row> rows;
};

/// Puts the steps of two hosts into rows such that on each rail nothing stands before a change of state that came after
/// it. `steps` are in the order of `Step::order`. Of other hosts only what arrives at these two is shown, and so it is
/// with what was sent before `since`.
[[nodiscard]] Rows arrange(const std::vector<const Step*>& steps, std::string_view left_host,
                           std::string_view right_host, Instant since = Instant::min());

/// Replaces the middle of each run of more than `longest` uneventful segments by one row; 0: does nothing. Silence of
/// `gap` ends a run, and so does a step that is `kept`.
void fold_runs(std::vector<Row>& rows, std::size_t longest, Duration gap,
               const std::function<bool(const Step*)>& kept = {});

/// Replaces what happens again and again in the same way and at the same pace by one row: probes, retransmissions to
/// nobody.
void fold_cycles(std::vector<Row>& rows, const std::function<bool(const Step*)>& kept = {});

}  // namespace hourglass::trace
