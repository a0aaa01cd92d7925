#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "hourglass/tcp/inputs.h"
#include "hourglass/tcp/stack.h"
#include "tcp/accurate_ecn.h"
#include "tcp/connection.h"
#include "tcp/fast_open_cache.h"
#include "tcp/flow_table.h"
#include "tcp/half_open.h"
#include "tcp/listeners.h"
#include "tcp/segment.h"
#include "tcp/slab.h"
#include "tcp/time_wait.h"
#include "tcp/timer_queue.h"
#include "tcp/tuning_table.h"
#include "tcp/work_list.h"

namespace hourglass::tcp {

/// False in a build without events (CMake's HOURGLASS_EVENTS), which shows what they cost.
#ifdef HOURGLASS_NO_EVENTS
inline constexpr bool kEvents = false;
#else
inline constexpr bool kEvents = true;
#endif

/// What is behind a Stack: its tables and the lists of what is to be done in this round. The protocol's rules are in
/// the files around it, as functions of an Engine and a Connection.
class Engine {
  public:
    Engine(const Settings& settings, const SipKey& secret, Network& network, BufferPool& pool);

    // --- Finding and keeping connections (engine.cpp)

    [[nodiscard]] FlowEntry find(const FlowKey& flow, std::uint32_t flow_hash) const;
    [[nodiscard]] FlowEntry find(const FlowKey& flow) const { return find(flow, hash(flow)); }
    [[nodiscard]] std::uint32_t hash(const FlowKey& flow) const { return hash_flow(secret, flow); }
    /// A fresh connection in the table; null at the limit.
    Connection* make_connection(const FlowKey& flow);
    /// Takes over what was expanded for one segment: a connection of its own, in the place of `entry` when the flow
    /// table has one. Precondition: the table is not full.
    Connection& adopt(Connection&& expanded, std::uint32_t flow_hash, FlowEntry entry);
    void change_state(Connection& c, State state, Literal trigger);
    /// The connection is CLOSED: out of the table and its timers, and the application is to be told.
    void finish(Connection& c, Error error, Literal trigger);
    /// Out of the flow table and the timers; the object stays for the application.
    void detach(Connection& c);
    /// The same, but the flow leads to `successor` from now on.
    void replace(Connection& c, FlowEntry successor);

    /// What the application has set for this connection. Nagle and keepalive are the connection's own bits.
    [[nodiscard]] const Tuning& tuning(const Connection& c) const { return tunings[c.tuning]; }

    Outbox& need_outbox(Connection& c) {
        if (!c.outbox) c.outbox = spare_outboxes.take();
        return *c.outbox;
    }
    Inbox& need_inbox(Connection& c) {
        if (!c.inbox) c.inbox = spare_inboxes.take();
        return *c.inbox;
    }

    // --- What is to be done in this round (engine.cpp)

    /// The connection may have something to send: an output pass at the end of the round.
    void want_output(Connection& c);
    /// The connection has something to tell its application.
    void want_notify(Connection& c);
    void want_notify(ListenEntry& listener, std::uint32_t index);
    void timers_changed(Connection& c) { timers.update(c); }

    void receive(Packet&& segment, const IpAddress& source, const IpAddress& destination, Instant at);  // arrival.cpp
    void poll(Instant at);                                                                              // poll.cpp
    [[nodiscard]] Instant next_deadline();

    /// Takes one challenge ACK from this second's allowance (RFC 5961, section 7); false when it is used up, or when
    /// this connection has had one a short while ago.
    bool take_challenge_allowance(const Connection& c);
    /// False when this connection has answered a segment of no use within `Settings::challenge_ack_interval`.
    bool may_answer_again(const Connection& c);

    /// Asks the network for the way to `destination`, and tells the tap of the answer.
    [[nodiscard]] std::optional<Path> path_to(const IpAddress& destination, const IpAddress& source) const;
    /// Tells the tap of a call on a stream.
    void tell_tap(StreamCall call, const Connection& c, std::uint64_t argument = 0, std::uint64_t result = 0) const {
        if (inputs != nullptr) [[unlikely]]
            inputs->stream_called(call, {c.index, c.generation}, argument, result);
    }

