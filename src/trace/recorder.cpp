#include "hourglass/trace/recorder.h"

#include <algorithm>
#include <utility>

namespace hourglass::trace {

namespace {

// A change of state and the segment that carries it are told one after the other, at the same instant; this many
// other steps may come between (connections that open together).
constexpr std::size_t kMaxBetween = 64;

SocketAddress local_end(const tcp::FlowKey& flow) { return {flow.local, flow.local_port}; }
SocketAddress remote_end(const tcp::FlowKey& flow) { return {flow.remote, flow.remote_port}; }

TcpSummary summary_of(const wire::TcpHeader& header, std::uint32_t length) {
    return {header.flags, header.seq, header.ack, header.window, length, header.options};
}

/// True for a segment that carries out a call or a timer, and with it the change of state. One that answers a segment
/// leaves the change to the arrival.
bool carries_change(tcp::SendReason reason) {
    switch (reason) {
        case tcp::SendReason::active_open:
        case tcp::SendReason::fin:
        case tcp::SendReason::reset_abort:
        case tcp::SendReason::reset_data_after_close:
        case tcp::SendReason::reset_timeout:
            return true;
        default:
            return false;
    }
}

}  // namespace

/// A label comes twice on its way over several links, from a sender that cuts a packet into fragments, and from a host
/// that answers in the packet's own buffer (an echo).
bool Recorder::is_another_packet(const PacketTrip& trip, const sim::Hop& hop, std::span<const std::byte> bytes) {
    if (trip.hops.empty()) return false;
    if (trip.hops.front().from == hop.from) return true;
    const bool passed_through_host = std::ranges::find(trip.arrivals, hop.from, &Arriving::host) != trip.arrivals.end();
    return passed_through_host && summarize(bytes, hop.link.medium()).source != trip.summary.source;
}

/// One host's TCP, as the recorder hears it.
class Recorder::HostObserver : public tcp::Observer {
  public:
    HostObserver(Recorder& recorder, std::string host) : recorder_(recorder), host_(std::move(host)) {}
    void segment_sent(const tcp::SegmentSent& e) override { recorder_.segment_sent(host_, e); }
    void segment_received(const tcp::SegmentReceived& e) override { recorder_.segment_received(host_, e); }
    void state_changed(const tcp::StateChanged& e) override { recorder_.state_changed(host_, e); }
    void timer_expired(const tcp::TimerExpired& e) override { recorder_.timer_expired(host_, e); }

  private:
    Recorder& recorder_;
    std::string host_;
};

/// What is known of a segment or call that may be the first of a connection.
struct Recorder::Opening {
    bool open_call = false;
    std::optional<tcp::Seq> syn;  // of a SYN without ACK
    bool reply = false;           // a SYN-ACK: the other end began
};

Recorder::Recorder(const RecorderSettings& settings) : settings_(settings) {}
Recorder::~Recorder() = default;

void Recorder::attach(sim::World& world) {
    clock_ = [&world] { return world.now(); };
    world.set_observer(this);
    for (const std::string& host : world.host_names()) world.host(host).tcp().set_observer(&observer(host));
}

tcp::Observer& Recorder::observer(std::string_view host) {
    auto& slot = observers_[std::string(host)];
    if (slot == nullptr) slot = std::make_unique<HostObserver>(*this, std::string(host));
    return *slot;
}

void Recorder::note(Instant time, std::string_view host, std::string_view text) {
    add(time, host, Note{std::string(text), std::nullopt});
}

void Recorder::note(Instant time, std::string_view host, std::string_view text, const SocketAddress& one,
                    const SocketAddress& other) {
    add(time, host, Note{std::string(text), connection_of(time, one, other, Opening{})});
}

std::vector<std::size_t> Recorder::steps_of(ConnectionIndex connection) const {
    const ConnectionTrace& trace = connections_[connection];
    const auto belongs = [&](const Step& step) {
        if (const auto* trip = std::get_if<PacketTrip>(&step.what)) return trip->connection == connection;
        if (const auto* state = std::get_if<StateStep>(&step.what)) return state->connection == connection;
        if (const auto* timer = std::get_if<TimerStep>(&step.what)) return timer->connection == connection;
        const auto& owner = std::get<Note>(step.what).connection;
        return owner ? *owner == connection : step.host == trace.initiator.host || step.host == trace.responder.host;
    };
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < steps_.size(); ++i)
        if (belongs(steps_[i])) places.push_back(i);
    return places;
}

bool Recorder::add(Instant time, std::string_view host, decltype(Step::what) what) {
    if (steps_.size() >= settings_.max_steps) {
        ++omitted_;
        return false;
    }
    steps_.push_back({time, ++last_order_, std::string(host), std::move(what)});
    return true;
}

