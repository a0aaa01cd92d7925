#include "tcp/receiver.h"

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/handshake.h"

namespace hourglass::tcp {

namespace {

/// Where the window would end if all free space of `limit` were offered.
Seq possible_edge(const Connection& c, std::uint32_t limit) {
    const std::uint32_t used = std::min(c.receive_queue_size(), limit);
    return c.rcv_nxt + (limit - used);
}

/// A peer that sends single octets above a gap must not cost a block of memory for each.
std::size_t max_pieces(const Engine& e, const Connection& c) {
    return std::max<std::size_t>(16, 2 * receive_limit(e, c) / BufferPool::kSmall);
}

void acknowledge_in_order_data(Engine& e, Connection& c) {
    ++c.unacked_segments;
    if (c.quick_acks > 0 || e.tuning(c).quick_ack) {
        if (c.quick_acks > 0) --c.quick_acks;
        ack_now(e, c, SendReason::ack_pushed);
    } else if (c.unacked_segments >= 2) {
        ack_now(e, c, SendReason::ack_every_second);
    } else if (c.delayed_ack_at == kNever) {
        c.delayed_ack_at = e.now + e.settings.delayed_ack;
        e.timers_changed(c);
    }
}

void keep_above_a_gap(Engine& e, Connection& c, Inbox& inbox, const Segment& seg) {
    // RFC 5681, section 4.2: each segment above a gap has a duplicate ACK of its own; RFC 9293, MUST-59: but only once
    // all that has arrived is processed.
    ack_now(e, c, SendReason::ack_out_of_order);
    if (inbox.duplicate_acks < UINT8_MAX) ++inbox.duplicate_acks;
    const Seq end = seg.seq + seg.data_size;
    if (const auto twice = inbox.sack.overlap(seg.seq, end)) inbox.sack.on_duplicate(twice->left, twice->right);
    if (inbox.above_a_gap.insert(seg.seq, seg.data(), max_pieces(e, c)))
        inbox.sack.on_received(seg.seq, end);
    else
        ++e.counters.dropped_reassembly_full;
}

}  // namespace

void report_duplicate(Engine& e, Connection& c, Seq begin, Seq end) {
    if (!c.sack || begin >= end) return;
    e.need_inbox(c).sack.on_duplicate(begin, end);
}

std::uint16_t offered_window(const Engine& e, Connection& c, bool in_syn) {
    const std::uint32_t limit = receive_limit(e, c);
    const Seq edge = possible_edge(c, limit);
    const std::int32_t growth = edge - c.rcv_adv;
    Seq promise = c.rcv_adv;
    if (growth >= static_cast<std::int32_t>(std::min<std::uint32_t>(limit / 2, local_mss(e, c)))) promise = edge;
    const std::uint8_t shift = in_syn || !c.window_scaling ? 0 : c.rcv_wscale;
    const std::uint32_t window = std::min(static_cast<std::uint32_t>(promise - c.rcv_nxt) >> shift, 65535u);
    c.rcv_adv = max(c.rcv_adv, c.rcv_nxt + (window << shift));
    return static_cast<std::uint16_t>(window);
}

bool window_update_due(const Engine& e, const Connection& c) {
    if (!is_synchronized(c.state) || c.fin_received) return false;
    const std::uint32_t mss = local_mss(e, c);
    const std::uint32_t limit = receive_limit(e, c);
    const std::int32_t growth = possible_edge(c, limit) - c.rcv_adv;
    if (growth < static_cast<std::int32_t>(std::min(limit / 2, std::max(2 * mss, limit / 8)))) return false;
    // A peer that has much of what it was promised left does not wait for more; the next ACK will tell it.
    const auto offered = static_cast<std::uint32_t>(c.rcv_adv - c.last_ack_sent);
    const auto used = static_cast<std::uint32_t>(c.rcv_nxt - c.last_ack_sent);
    return 2 * used >= offered || c.rcv_wnd() < 16 * mss;
}

void take_text(Engine& e, Connection& c, const Segment& seg) {
    if (seg.data_size == 0 || c.fin_received) return;
    Inbox& inbox = e.need_inbox(c);
    if (seg.seq != c.rcv_nxt) return keep_above_a_gap(e, c, inbox, seg);
    inbox.data.append(seg.data());
    c.advance_rcv_nxt(seg.data_size);
    e.counters.bytes_in += seg.data_size;
    if (inbox.above_a_gap.empty()) {
        acknowledge_in_order_data(e, c);
    } else {
        while (auto piece = inbox.above_a_gap.take(c.rcv_nxt)) {
            c.advance_rcv_nxt(static_cast<std::uint32_t>(piece->size()));
            e.counters.bytes_in += piece->size();
            inbox.data.append(std::move(*piece));
        }
        inbox.sack.on_advance(c.rcv_nxt);
        inbox.duplicate_acks = 0;
        ack_now(e, c, SendReason::ack_gap_filled);
    }
    c.notify_readable = true;
    e.want_notify(c);
}

bool take_fin(Engine& e, Connection& c, const Segment& seg) {
    if (seg.fin && !c.fin_known) {
        c.fin_known = true;
        c.fin_seq = seg.seq + seg.data_size;
        if (c.fin_seq != c.rcv_nxt) {
            e.need_inbox(c).sack.on_received(c.fin_seq, c.fin_seq + 1);
            ack_now(e, c, SendReason::ack_out_of_order);
        }
    }
    if (!c.fin_known || c.fin_received || c.fin_seq != c.rcv_nxt) return false;
    c.fin_received = true;
    c.advance_rcv_nxt(1);
    if (c.inbox) c.inbox->sack.on_advance(c.rcv_nxt);
    c.rcv_adv = max(c.rcv_adv, c.rcv_nxt);
    c.ack_reason = SendReason::none;
    ack_now(e, c, SendReason::ack_fin);
    c.notify_readable = true;
    e.want_notify(c);
    return true;
}

void ack_now(Engine& e, Connection& c, SendReason reason) {
    if (c.ack_reason == SendReason::none) c.ack_reason = reason;
    e.want_output(c);
}

}  // namespace hourglass::tcp
