#include "hourglass/trace/event_log.h"

#include <algorithm>
#include <array>
#include <utility>

#include "trace/event_clauses.h"

namespace hourglass::trace {

namespace {

/// Sendings that are remembered of one end, to find what a retransmission repeats.
constexpr std::size_t kMaxSendings = 4096;
/// Packets under way that are remembered.
constexpr std::size_t kMaxPackets = 1 << 17;

using Ends = std::pair<SocketAddress, SocketAddress>;
Ends ends_of(const tcp::FlowKey& flow) { return {{flow.local, flow.local_port}, {flow.remote, flow.remote_port}}; }

// The timers of a connection, in the order of `times_of`.
constexpr std::array<std::string_view, 8> kTimers = {"retransmission", "persist",     "tail loss probe", "reordering",
                                                     "pacing",         "delayed ACK", "keepalive",       "FIN-WAIT-2"};

std::array<Instant, kTimers.size()> times_of(const tcp::ConnectionProgress& p) {
    return {p.retransmission, p.persist,     p.tail_loss_probe, p.reordering,
            p.pacing,         p.delayed_ack, p.keepalive,       p.fin_wait_2};
}

/// The place of a timer; one past the last for those that no connection has.
std::size_t place_of(std::string_view timer) {
    if (timer == "cork") timer = "persist";
    return static_cast<std::size_t>(std::ranges::find(kTimers, timer) - kTimers.begin());
}

MetricsUpdated metrics_of(const tcp::ConnectionProgress& p) {
    return {.cwnd = p.cwnd,
            .ssthresh = p.ssthresh,
            .pipe = p.pipe,
            .snd_wnd = p.snd_wnd,
            .rcv_wnd = p.rcv_wnd,
            .not_sent = p.not_sent,
            .receive_queue = p.receive_queue,
            .snd_una = p.snd_una,
            .snd_nxt = p.snd_nxt,
            .rcv_nxt = p.rcv_nxt,
            .srtt = p.srtt,
            .rttvar = p.rttvar,
            .rto = p.rto,
            .min_rtt = p.min_rtt,
            .backoff = p.backoff,
            .pacing_rate = p.pacing_rate};
}

SegmentHeader header_of(const wire::TcpHeader& h, std::uint32_t length) {
    return {h.seq, h.ack, h.flags, h.window, length, h.options};
}

SegmentHeader header_of(const wire::TcpView& v) {
    return {v.seq(), v.ack(), v.flags(), v.window(), static_cast<std::uint32_t>(v.payload().size()), v.options()};
}

}  // namespace

/// What the log keeps of one end of a connection to find out what has changed, and why.
struct EventLog::Tracker {
    struct Sending {
        tcp::Seq begin, end;
        EventId event;
    };

    MetricsUpdated metrics;
    bool measured = false;
    tcp::SendLimit limit = tcp::SendLimit::none;
    bool send_buffer_full = false;
    tcp::RecoveryState recovery = tcp::RecoveryState::open;
    std::array<Instant, kTimers.size()> timers;
    std::array<EventId, kTimers.size() + 1> timer_events{};  // the last of each: set or expired
    std::deque<Sending> sendings;                            // the oldest first

    EventId trigger = 0;       // the last segment, timer or call that may let it send data
    EventId closing = 0;       // the last call that closed
    EventId segment = 0;       // the last that was received
    EventId loss = 0;          // the last range that was found lost
    EventId reading = 0;       // the last call that read
    EventId state_change = 0;  // the last
    bool ended = false;

    Tracker() { timers.fill(kNever); }

