#pragma once

#include <deque>

#include "hourglass/sim/observers.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/event.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// Lets a recorder and an event log watch the same world: its network, and the TCP of each host that it has when they
/// begin.
class WorldWatch {
  public:
    WorldWatch() = default;
    WorldWatch(const WorldWatch&) = delete;
    WorldWatch& operator=(const WorldWatch&) = delete;

    /// This and both of them must outlive the world. Once.
    void attach(sim::World& world, Recorder& recorder, EventLog& log);

  private:
    sim::NetworkObservers network_;
    std::deque<tcp::Observers> hosts_;
};

}  // namespace hourglass::trace
