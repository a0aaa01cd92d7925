#pragma once

#include <cstdint>
#include <string>

#include "hourglass/base/buffer.h"
#include "hourglass/base/random.h"
#include "hourglass/sim/link.h"
#include "hourglass/sim/observer.h"
#include "sim/channel.h"
#include "sim/event_queue.h"

namespace hourglass::sim {

/// What the parts of a world share.
struct Fabric {
    Instant now{};
    EventQueue queue;
    NetworkObserver* observer = nullptr;
    BufferPool* pool = nullptr;
};

/// Where a pipe ends: an interface of a host, or a port of a switch.
class Receiver {
  public:
    virtual ~Receiver() = default;
    virtual void receive(Packet packet) = 0;
};

/// Names a pipe's two nodes.
struct PipeEnds {
    std::string from;
    std::string to;
    bool to_host = true;
    Receiver* receiver = nullptr;
};

/// One direction of a link: takes packets from a node, does to them what the channel decides, and hands them to the
/// other node in time.
class Pipe {
  public:
    Pipe(Fabric& fabric, Direction direction, PipeEnds ends, const Impairments& impairments, Random random);

    void attach(const Link& link) { link_ = &link; }
    void send(Packet packet);
    /// The world's call when a packet's time has come.
    void arrive(Packet packet);

    [[nodiscard]] const PipeEnds& ends() const { return ends_; }
    [[nodiscard]] Impairments& impairments() { return impairments_; }
    [[nodiscard]] const LinkCounters& counters() const { return counters_; }
    void set_script(Script script) { script_ = std::move(script); }
    void set_up(bool up) { up_ = up; }

  private:
    [[nodiscard]] Hop hop() const { return {*link_, direction_, ends_.from, ends_.to, ends_.to_host}; }
    [[nodiscard]] Fate decide(const Packet& packet);
    [[nodiscard]] Packet corrupted_copy(const Packet& packet);
    void lose(const Packet& packet, LossReason reason);
    void deliver(const Fate& fate, Packet packet);

    Fabric& fabric_;
    Direction direction_;
    PipeEnds ends_;
    Impairments impairments_;
    Channel channel_;
    Random corruption_;
    Script script_;
    LinkCounters counters_;
    const Link* link_ = nullptr;
    bool up_ = true;
};

/// A copy of the bytes, with the packet's label and offload.
[[nodiscard]] Packet copy_of(const Packet& packet, BufferPool& pool);

}  // namespace hourglass::sim
