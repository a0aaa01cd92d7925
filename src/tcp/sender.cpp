#include "tcp/sender.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/mtu_probing.h"
#include "tcp/observe.h"
#include "tcp/pacing.h"
#include "tcp/path_mtu.h"
#include "tcp/receiver.h"
#include "tcp/recovery/actions.h"
#include "tcp/timers.h"

namespace hourglass::tcp {

namespace {

using Limit = SendLimit;

constexpr Duration kCorkTime = std::chrono::milliseconds(200);

bool may_transmit_data(State s) {
    return s == State::established || s == State::close_wait || s == State::fin_wait_1 || s == State::closing ||
           s == State::last_ack;
}

/// Octets that the peer's window still has room for beyond snd_nxt.
std::uint32_t usable_window(const Connection& c) {
    const std::int32_t usable = c.snd_una + c.snd_wnd - c.snd_nxt;
    return usable > 0 ? static_cast<std::uint32_t>(usable) : 0;
}

/// The largest payload of one emission: a segment, or what the device cuts into segments.
std::uint32_t largest_emission(const Connection& c, const Pace& pace) {
    const std::uint32_t most = std::min<std::uint32_t>(c.max_gso, pace.quantum);
    const std::uint32_t payload = segment_payload(c);
    // A device that cuts would copy the urgent pointer as it is.
    return most <= payload || c.outbox->urgent ? payload : most / payload * payload;
}

/// Sends [seq, end), of which the part beyond the queued data is the FIN.
void emit_range(Engine& e, Connection& c, Seq seq, Seq end, SendReason reason, bool retransmission) {
    const Seq data_end = c.data_end();
    const bool fin = end > data_end;
    Emission what{.seq = seq,
                  .data_size = static_cast<std::uint32_t>(min(end, data_end) - seq),
                  .reason = reason,
                  .retransmission = retransmission};
    // RFC 9293, section 3.9.1.2: PSH where the queue ends, for it can't be known when more comes.
    if (what.data_size > 0 && seq + what.data_size == data_end) what.flags |= wire::TcpFlags::kPsh;
    if (fin) {
        what.flags |= wire::TcpFlags::kFin;
        c.fin_sent = true;
    }
    record_sent(e, c, seq, end, reason);
    if (retransmission) ++c.retransmissions;
    c.snd_nxt = max(c.snd_nxt, end);
    c.outbox->progress = c.outbox->progress || !retransmission;
    emit(e, c, what);
}

/// Where the stretch that is to be sent again from `due` on ends, at most a segment further.
Seq end_of_due(const Recovery& r, const SentRange* due, std::uint32_t payload) {
    const Seq limit = due->begin + payload;
    Seq end = due->end;
    for (const SentRange* next = due + 1; end < limit && next != r.board().end() && next->is_due(); ++next)
        end = next->end;
    return min(end, limit);
}

/// One segment of what is believed lost; false when cwnd holds it back. A short piece at the end is filled up with new
/// data (a refused window probe's octet, say).
bool retransmit(Engine& e, Connection& c, const SentRange* due) {
    Recovery& r = c.outbox->recovery;
    const std::uint32_t payload = segment_payload(c);
    const Seq begin = due->begin;
    Seq end = end_of_due(r, due, payload);
    const auto size = static_cast<std::uint32_t>(end - begin);
    if (!r.is_urgent() && r.pipe(c.outstanding()) + size > c.congestion.cwnd()) return false;
    if (end == c.snd_nxt && !c.fin_sent) end = max(end, min(min(begin + payload, c.data_end()), c.snd_una + c.snd_wnd));
    emit_range(e, c, begin, end, r.reason(), true);
    // The timer watches the oldest segment: its new copy has its own time (RFC 6298, section 5.1).
    if (c.sack && begin == c.snd_una && r.state() != RecoveryState::loss)
        c.outbox->retransmit_at = e.now + c.rto.value(e.settings);
    return true;
}

/// RFC 9293, section 3.8.6.2.1 with Nagle's algorithm (section 3.7.4): is a segment of `size` octets worth sending?
bool is_worth_sending(const Connection& c, std::uint32_t size, std::uint32_t queued) {
    if (size >= segment_payload(c)) return true;
    const bool nothing_waits_for_ack = c.in_flight() == 0 || c.no_delay || c.fin_queued || c.outbox->urgent;
    if (size == queued) return nothing_waits_for_ack;
    return nothing_waits_for_ack && size >= c.max_snd_wnd / 2;
}

/// What lets new data go beyond cwnd and Nagle's algorithm.
struct Permit {
    std::uint32_t octets = 0;  ///< May be in the network beyond what cwnd allows.
    bool at_once = false;      ///< Nagle's algorithm does not hold it back.
    SendReason reason = SendReason::new_data;
};

SendReason reason_for(const Connection& c, const Permit& permit, std::uint32_t size) {
    const bool limited = c.outbox->recovery.state() == RecoveryState::disorder &&
                         c.in_flight() + size > c.congestion.cwnd() && permit.reason == SendReason::new_data;
    return limited ? SendReason::limited_transmit : permit.reason;
}

/// One emission of new data, or of the FIN; or what holds it back.
Limit send_new(Engine& e, Connection& c, const Pace& pace, const Permit& permit) {
    const std::uint32_t queued = unsent(c);
    const bool fin_waits = c.fin_queued && !c.fin_sent;
    if (queued == 0 && !fin_waits) return Limit::application;
    const std::uint32_t usable = usable_window(c);
    if (usable == 0) return Limit::peer_window;
    if (queued == 0) {
        emit_range(e, c, c.snd_nxt, c.snd_nxt + 1, SendReason::fin, false);
        return Limit::none;
    }

    const std::uint32_t payload = segment_payload(c);
    const std::uint32_t pipe = c.outbox->recovery.pipe_for_new_data(c.outstanding(), rules_of(e, c));
    const std::uint32_t cwnd = c.congestion.cwnd();
    const std::uint32_t room = std::max(cwnd > pipe ? cwnd - pipe : 0, permit.octets);
    if (room < std::min(queued, payload)) return Limit::congestion_window;

    std::uint32_t size = std::min({queued, usable, room, largest_emission(c, pace)});
    // A piece of a segment waits unless it ends the queue.
    if (size > payload && size < queued) size -= size % payload;
    if (!permit.at_once) {
        if (size < payload && is_corked(e, c)) return Limit::cork;
        if (!is_worth_sending(c, size, queued)) return usable < queued ? Limit::peer_window : Limit::nagle;
    }
    const bool with_fin = fin_waits && size == queued && size < usable;
    emit_range(e, c, c.snd_nxt, c.snd_nxt + size + (with_fin ? 1 : 0), reason_for(c, permit, size), false);
    return Limit::none;
}

/// RFC 4821, section 7.5: new data in a segment that is larger than the others. When cwnd has no room for it, room is
/// left to gather; nothing when none is due.
[[gnu::cold]] std::optional<Limit> send_mtu_probe(Engine& e, Connection& c) {
    const std::uint32_t size = mtu_probe_due(e, c, unsent(c), usable_window(c));
    if (size == 0) return std::nullopt;
    if (c.outbox->recovery.pipe(c.outstanding()) + size > c.congestion.cwnd()) return Limit::congestion_window;
    const Seq begin = c.snd_nxt;
    emit_range(e, c, begin, begin + size, SendReason::mtu_probe, false);
    on_mtu_probe_sent(e, c, begin, size);
    return Limit::none;
}

/// What is new: a probe of the path's MTU when it is time for one, else as much as goes.
Limit send_more(Engine& e, Connection& c, const Pace& pace) {
    if (c.mtu_reduced && c.mtu_probing) [[unlikely]]
        if (const auto limit = send_mtu_probe(e, c)) return *limit;
    return send_new(e, c, pace, {});
}

/// RFC 8985, section 7.3: new data when there is some, else the last segment once more, whatever cwnd says.
[[gnu::cold]] void send_loss_probe(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    o.loss_probe_due = false;
    if (c.in_flight() == 0 || !o.recovery.may_probe(rules_of(e, c))) return;
    ++e.counters.tail_loss_probes;
    const std::uint32_t payload = segment_payload(c);
    const Permit permit{.octets = payload, .at_once = true, .reason = SendReason::tail_loss_probe};
    const bool new_data = send_new(e, c, {.quantum = payload}, permit) == Limit::none;
    if (!new_data) {
        const SentRange& last = o.recovery.board().back();
        const std::uint32_t size = last.segments == 1 ? last.size() : (last.size() - 1) % payload + 1;
        emit_range(e, c, c.snd_nxt - std::min(size, payload), c.snd_nxt, SendReason::tail_loss_probe, true);
    }
    o.recovery.on_probe(c.snd_nxt, !new_data);
    o.retransmit_at = e.now + c.rto.value(e.settings);
}

/// RFC 5682, section 2.1, step 2b: two segments of new data; without any the usual recovery goes on.
[[gnu::cold]] void send_new_after_timeout(Engine& e, Connection& c, const Pace& pace) {
    const Seq before = c.snd_nxt;
    for (const std::uint32_t segments : {2u, 1u})
        if (send_new(e, c, pace, {.octets = segments * segment_payload(c), .at_once = true}) != Limit::none) break;
    c.outbox->recovery.on_new_data(c.snd_nxt != before);
}

Limit send_all_allowed(Engine& e, Connection& c) {
    const Pace pace = pace_of(e, c);
    if (c.outbox->recovery.wants_new_data()) send_new_after_timeout(e, c, pace);
    for (;;) {
        const Seq before = c.snd_nxt;
        if (!pacing_allows(e, c, pace)) return Limit::pacing;
        if (const SentRange* due = c.outbox->recovery.first_due()) {
            if (!retransmit(e, c, due)) return Limit::congestion_window;
            after_emission(e, c, pace, c.snd_mss);
        } else if (const Limit limit = send_more(e, c, pace); limit != Limit::none) {
            return limit;
        } else {
            after_emission(e, c, pace, static_cast<std::uint32_t>(c.snd_nxt - before));
        }
    }
}

/// The persist timer has run out: one octet beyond the closed window, or as much as a window too small for a segment
/// holds (RFC 9293, sections 3.8.6.1 and 3.8.6.2.1, override timeout).
[[gnu::cold]] void send_probe(Engine& e, Connection& c) {
    c.probe_due = false;
    if (is_corked(e, c)) {
        emit_range(e, c, c.snd_nxt, c.data_end(), SendReason::new_data, false);
        return;
    }
    ++e.counters.window_probes;
    if (c.window_probed) {
        emit_range(e, c, c.snd_una, c.snd_nxt, SendReason::window_probe, true);
        return;
    }
    const std::uint32_t usable = usable_window(c);
    const std::uint32_t size = std::min({std::max(usable, 1u), unsent(c), std::uint32_t{c.snd_mss}});
    c.window_probed = usable == 0;
    emit_range(e, c, c.snd_nxt, c.snd_nxt + std::max(size, 1u), SendReason::window_probe, false);
}

void run_timers(Engine& e, Connection& c, Limit limit) {
    const bool waits_for_window = limit == Limit::peer_window && (c.in_flight() == 0 || c.window_probed);
    if (waits_for_window || (limit == Limit::cork && c.in_flight() == 0)) {
        if (!c.persisting) {
            c.persisting = true;
            c.outbox->retransmit_at = e.now + (limit == Limit::cork ? kCorkTime : c.rto.value(e.settings));
        }
    } else if (c.in_flight() == 0) {
        c.persisting = false;
        c.outbox->retransmit_at = kNever;
    } else if (c.outbox->retransmit_at == kNever || c.persisting) {
        c.persisting = false;
        c.outbox->retransmit_at = e.now + c.rto.value(e.settings);  // RFC 6298, (5.1)
    }
    schedule_loss_probe(e, c, std::exchange(c.outbox->progress, false));
    c.outbox->pacing_at = limit == Limit::pacing ? c.outbox->congestion.pacer.next_send_time() : kNever;
}

/// What limited the sender, for those that it matters to: growth of cwnd (RFC 7661's reason), delivery rates
/// (draft-ietf-ccwg-bbr, section 4.1.2.4).
void note_limit(Connection& c, Limit limit) {
    Outbox& o = *c.outbox;
    o.limit = limit;
    if (limit == Limit::congestion_window) o.window_filled = true;
    const std::uint32_t pipe = o.recovery.pipe(c.outstanding());
    const bool ran_out = (limit == Limit::application || limit == Limit::nagle) && pipe < c.congestion.cwnd();
    if (ran_out || c.congestion.ignores_rate()) o.congestion.rate.mark_app_limited(pipe);
}

/// RFC 5681, section 4.1: the window of a sender that has sent no data for longer than its timeout is out of date.
[[gnu::noinline]] void restart_after_idle(const Engine& e, Connection& c) {
    const auto silent = std::chrono::milliseconds(milliseconds(e.now) - c.last_data_ms);
    c.congestion.on_restart(e.now, silent, c.rto.value(e.settings),
                            initial_window(c.snd_mss, e.settings.initial_window_segments), e.settings);
}

void send_duplicate_acks(Engine& e, Connection& c) {
    for (; c.inbox->duplicate_acks > 0; --c.inbox->duplicate_acks) emit_ack(e, c, SendReason::ack_out_of_order);
}

/// The connection is in SYN-RECEIVED, and the timer is the SYN-ACK's (RFC 7413, section 4.2.2).
[[gnu::cold]] void send_before_handshake(Engine& e, Connection& c) {
    const Limit limit = send_all_allowed(e, c);
    note_limit(c, limit);
    c.outbox->pacing_at = limit == Limit::pacing ? c.outbox->congestion.pacer.next_send_time() : kNever;
    if (c.wants_writable) tell_writable(e, c);
}

}  // namespace

void record_sent(Engine& e, Connection& c, Seq seq, Seq end, SendReason reason) {
    Outbox& o = *c.outbox;
    o.used = true;
    const Outstanding before = c.outstanding();
    const auto snapshot = [&](Seq from, Seq to, bool again) {
        return o.congestion.rate.on_sent(e.now, o.recovery.pipe(before), static_cast<std::uint32_t>(to - from), again);
    };
    const Seq old_end = min(end, c.snd_nxt);
    if (seq < old_end) o.recovery.on_resent(seq, old_end, before, snapshot(seq, old_end, true), milliseconds(e.now));
    if (old_end < end)
        o.recovery.on_sent(old_end, end, before, snapshot(old_end, end, false), rules_of(e, c),
                           reason == SendReason::limited_transmit);
}

std::uint32_t unsent(const Connection& c) {
    return c.fin_sent ? 0 : static_cast<std::uint32_t>(c.data_end() - max(c.snd_nxt, c.data_begin()));
}

std::size_t room_to_send(const Engine& e, const Connection& c) {
    if (!may_send(c.state) || c.fin_queued || c.detached) return 0;
    const Tuning& t = e.tuning(c);
    if (t.not_sent_low_water > 0 && unsent(c) >= t.not_sent_low_water) return 0;
    const std::size_t queued = c.send_queue_size();
    return queued < t.send_buffer ? t.send_buffer - queued : 0;
}

void tell_writable(Engine& e, Connection& c) {
    if (!c.wants_writable || room_to_send(e, c) == 0) return;
    c.wants_writable = false;
    c.notify_writable = true;
    e.want_notify(c);
}

bool is_corked(const Engine& e, const Connection& c) {
    if (c.tuning == TuningTable::kDefaults || !e.tuning(c).cork || c.fin_queued || !c.outbox || c.outbox->urgent)
        return false;
    const std::uint32_t queued = unsent(c);
    return queued > 0 && queued < c.snd_mss && queued <= usable_window(c);
}

void transmit(Engine& e, Connection& c) {
    if (c.syn_due) {
        send_syn(e, c);
        if (!c.fast_open_pending) return tell_progress(e, c);
    }
    if (c.fin_queued && !c.fin_sent && !c.detached) e.need_outbox(c);
    if (c.outbox && !c.detached && may_transmit_data(c.state)) {
        // Before the first data there is nothing to be out of date.
        if (c.in_flight() == 0 && c.snd_una != c.iss + 1) restart_after_idle(e, c);
        if (c.mtu_reduced) review_path_mtu(e, c);
        if (c.probe_due) send_probe(e, c);
        if (c.outbox->loss_probe_due) send_loss_probe(e, c);
        const Limit limit = send_all_allowed(e, c);
        note_limit(c, limit);
        run_timers(e, c, limit);
        if (c.wants_writable) tell_writable(e, c);  // what is sent lies below the low-water mark now
        if (c.in_flight() == 0 && c.outbox->data.empty() && !(c.fin_queued && !c.fin_sent)) c.outbox.reset();
    } else if (c.fast_open_pending) [[unlikely]] {
        send_before_handshake(e, c);
    }
    if (c.inbox && c.inbox->duplicate_acks > 0)
        send_duplicate_acks(e, c);
    else if (c.ack_reason != SendReason::none)
        emit_ack(e, c, c.ack_reason);
    else if (c.was_read && !c.detached && window_update_due(e, c))
        emit_ack(e, c, SendReason::window_update);
    tell_progress(e, c);
    if (!c.detached) {
        if (c.idle_due) set_idle_timer(e, c);
        if (c.inbox && c.inbox->data.empty() && c.inbox->above_a_gap.empty() && c.inbox->sack.empty() &&
            !c.inbox->urgent)
            c.inbox.reset();
        e.timers_changed(c);
    }
}

}  // namespace hourglass::tcp
