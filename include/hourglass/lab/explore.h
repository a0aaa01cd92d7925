#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/tcp/settings.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::lab {

/// What the network does to one packet.
enum class Fate : std::uint8_t { pass, lose, duplicate, delay };

/// One fate for each of the first packets of a connection, counted in both directions together as they are sent; what
/// is sent later passes. As text one letter each: `p`, `l`, `d` (twice) and `s` (slow).
using Fates = std::vector<Fate>;
[[nodiscard]] std::string to_string(const Fates& fates);
/// The reverse; the error is the place of the letter that means nothing.
[[nodiscard]] std::expected<Fates, std::size_t> parse_fates(std::string_view text);

/// A connection that is opened, carries a request and an answer, and is closed by the client first.
struct ExploreSettings {
    unsigned packets = 7;                                 ///< How many packets have a fate of their own; at most 12.
    std::size_t request = 2000, answer = 3000;            ///< Octets, more than a segment each.
    Duration link_delay = std::chrono::milliseconds(10);  ///< One way.
    Duration slow_by = std::chrono::milliseconds(1300);   ///< More than a retransmission timeout.
    unsigned jobs = 1;                                    ///< Threads.
    tcp::Settings tcp{};
    std::function<void(std::uint64_t runs)> progress{};  ///< Called now and then, from any of the threads.
};

/// How one run ended.
struct ExploreRun {
    unsigned sent = 0;       ///< Packets that had a fate: fewer than asked for when the connection needed fewer.
    bool delivered = false;  ///< Both applications have all octets, in order and once, and no error.
    std::string client{}, server{};  ///< What each application was told at the end; empty: nothing yet.
    std::string violation{};         ///< What must hold and does not; empty when all holds.
};

/// What an exploration found.
struct Exploration {
    std::uint64_t combinations = 0;  ///< 4 to the power of `packets`: all are covered.
    std::uint64_t runs = 0;          ///< Those that differ: a connection that needs fewer packets stands for many.
    std::uint64_t delivered = 0;     ///< Runs that brought everything across.
    std::uint64_t told = 0;          ///< Runs that failed, and the applications learned of it.
    std::uint64_t violations = 0;
    std::vector<Fates> examples{};  ///< The first violations, at most ten.
};

/// Runs the connection once with these fates, in virtual time. A recorder, when given, watches.
///
/// What must hold: each application is told the end exactly once, and its stream is a beginning of what the other sent,
/// all of it when no error was told; in the end both stacks hold no connection, no timer and no buffer; the invariants
/// of the stacks hold all the time.
[[nodiscard]] ExploreRun explore_one(const Fates& fates, const ExploreSettings& settings,
                                     trace::Recorder* recorder = nullptr);

/// Runs every combination of fates.
[[nodiscard]] Exploration explore(const ExploreSettings& settings);

}  // namespace hourglass::lab
