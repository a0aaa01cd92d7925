#pragma once

#include <deque>
#include <optional>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/sim/observers.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/event.h"
#include "hourglass/trace/event_log.h"
#include "hourglass/trace/flight_recorder.h"
#include "hourglass/trace/message_notes.h"
#include "hourglass/trace/recorder.h"

namespace hourglass::trace {

/// Lets all who want to watch the same world: its network, and the TCP of each host that it has when they begin. The
/// event log and the flight recorder are told of the messages of DNS and HTTP too.
class WorldWatch {
  public:
    WorldWatch() = default;
    WorldWatch(const WorldWatch&) = delete;
    WorldWatch& operator=(const WorldWatch&) = delete;

    /// This and all of them must outlive the world; `log` and `flight` may be null. Once.
    void attach(sim::World& world, Recorder& recorder, EventLog* log, FlightRecorder* flight);
    /// Tells all of them what an application has to say.
    void note(Instant time, std::string_view host, std::string_view text);

  private:
    void note_message(Instant time, std::string_view host, std::string_view text);

    Recorder* recorder_ = nullptr;
    EventLog* log_ = nullptr;
    FlightRecorder* flight_ = nullptr;
    sim::NetworkObservers network_;
    std::optional<MessageNotes> messages_;
    std::deque<tcp::Observers> hosts_;
};

}  // namespace hourglass::trace
