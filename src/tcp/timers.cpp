#include "tcp/timers.h"

#include <algorithm>

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/mtu_probing.h"
#include "tcp/observe.h"
#include "tcp/receiver.h"
#include "tcp/recovery/actions.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

void tell(Engine& e, const Connection& c, std::string_view timer, std::uint32_t count) {
    if (e.observed()) [[unlikely]]
        e.observer->timer_expired({e.now, c.flow, c.state, timer, count});
}

/// R2 of RFC 9293, section 3.8.3: what the application has set (RFC 5482), else a number of attempts.
bool past_r2(const Engine& e, const Connection& c) {
    const Outbox& o = *c.outbox;
    const Tuning& t = e.tuning(c);
    if (t.user_timeout > Duration::zero() && e.now - o.unanswered_since >= t.user_timeout) return true;
    if (c.fast_open_pending) return o.retries >= e.settings.syn_ack_retries;
    if (!is_synchronized(c.state)) return o.retries >= t.syn_retries;
    if (t.user_timeout > Duration::zero() && !c.released) return false;
    return o.retries >= (c.released ? e.settings.orphan_retries : e.settings.data_retries);
}

/// Past R1 the network layer gets negative advice, and the application is told once (RFC 9293, MUST-20 and SHLD-9).
void advise(Engine& e, Connection& c) {
    if (c.outbox->retries < e.settings.advice_retries) return;
    e.network.doubt_path(c.flow.remote);
    if (c.outbox->retries > e.settings.advice_retries) return;
    c.notify_trouble = true;
    e.want_notify(c);
}

/// RFC 9293, section 3.8.3: past R2 the connection is closed. Only when the peer may still hold it is a RST of use.
void give_up(Engine& e, Connection& c) {
    ++e.counters.timeouts;
    if (is_synchronized(c.state))
        emit_reset(e, c, SendReason::reset_timeout);
    else
        ++e.counters.attempt_fails;
    if (c.fast_open && c.state == State::syn_sent) on_fast_open_failure(e, c);
    e.finish(c, c.soft_error == Error::none ? Error::timed_out : c.soft_error, "too many retransmissions");
}

void on_persist(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    c.probe_due = true;
    e.want_output(c);
    if (is_corked(e, c)) return tell(e, c, "cork", 1);
    tell(e, c, "persist", o.retries + 1u);
    // Probes without any answer are counted; answers of a closed window begin the count again.
    if (o.retries == 0) o.unanswered_since = e.now;
    if (past_r2(e, c)) return give_up(e, c);
    ++o.retries;
    c.rto.on_timeout();
    o.retransmit_at = next_attempt(e, c);
}

void on_retransmission(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    tell(e, c, "retransmission", o.retries + 1u);
    if (o.retries == 0) o.unanswered_since = e.now - c.rto.value(e.settings);
    if (past_r2(e, c)) return give_up(e, c);
    ++o.retries;
    advise(e, c);
    c.rto.on_timeout();  // RFC 6298, (5.5)
    if (!is_synchronized(c.state)) {
        c.syn_due = true;
        c.syn_lost = true;
    } else {
        suspect_black_hole(e, c);
        on_data_timeout(e, c);
    }
    o.retransmit_at = next_attempt(e, c);  // (5.6)
    e.want_output(c);
}

/// Until the next keepalive; what an application has set may be nothing, and time would not go on then.
Duration keepalive_interval(const Tuning& t) {
    return std::max<Duration>(t.keepalive_interval, std::chrono::milliseconds(1));
}

/// RFC 9293, section 3.8.4: an old octet makes the peer acknowledge. Data in flight has its own timer.
void on_keepalive(Engine& e, Connection& c) {
    const Tuning& t = e.tuning(c);
    if (c.in_flight() > 0) {
        c.idle_at = e.now + keepalive_interval(t);
        return;
    }
    tell(e, c, "keepalive", c.keepalive_probes + 1u);
    const Duration silence = t.keepalive_idle + c.keepalive_probes * t.keepalive_interval;
    const bool enough = t.user_timeout > Duration::zero() ? c.keepalive_probes > 0 && silence >= t.user_timeout
                                                          : c.keepalive_probes >= t.keepalive_probes;
    if (enough) return give_up(e, c);
    ++c.keepalive_probes;
    ++e.counters.keepalives;
    emit(e, c, {.seq = c.snd_nxt - 1, .flags = wire::TcpFlags::kAck, .reason = SendReason::keepalive});
    c.idle_at = e.now + keepalive_interval(t);
}

void on_idle(Engine& e, Connection& c) {
    if (c.state == State::fin_wait_2 && c.released) {
        tell(e, c, "FIN-WAIT-2", 1);
        e.finish(c, Error::none, "FIN-WAIT-2 timeout");
    } else {
        on_keepalive(e, c);
    }
}

/// RFC 8985, section 7.3: one probe, and the retransmission timer begins again behind it.
void on_loss_probe_timer(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    tell(e, c, "tail loss probe", 1);
    o.loss_probe_due = true;
    o.retransmit_at = e.now + c.rto.value(e.settings);
    e.want_output(c);
}

void expire_outbox(Engine& e, Connection& c, Outbox& o) {
    if (o.pacing_at <= e.now) {
        tell(e, c, "pacing", 1);
        o.pacing_at = kNever;
        e.want_output(c);
    }
    if (o.recovery.reordering_at() <= e.now) {
        tell(e, c, "reordering", 1);
        on_reordering_timer(e, c);
        e.want_output(c);
    }
    if (o.probe_at <= e.now) {
        o.probe_at = kNever;
        on_loss_probe_timer(e, c);
    }
    if (o.retransmit_at > e.now) return;
    o.retransmit_at = kNever;
    if (c.persisting)
        on_persist(e, c);
    else
        on_retransmission(e, c);
}

}  // namespace

Instant next_attempt(const Engine& e, const Connection& c) {
    const Duration patience = e.tuning(c).user_timeout;
    const Duration timeout = c.rto.value(e.settings);
    if (patience == Duration::zero()) return e.now + timeout;
    return e.now + std::min(timeout, patience - (e.now - c.outbox->unanswered_since));
}

void set_idle_timer(Engine& e, Connection& c) {
    c.idle_due = false;
    if (c.state == State::fin_wait_2 && c.released)
        c.idle_at = e.now + e.tuning(c).fin_wait_2_timeout;
    else
        c.idle_at = c.keepalive && is_synchronized(c.state) ? e.now + e.tuning(c).keepalive_idle : kNever;
    e.timers_changed(c);
}

void expire(Engine& e, Connection& c) {
    if (c.delayed_ack_at <= e.now) {
        c.delayed_ack_at = kNever;
        tell(e, c, "delayed ACK", 1);
        ack_now(e, c, SendReason::ack_delayed);
    }
    if (c.outbox) expire_outbox(e, c, *c.outbox);
    if (!c.detached && c.idle_at <= e.now) {
        c.idle_at = kNever;
        on_idle(e, c);
    }
    if (!c.detached) e.timers_changed(c);
    tell_progress(e, c);
}

}  // namespace hourglass::tcp