    /// What the segment repeats: the latest sending of its first octet.
    [[nodiscard]] EventId sending_of(tcp::Seq seq) const {
        for (auto s = sendings.rbegin(); s != sendings.rend(); ++s)
            if (s->begin <= seq && seq < s->end) return s->event;
        return 0;
    }
    void remember(tcp::Seq begin, tcp::Seq end, EventId event) {
        if (begin == end) return;
        if (sendings.size() >= kMaxSendings) sendings.pop_front();
        sendings.push_back({begin, end, event});
    }
    void forget_below(tcp::Seq snd_una) {
        while (!sendings.empty() && sendings.front().end <= snd_una) sendings.pop_front();
    }
};

/// Hears what one host's TCP says.
class EventLog::Host final : public tcp::Observer {
  public:
    Host(EventLog& log, std::uint32_t index) : log_(log), index_(index) {}

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
    void application_returned(const tcp::ApplicationNotified&) override { application_ = 0; }

    /// The end that the flow leads to now; kNoEnd when there is none yet.
    [[nodiscard]] EndIndex find(const tcp::FlowKey& flow) const {
        const auto found = current_.find(ends_of(flow));
        return found == current_.end() ? kNoEnd : found->second;
    }
    void lead_to(const tcp::FlowKey& flow, EndIndex end) { current_[ends_of(flow)] = end; }

  private:
    /// What makes happen what happens now: the segment that is being processed, or what the application was told.
    [[nodiscard]] EventId scope() const { return arriving_ != 0 ? arriving_ : application_; }
    [[nodiscard]] EventId cause_of_sending(const tcp::SegmentSent& e, const Tracker* t) const;
    void find_changes(EndIndex end, const tcp::ConnectionProgress& e);
    void find_timer_changes(EndIndex end, const tcp::ConnectionProgress& e, EventId cause);
    Tracker* tracker(EndIndex end) const { return end == kNoEnd ? nullptr : log_.trackers_[end].get(); }
    [[nodiscard]] EventId scope_or_trigger(const Tracker* t) const {
        return scope() != 0 || t == nullptr ? scope() : t->trigger;
    }
    EventId add(Instant time, EndIndex end, EventId cause, std::string_view clause, EventData data) {
        return log_.add(time, index_, end, cause, clause, std::move(data));
    }

