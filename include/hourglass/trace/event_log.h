#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/sim/impairments.h"
#include "hourglass/sim/observer.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/event.h"
#include "hourglass/tcp/sequence.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::trace {

/// Numbers events from 1 on, in the order of happening; 0: none.
using EventId = std::uint64_t;

/// One end of a TCP connection, by its place in `EventLog::connections`.
using EndIndex = std::uint32_t;
inline constexpr EndIndex kNoEnd = UINT32_MAX;

/// A TCP segment, by its number in the log: the same where it is sent and where it arrives.
using SegmentNumber = std::uint64_t;

// What an event may be about. Sizes are octets, windows are scaled, sequence numbers are as in the segments.

/// What is read of a segment's header.
struct SegmentHeader {
    tcp::Seq seq, ack;
    wire::TcpFlags flags;
    std::uint32_t window = 0;  ///< As it stands in the header.
    std::uint32_t length = 0;  ///< Of the payload.
    wire::TcpOptions options;
};

struct ConnectionStarted {
    bool active = false;  ///< By a connect() here; else by a SYN that came.
};
struct ParametersSet {
    std::uint16_t snd_mss = 0, peer_mss = 0, path_mtu = 0;
    std::uint8_t snd_wscale = 0, rcv_wscale = 0;
    bool window_scaling = false, timestamps = false, sack = false;
    std::string_view ecn;
    std::string_view congestion_control;
};
struct StateUpdated {
    tcp::State before{}, after{};
    std::string_view trigger;
};
struct ConnectionEnded {
    tcp::Error error{};
    std::string_view trigger;
};
struct QueueUpdated {
    tcp::QueueChanged::Queue queue{};
    tcp::QueueChanged::Change change{};
    std::uint32_t length = 0, limit = 0;
};
struct SegmentSent {
    SegmentNumber number = 0;
    SegmentHeader header;
    tcp::State state{};
    tcp::SendReason reason{};
    bool retransmission = false;
    EventId retransmit_of = 0;  ///< The sending of the same octets before; 0: not known any more.
};
struct SegmentReceived {
    SegmentNumber number = 0;
    SegmentHeader header;
    tcp::Verdict verdict{};
    tcp::State before{}, after{};
};
/// Before it could be said whose it is.
struct SegmentDropped {
    SegmentNumber number = 0;
    tcp::Verdict verdict{};
    IpAddress source, destination;
};
struct BlockedUpdated {
    tcp::SendLimit before{}, after{};
    bool send_buffer_full = false;  ///< The application has more than the send buffer takes.
};
struct TimerUpdated {
    enum class Change : std::uint8_t { set, expired, cancelled };
    std::string_view timer;  ///< As `tcp::TimerExpired::timer`.
    Change change{};
    Instant at = kNever;      ///< Set: when it runs out.
    std::uint32_t count = 0;  ///< Expired: how often in a row.
};
struct MetricsUpdated {
    std::uint32_t cwnd = 0, ssthresh = 0;  ///< `ssthresh` UINT32_MAX: not set yet.
    std::uint32_t pipe = 0;                ///< Believed to be in the network (RFC 6675, section 4).
    std::uint32_t snd_wnd = 0, rcv_wnd = 0;
    std::uint32_t not_sent = 0, receive_queue = 0;
    tcp::Seq snd_una, snd_nxt, rcv_nxt;
    Duration srtt{}, rttvar{}, rto{}, min_rtt{};
    std::uint8_t backoff = 0;
    double pacing_rate = 0;  ///< Octets a second; zero: no pacing.
    bool operator==(const MetricsUpdated&) const = default;
};
struct RecoveryUpdated {
    tcp::RecoveryState before{}, after{};
};
struct RangeLost {
    tcp::Seq begin, end;
    std::uint32_t octets = 0;
    tcp::SendReason rule{};
};
struct LossSpurious {
    tcp::SpuriousProof proof{};
    bool timeout = false;
};
struct SocketCalled {
    tcp::Call call{};
    std::uint64_t asked = 0, done = 0;
    tcp::Error error{};
};
struct ApplicationTold {
    tcp::Notice notice{};
};
/// What the network did with a packet.
struct PacketFate {
    enum class Fate : std::uint8_t { lost, duplicated, corrupted };
    SegmentNumber number = 0;  ///< 0: no TCP segment.
    Fate fate{};
    sim::LossReason reason{};  ///< Of `lost`.
    std::string from, to;
};
/// A word of an application or a protocol above: DNS, HTTP, a stage of a story.
struct Remarked {
    std::string text;
};

using EventData =
    std::variant<ConnectionStarted, ParametersSet, StateUpdated, ConnectionEnded, QueueUpdated, SegmentSent,
                 SegmentReceived, SegmentDropped, BlockedUpdated, TimerUpdated, MetricsUpdated, RecoveryUpdated,
                 RangeLost, LossSpurious, SocketCalled, ApplicationTold, PacketFate, Remarked>;

