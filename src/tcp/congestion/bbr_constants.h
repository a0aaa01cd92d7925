#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "hourglass/base/time.h"

/// The constants of draft-ietf-ccwg-bbr-06, section 2.
namespace hourglass::tcp::bbr {

inline constexpr double kStartupPacingGain = 2.77;
inline constexpr double kDrainPacingGain = 0.5;
inline constexpr double kProbeDownPacingGain = 0.90;
inline constexpr double kProbeUpPacingGain = 1.25;
inline constexpr double kDefaultCwndGain = 2.0;
inline constexpr double kProbeUpCwndGain = 2.25;
inline constexpr double kProbeRttCwndGain = 0.5;
inline constexpr double kPacingMargin = 0.99;  ///< 1 - BBR.PacingMarginPercent
inline constexpr double kLossThresh = 0.02;
inline constexpr double kBeta = 0.7;
inline constexpr double kHeadroom = 0.15;
inline constexpr std::uint16_t kStartupFullLossCount = 6;
inline constexpr std::size_t kExtraAckedFilterLen = 10;
inline constexpr Duration kMinRttFilterLen = std::chrono::seconds(10);
inline constexpr Duration kProbeRttInterval = std::chrono::seconds(5);
inline constexpr Duration kProbeRttDuration = std::chrono::milliseconds(200);

/// Losses are congestion's when the least round trip of a round is a quarter above the path's: that is the queue which
/// one round of ProbeBW_UP builds. Without a queue they are the link's own, as long as they are not this many.
inline constexpr double kQueueRttGain = 1.25;
inline constexpr double kNoiseLossThresh = 0.10;
/// Below this multiple of the least round trip no queue is worth speaking of.
inline constexpr double kEmptyQueueRttGain = 1.0625;
/// A round trip within this part of the least one shows that the queue is empty as well as an equal one does.
inline constexpr int kMinRttTolerance = 64;

inline constexpr double kInfiniteBw = std::numeric_limits<double>::infinity();
inline constexpr std::uint64_t kInfinite = std::numeric_limits<std::uint64_t>::max();

}  // namespace hourglass::tcp::bbr