    // The state as octets, and back: Stack's functions of the same names (image.cpp)

    [[nodiscard]] std::vector<std::byte> image() const;
    [[nodiscard]] std::expected<void, std::string> restore(std::span<const std::byte> image,
                                                           ConnectionHandler* connections, AcceptHandler* listeners);

    Stream stream_of(HandleId id) { return {this, id.index, id.generation}; }
    Listener listener_of(HandleId id) { return {this, id.index, id.generation}; }
    /// Somebody is to be told of what happens.
    [[nodiscard]] bool observed() const { return kEvents && observer != nullptr; }

    Stream stream_of(const Connection& c) { return {this, c.index, c.generation}; }
    Listener listener_of(std::uint32_t index) { return {this, index, listeners.slab[index].generation}; }
    /// The connection that a handle means; null when it has gone.
    Connection* connection_of(const Stream& s);
    ListenEntry* listener_entry_of(const Listener& l);
    static std::uint32_t index_of(const Listener& l) { return l.index_; }

    Settings settings;
    SipKey secret;
    Network& network;
    BufferPool& pool;
    Observer* observer = nullptr;
    mutable InputTap* inputs = nullptr;  ///< Null also while a question is answered that changes nothing.
    std::uint64_t last_packet_id = kFirstPacketId - 1;  ///< Of the segment that was sent last.
    Counters counters;
    Instant now{};
    Instant last_cookie_at = kNever;  ///< When a SYN was last answered without an entry; kNever: not yet.

    SpareBoxes<Outbox> spare_outboxes;
    SpareBoxes<Inbox> spare_inboxes;
    Slab<Connection> connections;
    HalfOpenTable half_open;
    TimeWaitTable time_wait;
    ListenerTable listeners;
    TuningTable tunings;
    Slab<AccurateEcn> accurate_ecn;  ///< Of connections with accurate feedback.
    FastOpenCache fast_open_cache;
    std::uint32_t fast_open_pending = 0;  ///< Connections of `Connection::fast_open_pending`.
    FlowTable flows;
    TimerQueue timers;

    std::uint32_t next_ephemeral = 0;
    std::uint32_t next_generation = 1;

  private:
    void tell_state(const Connection& c, State before, Literal trigger);
    void stop_timers(Connection& c);
    void expire_timers();
    void notify_applications();
    void notify(Connection& c);
    void send_output();
    void free_zombies();
    template <typename Image>
    static void exchange(auto& self, Image& image);
    template <typename Image, typename Mark>
    static void exchange_list(auto& self, auto& list, Image& image, Mark&& mark);

    WorkList<Connection*> ready_;
    WorkList<std::uint32_t> ready_listeners_;
    WorkList<Connection*> output_;
    WorkList<Connection*> zombies_;  // ended, and nobody needs them after this round
    /// Which connections have answered segments of no use lately: a few, so that it costs idle ones nothing. One that
    /// is pushed out may answer once more.
    struct Answered {
        FlowKey flow;
        Instant at = Instant::min();
        static void exchange(auto& self, auto& image) { image(self.flow, self.at); }
    };
    std::array<Answered, 64> answered_;
    std::int64_t challenge_second_ = -1;
    std::uint32_t challenges_left_ = 0;
};

/// As long as it lives the tap is told of nothing: somebody looks, and the network may be asked for it.
class Untapped {
  public:
    explicit Untapped(const Engine& e) : engine_(e), tap_(std::exchange(e.inputs, nullptr)) {}
    ~Untapped() { engine_.inputs = tap_; }
    Untapped(const Untapped&) = delete;
    Untapped& operator=(const Untapped&) = delete;

  private:
    const Engine& engine_;
    InputTap* tap_;
};

/// Gives the connection, or the listener and what will come from it, a tuning.
void set_tuning(Engine& e, Connection& c, const Tuning& tuning);
void set_tuning(Engine& e, ListenEntry& l, const Tuning& tuning);

}  // namespace hourglass::tcp
