#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "hourglass/tcp/event.h"
#include "hourglass/trace/replay.h"
#include "hourglass/trace/replayed_events.h"

namespace hourglass::trace {

/// Writes down, as text, everything that an observer is told.
class Transcript final : public tcp::Observer {
  public:
    Transcript(std::string& text, std::string host) : text_(text), host_(std::move(host)) {}

    void segment_sent(const tcp::SegmentSent& e) override;
    void segment_arriving(const tcp::SegmentArriving& e) override;
    void segment_received(const tcp::SegmentReceived& e) override;
    void segment_dropped(const tcp::SegmentDropped& e) override;
    void state_changed(const tcp::StateChanged& e) override;
    void connection_closed(const tcp::ConnectionClosed& e) override;
    void parameters_agreed(const tcp::ParametersAgreed& e) override;
    void timer_set(const tcp::TimerSet& e) override;
    void timer_expired(const tcp::TimerExpired& e) override;
    void connection_progressed(const tcp::ConnectionProgress& e) override;
    void segments_lost(const tcp::SegmentsLost& e) override;
    void retransmission_spurious(const tcp::RetransmissionSpurious& e) override;
    void queue_changed(const tcp::QueueChanged& e) override;
    void socket_called(const tcp::SocketCall& e) override;
    void application_notified(const tcp::ApplicationNotified& e) override;
    void application_returned(const tcp::ApplicationNotified& e) override;

  private:
    void line(const char* what, Instant time, const tcp::FlowKey& flow, const std::string& rest);
    std::string& text_;
    std::string host_;
};

/// All events of a log, a line of JSON each.
[[nodiscard]] std::string to_ndjson(const EventLog& log);

/// What the network did, as text.
[[nodiscard]] std::string to_text(const ReplayedPacket& packet);

/// A run in virtual time that one number decides: hosts, links, settings, what the applications do.
struct RecordedRun {
    std::string record;      ///< What the flight recorder wrote.
    std::string transcript;  ///< What observers were told.
    std::string events;      ///< What an event log made of it, a line of JSON each.
    bool full = false;
};
struct RunOptions {
    std::uint64_t max_bytes = std::uint64_t{1} << 30;
    bool ring = false;
    std::size_t chunk = 64 * 1024;
    std::uint64_t rounds = 1;  ///< How many times as many connections there are, in as much more time.
};
[[nodiscard]] RecordedRun recorded_run(std::uint64_t seed, const RunOptions& options = {});

/// Writes down what is told of a replay, and keeps the events that it makes.
class ReplayTranscript final : public ReplayWatcher {
  public:
    std::string text;
    [[nodiscard]] std::string events() const { return to_ndjson(events_.log()); }

    void begins() override {
        text.clear();
        observers_.clear();
        both_.clear();
        events_.begins();
    }
    tcp::Observer* host_added(std::string_view name, tcp::Stack& stack) override {
        observers_.push_back(std::make_unique<Transcript>(text, std::string(name)));
        tcp::Observers& both = both_.emplace_back();
        both.add(*observers_.back());
        both.add(*events_.host_added(name, stack));
        return &both;
    }
    void packet(const ReplayedPacket& packet) override {
        text += to_text(packet);
        events_.packet(packet);
    }
    void note(Instant time, std::string_view source, std::string_view said) override {
        text.append(source).append(" says ").append(said).append("\n");
        events_.note(time, source, said);
    }

  private:
    std::vector<std::unique_ptr<Transcript>> observers_;
    std::deque<tcp::Observers> both_;
    ReplayedEvents events_;
};

/// Replays what is in memory.
[[nodiscard]] std::expected<std::unique_ptr<Replay>, ReplayProblem> open_record(const std::string& record,
                                                                                ReplayWatcher* watcher = nullptr);

}  // namespace hourglass::trace
