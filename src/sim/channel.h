#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "hourglass/base/random.h"
#include "hourglass/base/time.h"
#include "hourglass/sim/impairments.h"

namespace hourglass::sim {

/// What becomes of a packet that is sent.
struct Fate {
    std::optional<LossReason> lost{};
    Instant arrival = kNever;
    std::optional<Instant> second_arrival{};
    bool corrupted = false;
    bool reordered = false;  ///< Delayed by `Impairments::reorder`.
};

/// Decides the fate of packets in one direction: queue, wire and chance. It sees sizes only and holds no packets.
class Channel {
  public:
    explicit Channel(Random random) : random_(random) {}

    /// A packet of `size` octets is sent at `now`, which does not go back from call to call.
    [[nodiscard]] Fate decide(const Impairments& impairments, std::size_t size, const Verdict& verdict, Instant now);

  private:
    struct Draws;
    struct Waiting {
        Instant start;  // of its sending: it is in the queue before
        std::size_t size;
    };

    [[nodiscard]] bool queue_has_room(const Impairments& impairments, std::size_t size, Instant now);
    [[nodiscard]] Instant send(const Impairments& impairments, std::size_t size, Instant now);
    [[nodiscard]] std::optional<LossReason> lost_on_wire(const Impairments& impairments, const Draws& draws);
    [[nodiscard]] Instant in_order(const Impairments& impairments, Instant arrival);

    Random random_;
    std::deque<Waiting> waiting_;
    std::size_t waiting_bytes_ = 0;
    Instant wire_free_{};          // when the packet now on the wire, and those that wait, have left
    std::uint64_t remainder_ = 0;  // of the division by the rate, so that a busy wire keeps its rate exactly
    Instant last_arrival_{};
    bool wire_is_bad_ = false;
};

}  // namespace hourglass::sim
