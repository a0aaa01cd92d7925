#pragma once

#include <cstdint>
#include <expected>
#include <istream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/base/time.h"
#include "hourglass/sim/impairments.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::trace {

/// Why a record can't be replayed, or not to its end.
struct ReplayProblem {
    enum class Kind : std::uint8_t {
        unreadable,     ///< No such file, or no record.
        other_version,  ///< Written by a program that this one does not understand.
        damaged,        ///< A checksum is wrong, or an entry makes no sense.
        cut_short,      ///< The end is missing.
        differs,        ///< What came out is not what the record says.
    };
    Kind kind{};
    std::string text{};  ///< In words, with the place in the file.
    Instant at{};        ///< How far it got.
};

/// What the simulated network did with a packet of the recorded run.
struct ReplayedPacket {
    enum class Fate : std::uint8_t { sent, arrived, lost, duplicated, corrupted };
    Instant time{};
    Fate fate{};
    std::string_view link{}, from{}, to{};
    sim::Direction direction{};
    bool to_host = false;  ///< False when a switch receives: the packet goes on.
    std::uint64_t packet_id = 0;
    std::uint32_t size = 0;    ///< Octets, of what was sent or has arrived.
    sim::LossReason reason{};  ///< Of a loss.
};

/// Told of what happens in a replay, in the order of the recorded run.
class ReplayWatcher {
  public:
    virtual ~ReplayWatcher() = default;
    /// The replay begins, for the first time or again: what was told before is to be forgotten.
    virtual void begins() {}
    /// A host, before anything happens at it. Returns who is to watch its TCP; null: nobody.
    virtual tcp::Observer* host_added(std::string_view name, tcp::Stack& stack) {
        static_cast<void>(name), static_cast<void>(stack);
        return nullptr;
    }
    virtual void packet(const ReplayedPacket&) {}
    /// What `FlightRecorder::note` was given.
    virtual void note(Instant time, std::string_view source, std::string_view text) {
        static_cast<void>(time), static_cast<void>(source), static_cast<void>(text);
    }
};

/// Runs a record of a FlightRecorder again: the same stacks, given the same inputs in the same order. Payload is zeros.
///
///     auto replay = Replay::open("run.hgr", &watcher);
///     (*replay)->run_until(Instant(2s));
///     for (const tcp::ConnectionInfo& c : (*replay)->hosts()[0].stack->connections()) ...
class Replay {
  public:
    struct Host {
        std::string name{};
        const tcp::Stack* stack = nullptr;
    };

    /// `watcher` must outlive it.
    [[nodiscard]] static std::expected<std::unique_ptr<Replay>, ReplayProblem> open(const std::string& path,
                                                                                    ReplayWatcher* watcher = nullptr);
    /// From a stream that can be wound back.
    [[nodiscard]] static std::expected<std::unique_ptr<Replay>, ReplayProblem> open(
        std::unique_ptr<std::istream> record, ReplayWatcher* watcher = nullptr);
    ~Replay();
    Replay(const Replay&) = delete;
    Replay& operator=(const Replay&) = delete;

    /// Runs the next input and all that happens because of it. False at the end, and where there is a problem.
    bool step();
    /// Runs the inputs up to `time`, those at that time included. False when the end or a problem came first.
    bool run_until(Instant time);
    /// False when there was a problem.
    bool run_to_end();
    /// Back to the beginning.
    void rewind();
    /// To where `steps() == count`, backwards too; false when there are fewer.
    bool go_to(std::uint64_t count);

    /// The time of the last input.
    [[nodiscard]] Instant now() const;
    /// The time of the first input that had one; nothing before it.
    [[nodiscard]] std::optional<Instant> began() const;
    /// Inputs that were run.
    [[nodiscard]] std::uint64_t steps() const;
    /// The last one in words: "server: a segment from 10.0.0.1:49152, ...".
    [[nodiscard]] std::string last_step() const;
    /// What stopped it; nothing while nothing has.
    [[nodiscard]] const std::optional<ReplayProblem>& problem() const;
    /// The end of the record has been reached: it was closed there, not cut off.
    [[nodiscard]] bool ended() const;
    /// It was closed because it had reached its limit.
    [[nodiscard]] bool was_full() const;
    /// False: the recorder has gone round its ring, and what happened first has been overwritten. The replay begins
    /// with the hosts in the middle of what they did.
    [[nodiscard]] bool has_beginning() const;
    /// So far.
    [[nodiscard]] std::vector<Host> hosts() const;
    /// Which version of Hourglass wrote it.
    [[nodiscard]] const std::string& written_by() const;

  private:
    class Implementation;
    explicit Replay(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::trace
