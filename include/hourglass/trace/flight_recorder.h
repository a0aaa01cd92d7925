#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/sim/observer.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::trace {

struct FlightRecorderSettings {
    /// What the record has at most.
    std::uint64_t max_bytes = std::uint64_t{1} << 30;
    /// At that limit the latest is kept and the oldest overwritten, an eighth at a time; else the record ends there,
    /// and says so. It also ends where the state of all hosts takes more than four fifths of an eighth.
    bool ring = true;
    std::size_t chunk = 64 * 1024;  ///< Bytes that are collected before they are written.
    /// They are also written once the first of them is older than this, when the next input comes.
    Duration flush_after = std::chrono::seconds(1);
};

/// Writes down what enters the TCP of one host or several, so that `Replay` can run it again, bit for bit: segments'
/// headers, time, applications' calls, answers of the network layer. Of payload it keeps only how much there was. The
/// record has the secret that initial sequence numbers are made with: whoever has it can forge segments of the
/// connections that go on (docs/record.md).
///
///     auto recorder = FlightRecorder::to_file("run.hgr");
///     (*recorder)->record("server", stack);   // before anything else is done with the stack
///
/// A host is to be recorded from its beginning. The stacks, and the world, must outlive the recorder, or `close` comes
/// first.
class FlightRecorder final : public sim::NetworkObserver {
  public:
    /// Takes a piece of the record and the octet where it goes, and says whether it could be written. Each piece goes
    /// behind the one before it, until a ring begins another slot.
    using Sink = std::function<bool(std::uint64_t offset, std::span<const std::byte>)>;

    /// A new file that only its owner can read, or the same in the place of one that was there. What is no regular file
    /// (a pipe) gets no ring. The error says what is wrong.
    [[nodiscard]] static std::expected<std::unique_ptr<FlightRecorder>, std::string> to_file(
        const std::string& path, const FlightRecorderSettings& settings = {});
    explicit FlightRecorder(Sink sink, const FlightRecorderSettings& settings = {});
    ~FlightRecorder() override;
    FlightRecorder(const FlightRecorder&) = delete;
    FlightRecorder& operator=(const FlightRecorder&) = delete;

    /// Records one host; at most 256 of them in one record. It takes the place of the stack's input tap.
    void record(std::string_view name, tcp::Stack& stack);
    /// Records every host that `world` has now, and what its network does with packets. It takes the place of the
    /// world's observer, and hands on to that what it is told.
    void record(sim::World& world);
    /// Writes down what somebody has to say, for whoever watches the replay.
    void note(Instant time, std::string_view source, std::string_view text);

    /// Writes what has been collected.
    void flush();
    /// Ends the record and lets go of the stacks and the world, which has its observer back. Nothing that happens later
    /// is in it.
    void close();

    /// False: at `FlightRecorderSettings::max_bytes` the oldest was overwritten.
    [[nodiscard]] bool has_beginning() const;
    /// It ended because of that limit.
    [[nodiscard]] bool full() const;
    /// It ended because something could not be written.
    [[nodiscard]] bool failed() const;
    /// Bytes of the record, as large as it has been.
    [[nodiscard]] std::uint64_t bytes() const;

    std::uint64_t packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override;
    void packet_arrived(Instant time, const sim::Hop& hop, std::uint64_t id, std::span<const std::byte> bytes) override;
    void packet_lost(Instant time, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) override;
    void packet_duplicated(Instant time, const sim::Hop& hop, std::uint64_t id) override;
    void packet_corrupted(Instant time, const sim::Hop& hop, std::uint64_t id) override;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::trace
