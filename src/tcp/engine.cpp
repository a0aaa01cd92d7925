#include "tcp/engine.h"

#include <algorithm>

#include "tcp/fast_open.h"
#include "tcp/observe.h"

namespace hourglass::tcp {

namespace {
constexpr Duration kLongestDelayedAck = std::chrono::milliseconds(499);  // RFC 9293, MUST-40
}

Engine::Engine(const Settings& s, const SipKey& key, Network& below, BufferPool& buffers)
    : settings(s),
      secret(key),
      network(below),
      pool(buffers),
      connections(s.max_connections),
      half_open(s.max_half_open),
      time_wait(s.max_time_wait),
      listeners(s.max_listeners),
      tunings(s, s.max_connections + s.max_listeners),
      accurate_ecn(s.max_connections),
      fast_open_cache(s.fast_open.cache) {
    settings.delayed_ack = std::min<Duration>(s.delayed_ack, kLongestDelayedAck);
}

FlowEntry Engine::find(const FlowKey& flow, std::uint32_t flow_hash) const {
    return flows.find(flow_hash, [&](FlowEntry entry) {
        switch (entry.kind) {
            case FlowKind::connection:
                return connections[entry.index].flow == flow;
            case FlowKind::half_open:
                return half_open.slab[entry.index].flow == flow;
            case FlowKind::time_wait:
                return time_wait.slab[entry.index].flow == flow;
            case FlowKind::none:
                break;
        }
        return false;
    });
}

Connection* Engine::make_connection(const FlowKey& flow) {
    const std::uint32_t index = connections.make();
    if (index == Slab<Connection>::kNone) return nullptr;
    Connection& c = connections[index];
    c.flow = flow;
    c.index = index;
    c.generation = next_generation++;
    c.no_delay = tunings.defaults().no_delay;
    c.keepalive = tunings.defaults().keepalive;
    flows.insert(hash(flow), {FlowKind::connection, index});
    return &c;
}

Connection& Engine::adopt(Connection&& expanded, std::uint32_t flow_hash, FlowEntry entry) {
    const std::uint32_t index = connections.make(std::move(expanded));
    Connection& c = connections[index];
    c.index = index;
    c.generation = next_generation++;
    c.compact = false;
    if (entry.kind == FlowKind::none)
        flows.insert(flow_hash, {FlowKind::connection, index});
    else
        flows.replace(flow_hash, entry, {FlowKind::connection, index});
    return c;
}

void Engine::change_state(Connection& c, State state, Literal trigger) {
    const State before = c.state;
    c.state = state;
    if (observed()) [[unlikely]]
        tell_state(c, before, trigger);
}

[[gnu::cold]] void Engine::tell_state(const Connection& c, State before, Literal trigger) {
    observer->state_changed({now, c.flow, before, c.state, trigger});
}

void Engine::stop_timers(Connection& c) {
    timers.remove(c);
    if (c.outbox) c.outbox->retransmit_at = c.outbox->pacing_at = kNever;
    c.delayed_ack_at = c.idle_at = kNever;
    c.persisting = false;
}

void Engine::detach(Connection& c) {
    if (c.detached) return;
    c.detached = true;
    stop_timers(c);
    flows.erase(hash(c.flow), {FlowKind::connection, c.index});
}

void Engine::replace(Connection& c, FlowEntry successor) {
    c.detached = true;
    stop_timers(c);
    flows.replace(hash(c.flow), {FlowKind::connection, c.index}, successor);
}

void Engine::finish(Connection& c, Error error, Literal trigger) {
    change_state(c, State::closed, trigger);
    if (c.compact) return;  // its entry goes where it came from
    if (c.fast_open_pending) [[unlikely]]
        leave_fast_open(*this, c, error == Error::reset);
    c.error = error;
    if (observed()) [[unlikely]]
        observer->connection_closed({now, c.flow, error, trigger});
    detach(c);
    c.outbox.reset();
    c.syn_due = c.probe_due = c.persisting = c.window_probed = false;  // which tell of the outbox
    c.ack_reason = SendReason::none;
    if (error != Error::none) c.inbox.reset();
    if (c.listener != Slab<ListenEntry>::kNone) {
        // Nobody has accepted it: nobody is told.
        std::erase(listeners.slab[c.listener].accept_queue, c.index);
        c.listener = Slab<ListenEntry>::kNone;
        c.released = true;
    }
    c.notify_closed = true;
    want_notify(c);
}

void Engine::want_output(Connection& c) {
    if (c.compact || c.in_output_list) return;
    c.in_output_list = true;
    output_.push_back(&c);
}

void Engine::want_notify(Connection& c) {
    if (c.compact || c.in_ready_list) return;
    c.in_ready_list = true;
    ready_.push_back(&c);
}

void Engine::want_notify(ListenEntry& listener, std::uint32_t index) {
    if (listener.in_ready_list || listener.options.handler == nullptr) return;
    listener.in_ready_list = true;
    ready_listeners_.push_back(index);
}

std::optional<Path> Engine::path_to(const IpAddress& destination, const IpAddress& source) const {
    auto path = network.path_to(destination, source);
    if (inputs != nullptr) [[unlikely]]
        inputs->path_answered(destination, source, path);
    return path;
}

bool Engine::may_answer_again(const Connection& c) {
    if (settings.challenge_ack_interval == Duration::zero()) return true;
    Answered& last = answered_[hash(c.flow) % answered_.size()];
    if (last.flow == c.flow && now < last.at + settings.challenge_ack_interval) return false;
    last = {c.flow, now};
    return true;
}

bool Engine::take_challenge_allowance(const Connection& c) {
    if (!may_answer_again(c)) return false;
    const std::int64_t second = now.time_since_epoch() / std::chrono::seconds(1);
    if (second != challenge_second_) {
        challenge_second_ = second;
        // Not the same number each second: a fixed one would tell an attacker what others were sent (CVE-2016-5696).
        const std::uint32_t half = settings.challenge_acks_per_second / 2u;
        const std::uint64_t noise = siphash(secret, std::as_bytes(std::span(&second, 1)));
        challenges_left_ = settings.challenge_acks_per_second - half + static_cast<std::uint32_t>(noise % (half + 1));
    }
    if (challenges_left_ == 0) return false;
    --challenges_left_;
    return true;
}

Connection* Engine::connection_of(const Stream& s) {
    if (s.engine_ != this || !connections.used(s.index_)) return nullptr;
    Connection& c = connections[s.index_];
    return c.generation == s.generation_ ? &c : nullptr;
}

ListenEntry* Engine::listener_entry_of(const Listener& l) {
    if (l.engine_ != this || !listeners.slab.used(l.index_)) return nullptr;
    ListenEntry& entry = listeners.slab[l.index_];
    return entry.generation == l.generation_ ? &entry : nullptr;
}

// --- A round

void Engine::poll(Instant at) {
    if (inputs != nullptr) [[unlikely]]
        inputs->polled(at);
    now = std::max(now, at);
    expire_timers();
    notify_applications();
    send_output();
    free_zombies();
}

void Engine::notify_applications() {
    // Handlers may make more work; it is done in the same round.
    while (!ready_.empty() || !ready_listeners_.empty()) {
        for (std::size_t i = 0; i < ready_listeners_.size(); ++i) {
            const std::uint32_t index = ready_listeners_[i];
            if (!listeners.slab.used(index)) continue;
            listeners.slab[index].in_ready_list = false;
            const SocketAddress local = listeners.slab[index].local;
            const FlowKey flow{.local = local.address, .remote = {}, .local_port = local.port};
            const Listener listener = listener_of(index);
            const Telling telling(*this, flow, Notice::acceptable, listener.id());
            listeners.slab[index].options.handler->on_acceptable(listener);
        }
        ready_listeners_.clear();
        for (std::size_t i = 0; i < ready_.size(); ++i) notify(*ready_[i]);
        ready_.clear();
    }
}

void Engine::notify(Connection& c) {
    c.in_ready_list = false;
    const Stream stream = stream_of(c);
    const auto tell = [&](Notice notice, auto on_notice, auto... what) {
        const Telling telling(*this, c.flow, notice, stream.id(), what...);
        (c.handler->*on_notice)(stream, what...);
    };
    using Handler = ConnectionHandler;
    if (c.notify_established) {
        c.notify_established = false;
        if (c.handler != nullptr) tell(Notice::established, &Handler::on_established);
    }
    if (c.notify_trouble && c.handler != nullptr) {
        c.notify_trouble = false;
        const Error trouble = c.soft_error == Error::none ? Error::timed_out : Error{c.soft_error};
        tell(Notice::trouble, &Handler::on_trouble, trouble);
    }
    if (c.notify_urgent && c.handler != nullptr) {
        c.notify_urgent = false;
        tell(Notice::urgent, &Handler::on_urgent);
    }
    if (c.notify_readable && c.handler != nullptr) {
        c.notify_readable = false;
        tell(Notice::readable, &Handler::on_readable);
    }
    if (c.notify_writable) {
        c.notify_writable = false;
        if (c.handler != nullptr) tell(Notice::writable, &Handler::on_writable);
    }
    // An ended connection stays until what arrived has been read, unless it failed or the application has left.
    if (!c.notify_closed || (c.receive_queue_size() > 0 && !c.released && c.error == Error::none)) return;
    if (c.handler == nullptr && !c.released) return;
    c.notify_closed = false;
    if (c.handler != nullptr) {
        const Telling telling(*this, c.flow, Notice::closed, stream.id(), c.error);
        std::exchange(c.handler, nullptr)->on_closed(stream, c.error);
    }
    c.released = true;
    if (!c.in_zombie_list) {
        c.in_zombie_list = true;
        zombies_.push_back(&c);
    }
}

void Engine::free_zombies() {
    for (Connection* c : zombies_) {
        tunings.release(c->tuning);
        forget_octet_counters(*this, *c);
        connections.give_back(c->index);
    }
    zombies_.clear();
}

}  // namespace hourglass::tcp
