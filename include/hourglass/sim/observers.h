#pragma once

#include <span>
#include <vector>

#include "hourglass/sim/observer.h"

namespace hourglass::sim {

/// Tells several observers, in the order of their adding. Each is told a packet's label as the one before it has left
/// it: the last one's is what the world keeps.
class NetworkObservers final : public NetworkObserver {
  public:
    /// It must outlive this.
    void add(NetworkObserver& observer) { all_.push_back(&observer); }

    std::uint64_t packet_sent(Instant time, const Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override {
        for (NetworkObserver* observer : all_) id = observer->packet_sent(time, hop, id, bytes);
        return id;
    }
    void packet_arrived(Instant time, const Hop& hop, std::uint64_t id, std::span<const std::byte> bytes) override {
        for (NetworkObserver* observer : all_) observer->packet_arrived(time, hop, id, bytes);
    }
    void packet_lost(Instant time, const Hop& hop, std::uint64_t id, LossReason reason) override {
        for (NetworkObserver* observer : all_) observer->packet_lost(time, hop, id, reason);
    }
    void packet_duplicated(Instant time, const Hop& hop, std::uint64_t id) override {
        for (NetworkObserver* observer : all_) observer->packet_duplicated(time, hop, id);
    }
    void packet_corrupted(Instant time, const Hop& hop, std::uint64_t id) override {
        for (NetworkObserver* observer : all_) observer->packet_corrupted(time, hop, id);
    }

  private:
    std::vector<NetworkObserver*> all_;
};

}  // namespace hourglass::sim