    EventLog& log_;
    std::uint32_t index_;
    std::map<Ends, EndIndex> current_;
    EventId arriving_ = 0;     // the segment that is being processed
    EventId application_ = 0;  // what an application is being told
    EventId accepting_ = 0;    // the last change of an accept queue
};

EventLog::EventLog(const EventLogSettings& settings) : settings_(settings) {}
EventLog::~EventLog() = default;

// --- Hosts and ends

std::uint32_t EventLog::host_named(std::string_view name) {
    const auto found = std::ranges::find(hosts_, name);
    if (found != hosts_.end()) return static_cast<std::uint32_t>(found - hosts_.begin());
    hosts_.emplace_back(name);
    watchers_.emplace_back();
    return static_cast<std::uint32_t>(hosts_.size() - 1);
}

void EventLog::attach(sim::World& world) {
    world.set_observer(this);
    for (const std::string& name : world.host_names()) world.host(name).tcp().set_observer(&observer(name));
}

tcp::Observer& EventLog::observer(std::string_view name) {
    const std::uint32_t host = host_named(name);
    if (watchers_[host] == nullptr) watchers_[host] = std::make_unique<Host>(*this, host);
    return *watchers_[host];
}

EndIndex EventLog::make_end(std::uint32_t host, const tcp::FlowKey& flow, bool active) {
    if (ends_.size() >= settings_.max_connections) return kNoEnd;
    const auto index = static_cast<EndIndex>(ends_.size());
    ends_.push_back({.host = host, .flow = flow, .iss = {}, .irs = {}, .active = active});
    trackers_.push_back(std::make_unique<Tracker>());
    watchers_[host]->lead_to(flow, index);
    const tcp::FlowKey reverse{flow.remote, flow.local, flow.remote_port, flow.local_port};
    for (const auto& other : watchers_) {
        if (other == nullptr) continue;
        const EndIndex peer = other->find(reverse);
        if (peer == kNoEnd || peer == index || ends_[peer].peer != kNoEnd) continue;
        ends_[index].peer = peer;
        ends_[peer].peer = index;
    }
    return index;
}

EndIndex EventLog::end_of(std::uint32_t host, const tcp::FlowKey& flow) {
    const EndIndex found = watchers_[host]->find(flow);
    return found != kNoEnd ? found : make_end(host, flow, false);
}

// --- Events

EventId EventLog::add(Instant time, std::uint32_t host, EndIndex end, EventId cause, std::string_view clause,
                      EventData data) {
    if (events_.size() >= settings_.max_events) {
        events_.pop_front();
        ++omitted_;
    }
    events_.push_back({++last_id_, cause, time, host, end, clause, std::move(data)});
    if (incomplete_ == 0) hand_on();
    return last_id_;
}

/// An event is told once it is complete; those behind it wait for it.
void EventLog::hand_on() {
    if (listener_)
        while (handed_on_ < last_id_)
            if (const Event* event = find(++handed_on_)) listener_(*event);
    handed_on_ = last_id_;
}

const Event* EventLog::find(EventId id) const {
    if (events_.empty() || id < events_.front().id || id > last_id_) return nullptr;
    return &events_[static_cast<std::size_t>(id - events_.front().id)];
}

void EventLog::note(Instant time, std::string_view host, std::string_view text) {
    add(time, host_named(host), kNoEnd, 0, {}, Remarked{std::string(text)});
}

EventLog::SentPacket EventLog::sent_packet(std::uint64_t packet_id) const {
    const auto found = packets_.find(packet_id);
    return found == packets_.end() ? SentPacket{} : found->second;
}

void EventLog::remember_packet(std::uint64_t packet_id, SentPacket sent) {
    if (packets_.size() >= kMaxPackets)
        std::erase_if(packets_, [&](const auto& p) { return p.second.event + kMaxPackets / 2 < last_id_; });
    packets_[packet_id] = sent;
}

// --- The network

std::uint64_t EventLog::packet_sent(Instant, const sim::Hop&, std::uint64_t id, std::span<const std::byte>) {
    return id;
}

void EventLog::packet_lost(Instant time, const sim::Hop& hop, std::uint64_t id, sim::LossReason reason) {
    packet_fate(time, {0, PacketFate::Fate::lost, reason, std::string(hop.from), std::string(hop.to)}, id);
}

void EventLog::packet_duplicated(Instant time, const sim::Hop& hop, std::uint64_t id) {
    packet_fate(time, {0, PacketFate::Fate::duplicated, {}, std::string(hop.from), std::string(hop.to)}, id);
}

void EventLog::packet_corrupted(Instant time, const sim::Hop& hop, std::uint64_t id) {
    packet_fate(time, {0, PacketFate::Fate::corrupted, {}, std::string(hop.from), std::string(hop.to)}, id);
}

void EventLog::packet_fate(Instant time, PacketFate fate, std::uint64_t packet_id) {
    const SentPacket sent = sent_packet(packet_id);
    fate.number = sent.number;
    const Event* sending = find(sent.event);
    const std::uint32_t host = sending != nullptr ? sending->host : host_named(fate.from);
    const EndIndex end = sending != nullptr ? sending->end : kNoEnd;
    add(time, host, end, sent.event, {}, std::move(fate));
}

// --- Segments

EventId EventLog::Host::cause_of_sending(const tcp::SegmentSent& e, const Tracker* t) const {
    using tcp::SendReason;
    if (t == nullptr) return scope();
    const auto timer = [&](std::string_view name) { return t->timer_events[place_of(name)]; };
    switch (e.reason) {
        case SendReason::ack_delayed:
            return timer("delayed ACK");
        case SendReason::tail_loss_probe:
            return timer("tail loss probe");
        case SendReason::window_probe:
            return timer("persist");
        case SendReason::keepalive:
            return timer("keepalive");
        case SendReason::window_update:
            return t->reading;
        case SendReason::fast_retransmit:
        case SendReason::partial_ack:
        case SendReason::sack_retransmit:
        case SendReason::rack_retransmit:
            return t->loss;
        case SendReason::retransmit_timeout:
            return e.header.flags.syn() ? t->trigger : t->loss;
        case SendReason::handshake_ack:
        case SendReason::ack_every_second:
        case SendReason::ack_out_of_order:
        case SendReason::ack_gap_filled:
        case SendReason::ack_duplicate_data:
        case SendReason::ack_fin:
        case SendReason::ack_pushed:
        case SendReason::ack_congestion_mark:
            return t->segment;
        case SendReason::fin:
        case SendReason::reset_abort:
            return scope() != 0 ? std::max(scope(), t->closing) : std::max(t->trigger, t->closing);
        default:
            return scope_or_trigger(t);
    }
}

void EventLog::Host::segment_sent(const tcp::SegmentSent& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    Tracker* t = tracker(end);
    SegmentSent sent{.number = ++log_.last_number_,
                     .header = header_of(e.header, e.payload_size),
                     .state = e.state,
                     .reason = e.reason,
                     .retransmission = e.retransmission};
    if (t != nullptr && e.retransmission) sent.retransmit_of = t->sending_of(e.header.seq);
    const SegmentNumber number = sent.number;
    const EventId id = add(e.time, end, cause_of_sending(e, t), tcp::clause_of(e.reason), std::move(sent));
    log_.remember_packet(e.packet_id, {id, number});
    if (t == nullptr) return;
    const wire::TcpFlags flags = e.header.flags;
    if (flags.syn()) log_.ends_[end].iss = e.header.seq;
    const std::uint32_t space = e.payload_size + (flags.syn() ? 1u : 0u) + (flags.fin() ? 1u : 0u);
    t->remember(e.header.seq, e.header.seq + space, id);
}

void EventLog::Host::segment_arriving(const tcp::SegmentArriving& e) {
    EndIndex end = log_.end_of(index_, e.flow);
    const wire::TcpFlags flags = e.segment.flags();
    const Tracker* known = tracker(end);
    if (known != nullptr && known->ended && flags.syn() && !flags.ack()) end = log_.make_end(index_, e.flow, false);
    const SentPacket sent = log_.sent_packet(e.packet_id);
    SegmentReceived received{.number = sent.number != 0 ? sent.number : ++log_.last_number_,
                             .header = header_of(e.segment)};
    log_.incomplete_ = log_.last_id_ + 1;
    arriving_ = add(e.time, end, sent.event, {}, std::move(received));
    if (Tracker* t = tracker(end)) {
        t->trigger = t->segment = arriving_;
        if (flags.syn()) log_.ends_[end].irs = e.segment.seq();
    }
}

void EventLog::Host::segment_received(const tcp::SegmentReceived& e) {
    if (const Event* event = log_.find(arriving_)) {
        Event& filled = log_.events_[static_cast<std::size_t>(event->id - log_.events_.front().id)];
        auto& received = std::get<SegmentReceived>(filled.data);
        received.verdict = e.disposition.verdict;
        received.before = e.before;
        received.after = e.after;
        filled.clause = e.disposition.clause;
    }
    arriving_ = log_.incomplete_ = 0;
    log_.hand_on();
}

void EventLog::Host::segment_dropped(const tcp::SegmentDropped& e) {
    const SentPacket sent = log_.sent_packet(e.packet_id);
    const SegmentNumber number = sent.number != 0 ? sent.number : ++log_.last_number_;
    add(e.time, kNoEnd, sent.event, e.disposition.clause,
        SegmentDropped{number, e.disposition.verdict, e.source, e.destination});
}

// --- The life of a connection

void EventLog::Host::state_changed(const tcp::StateChanged& e) {
    const bool begins = e.before == tcp::State::closed || e.before == tcp::State::listen;
    EndIndex end = find(e.flow);
    if (end == kNoEnd || (begins && tracker(end) != nullptr && tracker(end)->ended))
        end = log_.make_end(index_, e.flow, e.after == tcp::State::syn_sent);
    Tracker* t = tracker(end);
    EventId cause = scope_or_trigger(t);
    if (t != nullptr && arriving_ == 0) cause = std::max(cause, t->closing);
    if (begins && e.after != tcp::State::closed)
        cause =
            add(e.time, end, cause, clause_of(ConnectionStarted{}), ConnectionStarted{e.after == tcp::State::syn_sent});
    if (e.trigger == "2 MSL") {
        const EventId set = t == nullptr ? 0 : t->timer_events.back();
        cause = add(e.time, end, set, clause_of_timer("2 MSL"),
                    TimerUpdated{"2 MSL", TimerUpdated::Change::expired, kNever, 1});
    }
    const StateUpdated data{e.before, e.after, e.trigger};
    const EventId id = add(e.time, end, cause, clause_of(data), data);
    if (t == nullptr) return;
    t->state_change = id;
    if (e.after == tcp::State::closed) t->ended = true;
}

void EventLog::Host::connection_closed(const tcp::ConnectionClosed& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    const Tracker* t = tracker(end);
    add(e.time, end, t == nullptr ? scope() : t->state_change, "RFC 9293 3.6", ConnectionEnded{e.error, e.trigger});
}

void EventLog::Host::parameters_agreed(const tcp::ParametersAgreed& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    if (end != kNoEnd) {
        log_.ends_[end].snd_wscale = e.snd_wscale;
        log_.ends_[end].rcv_wscale = e.rcv_wscale;
    }
    add(e.time, end, scope_or_trigger(tracker(end)), "RFC 9293 3.7.1",
        ParametersSet{.snd_mss = e.snd_mss,
                      .peer_mss = e.peer_mss,
                      .path_mtu = e.path_mtu,
                      .snd_wscale = e.snd_wscale,
                      .rcv_wscale = e.rcv_wscale,
                      .window_scaling = e.window_scaling,
                      .timestamps = e.timestamps,
                      .sack = e.sack,
                      .ecn = e.ecn,
                      .congestion_control = e.congestion_control});
}

void EventLog::Host::queue_changed(const tcp::QueueChanged& e) {
    using Change = tcp::QueueChanged::Change;
    const EndIndex end = log_.end_of(index_, e.flow);
    const QueueUpdated data{e.queue, e.change, e.length, e.limit};
    const EventId id = add(e.time, end, scope_or_trigger(tracker(end)), clause_of(data), data);
    if (e.queue == tcp::QueueChanged::Queue::accept && e.change == Change::added) accepting_ = id;
    const bool leaves = e.change == Change::left || e.change == Change::removed;
    if (e.queue == tcp::QueueChanged::Queue::half_open && leaves)
        add(e.time, end, id, clause_of_timer("SYN-ACK"),
            TimerUpdated{"SYN-ACK", TimerUpdated::Change::cancelled, kNever, 0});
}

// --- Timers

void EventLog::Host::timer_set(const tcp::TimerSet& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    Tracker* t = tracker(end);
    const EventId id = add(e.time, end, scope_or_trigger(t), clause_of_timer(e.timer),
                           TimerUpdated{e.timer, TimerUpdated::Change::set, e.at, 0});
    if (t != nullptr) t->timer_events.back() = id;
}

void EventLog::Host::timer_expired(const tcp::TimerExpired& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    Tracker* t = tracker(end);
    const std::size_t place = place_of(e.timer);
    const EventId set = t == nullptr ? 0 : t->timer_events[place];
    const EventId id = add(e.time, end, set, clause_of_timer(e.timer),
                           TimerUpdated{e.timer, TimerUpdated::Change::expired, kNever, e.count});
    if (t == nullptr) return;
    t->timer_events[place] = t->trigger = id;
    if (place < kTimers.size()) t->timers[place] = kNever;
}

// --- What has changed since the last look

void EventLog::Host::connection_progressed(const tcp::ConnectionProgress& e) {
    const EndIndex end = find(e.flow);
    if (tracker(end) != nullptr) find_changes(end, e);
}

void EventLog::Host::find_changes(EndIndex end, const tcp::ConnectionProgress& e) {
    Tracker& t = *tracker(end);
    const EventId cause = scope_or_trigger(&t);
    if (t.recovery != e.recovery) {
        const RecoveryUpdated data{std::exchange(t.recovery, e.recovery), e.recovery};
        add(e.time, end, cause, clause_of(data), data);
    }
    if (const MetricsUpdated metrics = metrics_of(e); !t.measured || metrics != t.metrics) {
        t.metrics = metrics;
        t.measured = true;
        t.forget_below(e.snd_una);
        if (log_.settings_.metrics) add(e.time, end, cause, {}, metrics);
    }
    find_timer_changes(end, e, cause);
    if (t.limit != e.limit || t.send_buffer_full != e.send_buffer_full) {
        const BlockedUpdated data{t.limit, e.limit, e.send_buffer_full};
        t.limit = e.limit;
        t.send_buffer_full = e.send_buffer_full;
        add(e.time, end, cause, tcp::clause_of(e.limit), data);
    }
}

void EventLog::Host::find_timer_changes(EndIndex end, const tcp::ConnectionProgress& e, EventId cause) {
    Tracker& t = *tracker(end);
    const auto times = times_of(e);
    for (std::size_t i = 0; i < kTimers.size(); ++i) {
        if (t.timers[i] == times[i]) continue;
        t.timers[i] = times[i];
        const auto change = times[i] == kNever ? TimerUpdated::Change::cancelled : TimerUpdated::Change::set;
        t.timer_events[i] =
            add(e.time, end, cause, clause_of_timer(kTimers[i]), TimerUpdated{kTimers[i], change, times[i], 0});
    }
}

// --- Recovery

void EventLog::Host::segments_lost(const tcp::SegmentsLost& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    Tracker* t = tracker(end);
    const EventId id =
        add(e.time, end, scope_or_trigger(t), tcp::clause_of(e.rule), RangeLost{e.begin, e.end, e.octets, e.rule});
    if (t != nullptr) t->loss = id;
}

void EventLog::Host::retransmission_spurious(const tcp::RetransmissionSpurious& e) {
    const EndIndex end = log_.end_of(index_, e.flow);
    add(e.time, end, scope_or_trigger(tracker(end)), tcp::clause_of(e.proof), LossSpurious{e.proof, e.timeout});
}

// --- The application

void EventLog::Host::socket_called(const tcp::SocketCall& e) {
    EndIndex end = kNoEnd;
    if (e.call == tcp::Call::connect)
        end = log_.make_end(index_, e.flow, true);
    else if (e.call != tcp::Call::listen)
        end = log_.end_of(index_, e.flow);
    const SocketCalled data{e.call, e.asked, e.done, e.error};
    const EventId id = add(e.time, end, application_, clause_of(data), data);
    Tracker* t = tracker(end);
    if (t == nullptr) return;
    using tcp::Call;
    if (e.call == Call::connect || e.call == Call::send)
        t->trigger = id;
    else if (e.call == Call::receive || e.call == Call::accept)
        t->reading = id;
    else
        t->closing = id;
}

void EventLog::Host::application_notified(const tcp::ApplicationNotified& e) {
    const bool listener = e.notice == tcp::Notice::acceptable;
    const EndIndex end = listener ? kNoEnd : log_.end_of(index_, e.flow);
    const Tracker* t = tracker(end);
    EventId cause = listener ? accepting_ : 0;
    if (t != nullptr) cause = e.notice == tcp::Notice::closed ? t->state_change : std::max(t->segment, t->trigger);
    application_ = add(e.time, end, cause, {}, ApplicationTold{e.notice});
}

}  // namespace hourglass::trace