/// Something that happened at a host.
struct Event {
    EventId id = 0;
    EventId cause = 0;  ///< The event that made it happen; 0: none, or it is not kept any more.
    Instant time;
    std::uint32_t host = 0;  ///< In `EventLog::hosts`.
    EndIndex end = kNoEnd;
    std::string_view clause;  ///< That decided it: "RFC 9293 3.10.7.4 first"; empty where none did.
    EventData data;

    /// What it is, when it is that: `if (const auto* sent = event.as<SegmentSent>())`.
    template <typename T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&data);
    }
};

/// One end of a connection, as its host has it.
struct ConnectionEndpoint {
    std::uint32_t host = 0;
    tcp::FlowKey flow;
    std::optional<tcp::Seq> iss, irs;  ///< Initial sequence numbers, once known.
    EndIndex peer = kNoEnd;            ///< The other end, when its host is watched too.
    bool active = false;
    std::uint8_t snd_wscale = 0, rcv_wscale = 0;  ///< In force: of windows that come, and that are told.
};

struct EventLogSettings {
    std::size_t max_events = 1 << 20;       ///< Beyond it the oldest go.
    std::size_t max_connections = 1 << 16;  ///< Ends of connections; what happens to further ones has no `Event::end`.
    Instant epoch{};                        ///< What texts and JSON count times from.
    bool metrics = true;                    ///< Keep `MetricsUpdated`: one for almost every acknowledgement.
};

/// Watches the TCP of hosts, and the network between them, and writes down what happens as events, each with the one
/// that caused it. The same run makes the same events.
///
///     EventLog log;
///     log.attach(world);
///     ... the world runs ...
///     for (const Event& event : log.events()) ...
class EventLog final : public sim::NetworkObserver {
  public:
    using Listener = std::function<void(const Event&)>;

    explicit EventLog(const EventLogSettings& settings = {});
    ~EventLog() override;
    EventLog(const EventLog&) = delete;
    EventLog& operator=(const EventLog&) = delete;

    /// Watches the network of `world` and the TCP of each host that it has now, as their only observer.
    void attach(sim::World& world);
    /// Watches one host's TCP: give it to `tcp::Stack::set_observer`. Valid as long as the log.
    [[nodiscard]] tcp::Observer& observer(std::string_view host);
    /// Writes down what an application or a protocol above TCP has to say.
    void note(Instant time, std::string_view host, std::string_view text);
    /// Told of each event once it is complete, in the order of their ids.
    void set_listener(Listener listener) { listener_ = std::move(listener); }

    /// In the order of happening.
    [[nodiscard]] const std::deque<Event>& events() const { return events_; }
    /// Null when there is none of that number, or it is not kept any more.
    [[nodiscard]] const Event* find(EventId id) const;
    [[nodiscard]] const std::vector<ConnectionEndpoint>& connections() const { return ends_; }
    [[nodiscard]] const std::vector<std::string>& hosts() const { return hosts_; }
    /// Changes `EventLogSettings::epoch`: of a record it is known when its first input has been read.
    void count_from(Instant epoch) { settings_.epoch = epoch; }
    /// Since that epoch.
    [[nodiscard]] Duration since_epoch(Instant time) const { return time - settings_.epoch; }
    /// Events that are not kept any more.
    [[nodiscard]] std::uint64_t omitted() const { return omitted_; }

    // The network, as a world tells it.
    std::uint64_t packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override;
    void packet_lost(Instant time, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) override;
    void packet_duplicated(Instant time, const sim::Hop& hop, std::uint64_t id) override;
    void packet_corrupted(Instant time, const sim::Hop& hop, std::uint64_t id) override;
    /// The same for those who have no world: what became of a packet between two nodes.
    void packet_fate(Instant time, PacketFate fate, std::uint64_t packet_id);

  private:
    class Host;
    struct Tracker;
    struct SentPacket {
        EventId event = 0;
        SegmentNumber number = 0;
    };

    EventId add(Instant time, std::uint32_t host, EndIndex end, EventId cause, std::string_view clause, EventData data);
    void hand_on();
    [[nodiscard]] EndIndex end_of(std::uint32_t host, const tcp::FlowKey& flow);
    EndIndex make_end(std::uint32_t host, const tcp::FlowKey& flow, bool active);
    [[nodiscard]] SentPacket sent_packet(std::uint64_t packet_id) const;
    void remember_packet(std::uint64_t packet_id, SentPacket sent);
    std::uint32_t host_named(std::string_view name);

    EventLogSettings settings_;
    Listener listener_;
    std::deque<Event> events_;
    std::vector<std::string> hosts_;
    std::vector<std::unique_ptr<Host>> watchers_;  // by host; null where nobody watches its TCP
    std::vector<ConnectionEndpoint> ends_;
    std::vector<std::unique_ptr<Tracker>> trackers_;  // by end
    std::unordered_map<std::uint64_t, SentPacket> packets_;
    SegmentNumber last_number_ = 0;
    EventId last_id_ = 0;
    EventId handed_on_ = 0;   // the last that the listener was told
    EventId incomplete_ = 0;  // the segment that is being processed; 0: none
    std::uint64_t omitted_ = 0;
};

}  // namespace hourglass::trace