PacketTrip* Recorder::trip(std::uint64_t id) {
    const auto found = places_.find(id);
    return found == places_.end() ? nullptr : &std::get<PacketTrip>(steps_[found->second].what);
}

Hop* Recorder::hop_of(std::uint64_t id, const sim::Hop& hop) {
    PacketTrip* of = trip(id);
    if (of == nullptr) return nullptr;
    const auto found = std::ranges::find_if(of->hops.rbegin(), of->hops.rend(), [&](const Hop& h) {
        return h.link == hop.link.index() && h.from == hop.from;
    });
    return found == of->hops.rend() ? nullptr : &*found;
}

void Recorder::add_trip(Instant time, std::string_view host, PacketTrip trip) {
    const std::uint64_t id = trip.id;
    if (add(time, host, std::move(trip))) places_[id] = steps_.size() - 1;
}

// The network.

std::uint64_t Recorder::packet_sent(Instant time, const sim::Hop& hop, std::uint64_t id,
                                    std::span<const std::byte> bytes) {
    links_.try_emplace(hop.link.index(), LinkTrace{hop.link.name(), hop.link.medium()});
    PacketTrip* known = trip(id);
    // Nobody's label, or one that another packet has already: a trip of its own.
    if (known == nullptr || is_another_packet(*known, hop, bytes)) {
        PacketTrip fresh;
        if (known != nullptr && known->hops.front().from == hop.from) fresh.sender = known->sender;
        id = fresh.id = ++last_id_;
        add_trip(time, hop.from, std::move(fresh));
        known = trip(id);
        if (known == nullptr) return id;
    }
    if (known->hops.empty()) read_bytes(*known, time, hop, bytes);
    known->hops.push_back(Hop{.link = hop.link.index(),
                              .from = std::string(hop.from),
                              .to = std::string(hop.to),
                              .sent = time,
                              .arrived = std::nullopt,
                              .lost = std::nullopt});
    return id;
}

void Recorder::read_bytes(PacketTrip& trip, Instant time, const sim::Hop& hop, std::span<const std::byte> bytes) {
    trip.medium = hop.link.medium();
    trip.summary = summarize(bytes, trip.medium);
    if (trip.summary.tcp && !trip.connection)
        trip.connection = connection_of(time, trip.summary.source, trip.summary.destination, *trip.summary.tcp);
    if (bytes_kept_ >= settings_.max_bytes) return;
    const auto kept = bytes.first(std::min(bytes.size(), settings_.snaplen));
    trip.bytes.assign(kept.begin(), kept.end());
    bytes_kept_ += kept.size();
}

void Recorder::packet_arrived(Instant time, const sim::Hop& hop, std::uint64_t id, std::span<const std::byte>) {
    Hop* passed = hop_of(id, hop);
    if (passed == nullptr) return;
    if (!passed->arrived) passed->arrived = time;
    if (hop.to_host) trip(id)->arrivals.push_back({time, ++last_order_, std::string(hop.to), std::nullopt});
}

void Recorder::packet_lost(Instant, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) {
    if (Hop* passed = hop_of(id, hop)) passed->lost = reason;
}

void Recorder::packet_duplicated(Instant, const sim::Hop& hop, std::uint64_t id) {
    if (Hop* passed = hop_of(id, hop)) passed->duplicated = true;
}

void Recorder::packet_corrupted(Instant, const sim::Hop& hop, std::uint64_t id) {
    if (Hop* passed = hop_of(id, hop)) passed->corrupted = true;
}

// The hosts.

// What an application does between two polls a stack dates to the last poll; the world knows better.
Instant Recorder::time_of(Instant told) const { return clock_ ? clock_() : told; }

void Recorder::segment_sent(const std::string& host, const tcp::SegmentSent& event) {
    const Instant time = time_of(event.time);
    const TcpSummary segment = summary_of(event.header, event.payload_size);
    const SocketAddress from = local_end(event.flow);
    const SocketAddress to = remote_end(event.flow);
    PacketTrip trip;
    trip.connection = connection_of(time, from, to, segment);
    connections_[*trip.connection].end(from).host = host;
    trip.summary = {.protocol = "TCP", .source = from, .destination = to, .tcp = segment, .text = {}, .start_line = {}};
    trip.sender = Sending{event.state, event.state, event.reason, event.retransmission, {}};
    if (carries_change(event.reason)) {
        if (const auto change = take_change(*trip.connection, host, time)) {
            trip.sender->before = change->before;
            trip.sender->trigger = change->trigger;
        }
    }
    trip.id = event.packet_id;
    add_trip(time, host, std::move(trip));
}

