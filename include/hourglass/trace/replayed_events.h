#pragma once

#include <memory>
#include <string_view>

#include "hourglass/trace/event_log.h"
#include "hourglass/trace/replay.h"

namespace hourglass::trace {

/// The events of a recorded run: what an EventLog that had watched it would hold.
///
///     ReplayedEvents events;
///     auto replay = Replay::open("run.hgr", &events);
///     (*replay)->run_to_end();
///     for (const Event& event : events.log().events()) ...
class ReplayedEvents final : public ReplayWatcher {
  public:
    explicit ReplayedEvents(const EventLogSettings& settings = {});

    [[nodiscard]] const EventLog& log() const { return *log_; }
    /// Counts times from the first input of `replay`, which it watches, once that has been run; until then from zero.
    void count_from_begin(const Replay& replay);
    [[nodiscard]] Instant epoch() const { return settings_.epoch; }

    void begins() override;
    tcp::Observer* host_added(std::string_view name, tcp::Stack& stack) override;
    void packet(const ReplayedPacket& packet) override;
    void note(Instant time, std::string_view source, std::string_view text) override;

  private:
    EventLogSettings settings_;
    std::unique_ptr<EventLog> log_;
};

}  // namespace hourglass::trace
