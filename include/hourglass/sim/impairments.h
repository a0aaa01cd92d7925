#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/wire/tcp.h"

namespace hourglass::sim {

/// The two ways of a link, after the order in which its ends were named.
enum class Direction : std::uint8_t { a_to_b, b_to_a };

[[nodiscard]] constexpr Direction opposite(Direction d) {
    return d == Direction::a_to_b ? Direction::b_to_a : Direction::a_to_b;
}

/// Why a packet did not arrive.
enum class LossReason : std::uint8_t {
    random,     ///< `Impairments::loss`.
    burst,      ///< `Impairments::burst`.
    queue,      ///< The queue before the wire was full.
    mtu,        ///< Larger than the link carries.
    corrupted,  ///< Damaged, and the receiver's frame check found it.
    scripted,   ///< The test's script said so.
    down,       ///< The link was down.
};

/// In words, for people: "queue full".
[[nodiscard]] std::string_view to_string(LossReason reason);

/// Loss that comes in bursts (Gilbert 1960, Elliott 1963): the wire is good or bad, and changes at random between
/// packets. It is bad for `1 / leave` packets on average.
struct BurstLoss {
    double enter = 0;  ///< Probability that a packet finds the good wire turned bad.
    double leave = 1;  ///< Probability that a packet finds the bad wire turned good.
    double loss = 1;   ///< Probability that a bad wire loses a packet.
};

/// What one direction of a link does to packets. The defaults do nothing. Probabilities are 0 to 1 and independent of
/// each other.
struct Impairments {
    Duration delay{};                    ///< Propagation: from the end of sending to arrival.
    Duration jitter{};                   ///< Added to `delay`, uniform in [0, jitter): packets may overtake each other.
    bool keep_order = false;             ///< Jitter delays what comes behind instead of letting it overtake.
    std::uint64_t rate = 0;              ///< Bits a second; 0: no limit.
    std::uint32_t overhead = 0;          ///< Octets that each packet takes on the wire in addition.
    std::uint32_t queue_packets = 1000;  ///< Waiting for the wire, the one on it not counted; the last one drops.
    std::uint64_t queue_bytes = 64 << 20;  ///< The same in octets.
    double loss = 0;
    BurstLoss burst{};
    double duplicate = 0;  ///< Probability that a packet arrives twice.
    double reorder = 0;    ///< Probability that a packet is delayed by `reorder_delay`, so that others overtake it.
    Duration reorder_delay{};
    double corrupt = 0;              ///< Probability that bits of a packet are flipped.
    std::uint32_t corrupt_bits = 1;  ///< At most so many; a single one is always found by the Internet checksum.
};

/// A packet as a script sees it.
struct PacketView {
    Instant time;
    Direction direction{};
    ip::Medium medium{};
    std::span<const std::byte> bytes;

    /// The TCP segment in it; nothing when it carries none, or a fragment of one.
    [[nodiscard]] std::optional<wire::TcpView> tcp() const;
};

/// What a script wants to happen to a packet, besides what the impairments do.
struct Verdict {
    bool lose = false;
    bool duplicate = false;
    bool corrupt = false;
    Duration delay{};  ///< Added to the packet's delay.
};

/// Decides over each packet of a direction; `number` counts them from 1. "Lose the third packet":
///
///     link.set_script(Direction::a_to_b, [](const PacketView&, std::uint64_t number) {
///         return Verdict{.lose = number == 3};
///     });
using Script = std::function<Verdict(const PacketView& packet, std::uint64_t number)>;

}  // namespace hourglass::sim
