#pragma once

#include <cstdint>
#include <string>

#include "hourglass/tcp/event.h"
#include "hourglass/trace/replay.h"

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

/// What the network did, as text.
[[nodiscard]] std::string to_text(const ReplayedPacket& packet);

/// A run in virtual time that one number decides: hosts, links, settings, what the applications do.
struct RecordedRun {
    std::string record;      ///< What the flight recorder wrote.
    std::string transcript;  ///< What observers were told.
    bool full = false;
};
struct RunOptions {
    std::uint64_t max_bytes = std::uint64_t{1} << 30;
    std::size_t chunk = 64 * 1024;
};
[[nodiscard]] RecordedRun recorded_run(std::uint64_t seed, const RunOptions& options = {});

/// Writes down what is told of a replay.
class ReplayTranscript final : public ReplayWatcher {
  public:
    std::string text;

    void begins() override {
        text.clear();
        observers_.clear();
    }
    tcp::Observer* host_added(std::string_view name, tcp::Stack&) override {
        observers_.push_back(std::make_unique<Transcript>(text, std::string(name)));
        return observers_.back().get();
    }
    void packet(const ReplayedPacket& packet) override { text += to_text(packet); }
    void note(Instant, std::string_view source, std::string_view said) override {
        text.append(source).append(" says ").append(said).append("\n");
    }

  private:
    std::vector<std::unique_ptr<Transcript>> observers_;
};

/// Replays what is in memory.
[[nodiscard]] std::expected<std::unique_ptr<Replay>, ReplayProblem> open_record(const std::string& record,
                                                                                ReplayWatcher* watcher = nullptr);

}  // namespace hourglass::trace
