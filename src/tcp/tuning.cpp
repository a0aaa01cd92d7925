// What an application sets for one connection or listener, and reads back.

#include "hourglass/tcp/tuning.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

constexpr std::uint16_t kLeastMss = 64;

/// Nagle and keepalive are bits of the connection, so that setting only these costs nothing.
Tuning without_bits(const Engine& e, Tuning t) {
    t.no_delay = e.tunings.defaults().no_delay;
    t.keepalive = e.tunings.defaults().keepalive;
    t.mss_limit = std::max(t.mss_limit, kLeastMss);
    return t;
}

}  // namespace

Tuning tuning_of(const Settings& s) {
    Tuning t;
    t.mss_limit = s.mss_limit;
    t.congestion = s.congestion;
    t.mtu_probing = s.mtu_probing;
    t.no_delay = !s.nagle;
    t.send_buffer = s.send_buffer;
    t.receive_buffer = s.receive_buffer;
    t.keepalive = s.keepalive;
    t.keepalive_idle = s.keepalive_idle;
    t.keepalive_interval = s.keepalive_interval;
    t.keepalive_probes = s.keepalive_probes;
    t.user_timeout = s.user_timeout;
    t.syn_retries = s.syn_retries;
    t.fin_wait_2_timeout = s.fin_wait_2_timeout;
    t.urgent_inline = s.urgent_inline;
    t.fast_open = s.connect_fast;
    t.fast_open_backlog = s.fast_open_backlog;
    return t;
}

void set_tuning(Engine& e, Connection& c, const Tuning& tuning) {
    c.no_delay = tuning.no_delay;
    c.keepalive = tuning.keepalive;
    c.tuning = e.tunings.change(c.tuning, without_bits(e, tuning));
}

Tuning Stream::tuning() const {
    const Connection* c = find();
    if (c == nullptr) return engine_ == nullptr ? Tuning{} : engine_->tunings.defaults();
    Tuning t = engine_->tuning(*c);
    t.no_delay = c->no_delay;
    t.keepalive = c->keepalive;
    return t;
}

void Stream::tune(const Tuning& tuning) {
    Connection* c = find();
    if (c == nullptr) return;
    if (engine_->inputs != nullptr) engine_->inputs->stream_tuned(id(), tuning);
    const Tuning before = this->tuning();
    set_tuning(*engine_, *c, tuning);
    if (c->detached) return;
    const bool synchronized = is_synchronized(c->state);
    if (synchronized && before.mss_limit != tuning.mss_limit) update_segment_size(*engine_, *c);
    if (synchronized && before.congestion != tuning.congestion)
        begin_congestion_control(*engine_, *c, c->congestion.cwnd());
    if (before.keepalive != tuning.keepalive || before.keepalive_idle != tuning.keepalive_idle ||
        before.fin_wait_2_timeout != tuning.fin_wait_2_timeout) {
        c->keepalive_probes = 0;
        c->idle_due = true;
    }
    // A larger receive buffer opens the window, a larger send buffer lets the application go on.
    c->was_read = true;
    tell_writable(*engine_, *c);
    engine_->want_output(*c);
}

Tuning Listener::tuning() const {
    const ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    return entry == nullptr ? Tuning{} : entry->options.tuning.value_or(engine_->tunings.defaults());
}

void Listener::tune(const Tuning& tuning) {
    ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    if (entry == nullptr) return;
    if (engine_->inputs != nullptr) engine_->inputs->listener_tuned(id(), tuning);
    set_tuning(*engine_, *entry, tuning);
}

void set_tuning(Engine& e, ListenEntry& l, const Tuning& tuning) {
    l.options.tuning = tuning;
    l.tuning = e.tunings.change(l.tuning, without_bits(e, tuning));
}

}  // namespace hourglass::tcp
