#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/time.h"
#include "hourglass/ip/counters.h"
#include "hourglass/ip/host.h"

namespace hourglass::ip {

/// What the neighbour table asks of its host. The calls come from inside the table: the host must not call back.
class NeighbourOutput {
  public:
    virtual ~NeighbourOutput() = default;
    /// Ask for `target`: everybody when `unicast` is empty, else that station only. `waiting` is a datagram that waits
    /// for the answer, if there is one.
    virtual void solicit(InterfaceId interface, const IpAddress& target, std::optional<MacAddress> unicast,
                         const Packet* waiting) = 0;
    /// The address is known: send this datagram to it.
    virtual void transmit_to(InterfaceId interface, Packet packet, const IpAddress& neighbour,
                             const MacAddress& mac) = 0;
    /// The neighbour did not answer: this datagram can't be sent.
    virtual void unresolved(Packet packet) = 0;
    /// The neighbour did not answer (RFC 4861, section 7.3.3): if it is a router, another one may serve.
    virtual void unreachable(InterfaceId interface, const IpAddress& neighbour) = 0;
};

/// The states of RFC 4861, section 7.3.2. They serve ARP's entries as well, which RFC 1122, section 2.3.2.1 leaves
/// open.
enum class NeighbourState : std::uint8_t { incomplete, reachable, stale, delay, probe };

/// Neighbours on Ethernet links: what is known of them, and the datagrams that wait for it. ARP and neighbour discovery
/// share it; they differ in the messages, which the host writes. A full table gives up the entry that has not been used
/// for longest.
class NeighbourTable {
  public:
    struct Settings {
        std::uint32_t max_entries = 1024;
        std::uint32_t packets_per_entry = 3;  ///< At least 1 is taken.
        Duration reachable_time_v4 =
            std::chrono::seconds(60);  ///< RFC 1122, section 2.3.2.1: of the order of a minute.
        Duration reachable_time_v6 = std::chrono::seconds(30);  ///< RFC 4861, section 10: REACHABLE_TIME.
        Duration retransmit_time = std::chrono::seconds(1);     ///< RETRANS_TIMER; RFC 1122: at most 1 a second.
        Duration delay_first_probe = std::chrono::seconds(5);   ///< DELAY_FIRST_PROBE_TIME.
        std::uint32_t max_solicits = 3;                         ///< MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT.
    };

    NeighbourTable(const Settings& settings, NeighbourOutput& output, Counters& counters)
        : settings_(settings), output_(output), counters_(counters) {}

    /// Sends a datagram to a neighbour, at once or when its address is known.
    void send(InterfaceId interface, const IpAddress& neighbour, Packet packet, Instant now);
    /// A neighbour told its address in a request of its own (RFC 826; RFC 4861, section 7.2.3). `create`: also when
    /// it was not known before.
    void heard(InterfaceId interface, const IpAddress& neighbour, const MacAddress& mac, bool create);
    /// What an advertisement, or an ARP reply, says of a neighbour.
    struct Answer {
        std::optional<MacAddress> mac;
        bool solicited = false;
        bool override_entry = false;
    };
    /// An answer has arrived (RFC 4861, section 7.2.5): of a neighbour that is not known it is ignored.
    void answered(InterfaceId interface, const IpAddress& neighbour, const Answer& answer, Instant now);

    /// What is sent to this neighbour finds no answer: it is probed when the next datagram goes there (RFC 1122,
    /// section 3.3.1.4; RFC 4861, section 7.3.1).
    void doubt(InterfaceId interface, const IpAddress& neighbour);
    /// What routers say of an interface's IPv6 neighbours (RFC 4861, section 6.3.4): how long one is reachable once
    /// confirmed, and the time between solicitations. They replace those of the settings.
    void set_times_v6(InterfaceId interface, Duration reachable, Duration retransmit);
    /// Asks again, probes and gives up, as is due.
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const { return timers_.empty() ? kNever : timers_.begin()->first; }

    [[nodiscard]] std::size_t size() const { return entries_.size(); }
    /// Nothing when the neighbour is not known. For tests and listings.
    [[nodiscard]] std::optional<NeighbourState> state(InterfaceId interface, const IpAddress& neighbour) const;

  private:
    using Key = std::pair<InterfaceId, IpAddress>;
    struct Entry {
        Key key;
        NeighbourState state = NeighbourState::incomplete;
        MacAddress mac;
        Instant confirmed{};          // Reachability was last confirmed.
        Instant deadline = kNever;    // In incomplete, delay and probe.
        std::uint32_t solicits = 0;   // Sent in this state.
        std::vector<Packet> waiting;  // In incomplete, oldest first.
    };
    using Entries = std::list<Entry>;  // Most recently used first.

    Entry* find(const Key& key);
    Entry& create(const Key& key);
    void remove(const Key& key);
    void set_timer(Entry& entry, Instant deadline);
    void solicit(Entry& entry, Instant now);
    void enqueue(Entry& entry, Packet packet);
    void flush(Entry& entry);
    void expire(Entry& entry, Instant now);
    struct Times {
        Duration reachable{};
        Duration retransmit{};
    };
    [[nodiscard]] Times times_of(const Entry& entry) const {
        const auto interface = static_cast<std::size_t>(entry.key.first);
        if (entry.key.second.is_v4()) return {settings_.reachable_time_v4, settings_.retransmit_time};
        if (interface < times_v6_.size()) return times_v6_[interface];
        return {settings_.reachable_time_v6, settings_.retransmit_time};
    }

    Settings settings_;
    NeighbourOutput& output_;
    Counters& counters_;
    Entries entries_;
    std::map<Key, Entries::iterator> index_;
    std::set<std::pair<Instant, Key>> timers_;
    std::vector<Times> times_v6_;  // By interface; those beyond its end have the settings'.
};

}  // namespace hourglass::ip
