#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hourglass/sim/observer.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/event.h"
#include "hourglass/trace/step.h"

namespace hourglass::trace {

/// What a recorder keeps.
struct RecorderSettings {
    std::size_t max_steps = 1 << 20;    ///< What happens beyond them is counted and not kept.
    std::size_t snaplen = 1 << 18;      ///< Octets of each packet.
    std::size_t max_bytes = 1UL << 30;  ///< Octets of all packets; further packets are kept without theirs.
};

/// A link that a recorder has seen.
struct LinkTrace {
    std::string name;
    ip::Medium medium{};
};

/// Watches the hosts and the network of a world, and joins what they say into steps: this segment was sent then, for
/// this reason, arrived then, and did this to the receiver.
///
///     Recorder recorder;
///     recorder.attach(world);
///     ... the world runs ...
///     for (const Step& step : recorder.steps()) ...
class Recorder : public sim::NetworkObserver {
  public:
    explicit Recorder(const RecorderSettings& settings = {});
    ~Recorder() override;
    Recorder(const Recorder&) = delete;
    Recorder& operator=(const Recorder&) = delete;

    /// Watches the network of `world` and the TCP of each host that it has now. Must outlive it, or be taken off.
    void attach(sim::World& world);
    /// Watches one host's TCP: give it to `tcp::Stack::set_observer`. Valid as long as the recorder.
    [[nodiscard]] tcp::Observer& observer(std::string_view host);

    /// Writes down what the application has to say.
    void note(Instant time, std::string_view host, std::string_view text);
    /// The same about one connection, by its two ends in either order.
    void note(Instant time, std::string_view host, std::string_view text, const SocketAddress& one,
              const SocketAddress& other);

    /// In the order of happening; a packet stands where it was sent.
    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }
    /// In the order of opening.
    [[nodiscard]] const std::vector<ConnectionTrace>& connections() const { return connections_; }
    /// The steps of one connection, as places in `steps()`: its segments, changes of state, timers and notes, and the
    /// notes of its two hosts that belong to no connection.
    [[nodiscard]] std::vector<std::size_t> steps_of(ConnectionIndex connection) const;
    /// By `sim::Link::index`.
    [[nodiscard]] const std::map<std::uint32_t, LinkTrace>& links() const { return links_; }
    /// Steps that were not kept because there were too many.
    [[nodiscard]] std::uint64_t omitted() const { return omitted_; }

    std::uint64_t packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                              std::span<const std::byte> bytes) override;
    void packet_arrived(Instant time, const sim::Hop& hop, std::uint64_t id, std::span<const std::byte> bytes) override;
    void packet_lost(Instant time, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) override;
    void packet_duplicated(Instant time, const sim::Hop& hop, std::uint64_t id) override;
    void packet_corrupted(Instant time, const sim::Hop& hop, std::uint64_t id) override;

  private:
    class HostObserver;
    using FlowEnds = std::pair<SocketAddress, SocketAddress>;

    [[nodiscard]] Instant time_of(Instant told) const;
    void segment_sent(const std::string& host, const tcp::SegmentSent& event);
    void segment_received(const std::string& host, const tcp::SegmentReceived& event);
    void state_changed(const std::string& host, const tcp::StateChanged& event);
    void timer_expired(const std::string& host, const tcp::TimerExpired& event);

    bool add(Instant time, std::string_view host, decltype(Step::what) what);
    [[nodiscard]] PacketTrip* trip(std::uint64_t id);
    [[nodiscard]] Hop* hop_of(std::uint64_t id, const sim::Hop& hop);
    [[nodiscard]] static bool is_another_packet(const PacketTrip& trip, const sim::Hop& hop,
                                                std::span<const std::byte> bytes);
    void add_trip(Instant time, std::string_view host, PacketTrip trip);
    void read_bytes(PacketTrip& trip, Instant time, const sim::Hop& hop, std::span<const std::byte> bytes);

    struct Opening;
    ConnectionIndex connection_of(Instant time, const SocketAddress& from, const SocketAddress& to,
                                  const Opening& opening);
    ConnectionIndex connection_of(Instant time, const SocketAddress& from, const SocketAddress& to,
                                  const TcpSummary& segment);
    ConnectionIndex connection_of(Instant time, const std::string& host, const tcp::FlowKey& flow, bool open_call);
    [[nodiscard]] std::optional<StateStep> take_change(ConnectionIndex connection, const std::string& host,
                                                       Instant time);

    RecorderSettings settings_;
    std::function<Instant()> clock_;
    std::vector<Step> steps_;
    std::vector<ConnectionTrace> connections_;
    std::map<FlowEnds, ConnectionIndex> latest_;  // the connection that a pair of addresses has now
    std::map<std::uint32_t, LinkTrace> links_;
    std::unordered_map<std::uint64_t, std::size_t> places_;  // of packets in steps_, by id
    std::map<std::string, std::unique_ptr<HostObserver>, std::less<>> observers_;
    std::uint64_t last_id_ = 0;
    std::uint64_t last_order_ = 0;
    std::uint64_t omitted_ = 0;
    std::size_t bytes_kept_ = 0;
};

}  // namespace hourglass::trace
