#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/host.h"
#include "hourglass/sim/impairments.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/trace/summary.h"

namespace hourglass::trace {

/// A TCP connection of a recording, by its place in `Recorder::connections`.
using ConnectionIndex = std::size_t;

/// What TCP at the sending host said about a segment.
struct Sending {
    tcp::State before = tcp::State::closed;
    tcp::State after = tcp::State::closed;
    tcp::SendReason reason = tcp::SendReason::none;
    bool retransmission = false;
    std::string trigger;  ///< Of the change of state, where there was one: "CLOSE call".
};

/// What TCP at the receiving host made of a segment.
struct Processing {
    tcp::State before = tcp::State::closed;
    tcp::State after = tcp::State::closed;
    tcp::Verdict verdict = tcp::Verdict::accepted;
    std::string clause;   ///< That decided it: "RFC 9293 3.10.7.4 first".
    std::string trigger;  ///< Of the change of state, where there was one: "FIN received".
};

/// A packet's coming to a host.
struct Arriving {
    Instant time;
    std::uint64_t order = 0;  ///< As `Step::order`.
    std::string host;
    std::optional<Processing> tcp;  ///< Absent when TCP did not see it, or nobody watched it there.
};

/// A packet's passing of one link.
struct Hop {
    std::uint32_t link = 0;  ///< `sim::Link::index`
    std::string from;
    std::string to;
    Instant sent;
    std::optional<Instant> arrived;  ///< The first time.
    std::optional<sim::LossReason> lost;
    bool duplicated = false;
    bool corrupted = false;
};

/// A packet, from the host that sends it to where it ends. The step's host is the sender.
struct PacketTrip {
    std::uint64_t id = 0;
    ip::Medium medium{};
    std::vector<std::byte> bytes;  ///< As first sent; cut at `RecorderSettings::snaplen`.
    PacketSummary summary;
    std::vector<Hop> hops;  ///< Empty for a packet that never left its host.
    std::vector<Arriving> arrivals;
    std::optional<Sending> sender;                ///< For TCP segments of a watched host.
    std::optional<ConnectionIndex> connection{};  ///< For TCP segments.

    /// Why it did not arrive; nothing when it did, or is still under way.
    [[nodiscard]] std::optional<sim::LossReason> lost() const;
};

/// A change of state that no segment carried: a call, a timer.
struct StateStep {
    tcp::State before = tcp::State::closed;
    tcp::State after = tcp::State::closed;
    std::string trigger;  ///< "2 MSL"
    ConnectionIndex connection = 0;
};

/// A timer that ran out.
struct TimerStep {
    std::string timer;        ///< "retransmission"
    std::uint32_t count = 0;  ///< How often in a row.
    ConnectionIndex connection = 0;
};

/// A word of the application: "GET / HTTP/1.1", the name of a stage.
struct Note {
    std::string text;
    std::optional<ConnectionIndex> connection;  ///< Where it belongs; none: to the host as a whole.
};

/// Something that happened, at a host.
struct Step {
    Instant time;
    std::uint64_t order = 0;  ///< Numbers steps and arrivals: what happens first at one instant has the lower one.
    std::string host;
    std::variant<PacketTrip, StateStep, TimerStep, Note> what;
};

/// One end of a recorded connection.
struct ConnectionEnd {
    SocketAddress address;
    std::string host;                          ///< Empty while no watched host has it.
    std::optional<tcp::Seq> initial_seq;       ///< From its SYN.
    std::optional<std::uint8_t> window_scale;  ///< From its SYN; in force when both ends have one (RFC 7323, 2.2).
};

/// A TCP connection as it was recorded.
struct ConnectionTrace {
    ConnectionEnd initiator;  ///< Who sent the first SYN.
    ConnectionEnd responder;
    Instant opened;

    /// The end that has `address`; the initiator when both do.
    [[nodiscard]] const ConnectionEnd& end(const SocketAddress& address) const {
        return address == initiator.address ? initiator : responder;
    }
    [[nodiscard]] ConnectionEnd& end(const SocketAddress& address) {
        return address == initiator.address ? initiator : responder;
    }
};

}  // namespace hourglass::trace
