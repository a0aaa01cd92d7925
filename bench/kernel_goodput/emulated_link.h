#pragma once

#include <cstdint>
#include <vector>

#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"
#include "hourglass/link/link.h"
#include "hourglass/sim/link.h"
#include "sim/pipe.h"

namespace hourglass::bench {

/// How far behind its time the emulation handed packets on: the error that the machine adds to the link.
struct Lateness {
    Duration mean{};
    Duration most{};  ///< 99 of 100 packets were not later than this.
    Duration worst{};
};

/// The simulator's link between two devices, against the real clock: what one device gives is queued, delayed, lost and
/// held back as in virtual time, and written to the other when its time has come.
class EmulatedLink {
  public:
    /// The devices must outlive it and have descriptors. The seed decides what is left to chance.
    EmulatedLink(const sim::LinkSettings& settings, std::uint64_t seed, link::Link& a, link::Link& b);

    [[nodiscard]] sim::Link& link() { return link_; }
    /// Carries packets until `descriptor` can be read, or until `limit`; false for the latter. Throws std::system_error
    /// when a device has gone.
    bool run_until_readable(int descriptor, Instant limit);
    [[nodiscard]] Lateness lateness() const;

  private:
    /// Where a direction ends: writes to its device.
    struct End : sim::Receiver {
        explicit End(link::Link& d) : device(d) {}
        void receive(Packet packet) override;
        link::Link& device;
    };

    std::unique_ptr<sim::Pipe> make_pipe(sim::Direction direction, const sim::Impairments& impairments,
                                         std::uint64_t seed);
    [[nodiscard]] bool wait(int descriptor, Instant limit);
    void deliver_what_is_due();
    void take_from(link::Link& device, sim::Pipe& pipe);

    BufferPool pool_;
    sim::Fabric fabric_;
    End a_;
    End b_;
    sim::Pipe* a_to_b_ = nullptr;
    sim::Pipe* b_to_a_ = nullptr;
    sim::Link link_;
    std::vector<Packet> batch_;
    std::vector<Duration> late_;
};

}  // namespace hourglass::bench