void Recorder::segment_received(const std::string& host, const tcp::SegmentReceived& event) {
    const Instant time = time_of(event.time);
    const ConnectionIndex connection = connection_of(time, host, event.flow, false);
    Processing processing{
        event.before, event.after, event.disposition.verdict, std::string(event.disposition.clause), {}};
    // One segment may change the state twice (FIN with the ACK of our FIN).
    if (event.before != event.after) {
        while (const auto change = take_change(connection, host, time))
            processing.trigger =
                processing.trigger.empty() ? change->trigger : change->trigger + ", then " + processing.trigger;
    }
    PacketTrip* carried = trip(event.packet_id);
    if (carried == nullptr) return;
    const auto arrival = std::ranges::find_if(carried->arrivals.rbegin(), carried->arrivals.rend(),
                                              [&](const Arriving& a) { return a.host == host && !a.tcp; });
    if (arrival != carried->arrivals.rend()) arrival->tcp = std::move(processing);
}

void Recorder::state_changed(const std::string& host, const tcp::StateChanged& event) {
    const bool open_call = event.before == tcp::State::closed && event.after == tcp::State::syn_sent;
    const Instant time = time_of(event.time);
    const ConnectionIndex connection = connection_of(time, host, event.flow, open_call);
    add(time, host, StateStep{event.before, event.after, std::string(event.trigger), connection});
}

void Recorder::timer_expired(const std::string& host, const tcp::TimerExpired& event) {
    if (event.timer == "pacing") return;  // every segment has its own
    const Instant time = time_of(event.time);
    const ConnectionIndex connection = connection_of(time, host, event.flow, false);
    add(time, host, TimerStep{std::string(event.timer), event.count, connection});
}

std::optional<StateStep> Recorder::take_change(ConnectionIndex connection, const std::string& host, Instant time) {
    const std::size_t oldest = steps_.size() > kMaxBetween ? steps_.size() - kMaxBetween : 0;
    for (std::size_t i = steps_.size(); i-- > oldest;) {
        const Step& step = steps_[i];
        if (step.time != time) break;
        const auto* change = std::get_if<StateStep>(&step.what);
        if (change == nullptr || change->connection != connection || step.host != host) continue;
        StateStep taken = *change;
        steps_.erase(steps_.begin() + static_cast<std::ptrdiff_t>(i));
        for (std::size_t j = i; j < steps_.size(); ++j)
            if (const auto* moved = std::get_if<PacketTrip>(&steps_[j].what)) places_[moved->id] = j;
        return taken;
    }
    return std::nullopt;
}

// The connections.

ConnectionIndex Recorder::connection_of(Instant time, const SocketAddress& from, const SocketAddress& to,
                                        const Opening& opening) {
    const FlowEnds key = std::minmax(from, to);
    const auto found = latest_.find(key);
    if (found != latest_.end()) {
        const auto& known = connections_[found->second].end(from).initial_seq;
        const bool again = known && (opening.open_call || (opening.syn && *opening.syn != *known));
        if (!again) return found->second;
    }
    ConnectionTrace fresh;
    fresh.initiator.address = opening.reply ? to : from;
    fresh.responder.address = opening.reply ? from : to;
    fresh.opened = time;
    connections_.push_back(std::move(fresh));
    return latest_[key] = connections_.size() - 1;
}

ConnectionIndex Recorder::connection_of(Instant time, const SocketAddress& from, const SocketAddress& to,
                                        const TcpSummary& segment) {
    Opening opening;
    if (segment.flags.syn()) {
        if (!segment.flags.ack()) opening.syn = segment.seq;
        opening.reply = segment.flags.ack();
    }
    const ConnectionIndex connection = connection_of(time, from, to, opening);
    if (segment.flags.syn()) {
        ConnectionEnd& end = connections_[connection].end(from);
        end.initial_seq = segment.seq;
        end.window_scale = segment.options.window_scale;
    }
    return connection;
}

ConnectionIndex Recorder::connection_of(Instant time, const std::string& host, const tcp::FlowKey& flow,
                                        bool open_call) {
    const SocketAddress local = local_end(flow);
    const ConnectionIndex connection =
        connection_of(time, local, remote_end(flow), Opening{open_call, std::nullopt, false});
    connections_[connection].end(local).host = host;
    return connection;
}

std::optional<sim::LossReason> PacketTrip::lost() const {
    // Of a datagram that was cut into fragments each has a trip of its own; of two copies one may be lost.
    for (const Hop& hop : hops)
        if (hop.lost && std::ranges::find(arrivals, hop.to, &Arriving::host) == arrivals.end()) return hop.lost;
    return std::nullopt;
}

}  // namespace hourglass::trace
