#pragma once

#include <deque>
#include <optional>

#include "hourglass/sim/observers.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/event.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/message_notes.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// Lets a recorder and an event log watch the same world: its network, and the TCP of each host that it has when they
/// begin. The log is told of the messages of DNS and HTTP too.
class WorldWatch {
  public:
    WorldWatch() = default;
    WorldWatch(const WorldWatch&) = delete;
    WorldWatch& operator=(const WorldWatch&) = delete;

    /// This and both of them must outlive the world. Once.
    void attach(sim::World& world, Recorder& recorder, EventLog& log);

  private:
    sim::NetworkObservers network_;
    std::optional<MessageNotes> messages_;
    std::deque<tcp::Observers> hosts_;
};

}  // namespace hourglass::trace
