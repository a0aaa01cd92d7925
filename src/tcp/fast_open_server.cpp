// TCP Fast Open at the end that is opened (RFC 7413, sections 4.1.2, 4.2.2 and 5.1).

#include <algorithm>

#include "tcp/acknowledgement.h"
#include "tcp/close.h"
#include "tcp/ecn.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/fast_open_cookie.h"
#include "tcp/handshake.h"
#include "tcp/observe.h"
#include "tcp/passive_open.h"
#include "tcp/receiver.h"
#include "tcp/timers.h"

namespace hourglass::tcp {

namespace {

/// How long a connection that a RST has ended goes on to count: about as long as its SYN-ACK would have been repeated.
constexpr Duration kResetCounts = std::chrono::seconds(60);

/// PendingFastOpenRequests of section 5.1.
std::size_t pending(ListenEntry& l, Instant now) {
    auto& resets = l.fast_open_resets;
    while (!resets.empty() && resets.front() + kResetCounts <= now) resets.pop_front();
    return l.fast_open_pending + resets.size();
}

CookieAge age_of(const Engine& e, const Segment& syn) {
    const FastOpenSettings& settings = e.settings.fast_open;
    if (!settings.server_needs_cookie && syn.options.fast_open.size == 0 &&
        (syn.data_size > 0 || syn.options.fast_open_present))
        return syn.options.fast_open_present ? CookieAge::previous : CookieAge::current;
    return age_of_fast_open_cookie(syn.options.fast_open, settings, e.secret, syn.flow, e.now);
}

/// Section 4.2.2: is this SYN to open a connection? Sets in `c` whether its SYN-ACK is to bring a cookie.
bool may_open(Engine& e, Connection& c, ListenEntry& l, const Segment& syn) {
    const std::uint16_t limit = e.tunings[l.tuning].fast_open_backlog;
    if (!e.settings.fast_open.server || limit == 0) return false;
    const CookieAge age = age_of(e, syn);
    c.fast_open = syn.options.fast_open_present && age != CookieAge::current;
    if (age == CookieAge::invalid) {
        if (syn.options.fast_open.size > 0) ++e.counters.fast_open_bad_cookies;
        return false;
    }
    if (syn.data_size == 0 && e.tuning(c).defer_accept > Duration::zero()) return false;
    if (pending(l, e.now) >= limit || e.connections.full()) {
        ++e.counters.fast_open_over_limit;
        return false;
    }
    return true;
}

/// Step 4: "Buffer the data and notify the application." A FIN is left for the peer to send again: nobody has seen yet
/// that the peer is there.
void take_syn_data(Engine& e, Connection& c, const Segment& syn) {
    c.rcv_adv = c.rcv_nxt + std::min(receive_limit(e, c), 65535u);  // what the SYN-ACK will promise
    Segment text = syn;
    text.trim_front(1);
    text.trim_back(std::min(text.data_size, c.rcv_wnd()));
    c.syn_data = text.data_size > 0;
    take_text(e, c, text);
}

}  // namespace

std::optional<Disposition> open_fast(Engine& e, Connection& learned, const Segment& syn) {
    ListenEntry& l = e.listeners.slab[learned.listener];
    if (!may_open(e, learned, l, syn)) return std::nullopt;
    Connection& c = take_over(e, std::move(learned), syn.flow_hash, {});
    ++l.fast_open_pending;
    ++e.fast_open_pending;
    ++e.counters.fast_open_passive;
    c.fast_open_pending = true;
    c.snd_una = c.snd_nxt = c.iss + 1;
    update_segment_size(e, c);
    c.quick_acks = e.settings.quick_acks;
    begin_congestion_control(e, c, initial_window(c.snd_mss, e.settings.initial_window_segments));
    e.change_state(c, State::syn_received, "SYN with a fast open cookie received");
    take_syn_data(e, c, syn);
    e.need_outbox(c);
    c.syn_due = true;
    e.want_output(c);
    return Disposition{Verdict::accepted, "RFC 7413 4.2.2"};
}

void complete_fast_open(Arrival& a) {
    Engine& e = a.engine;
    Connection& c = *a.connection;
    const Segment& seg = a.segment;
    leave_fast_open(e, c, false);
    c.fast_open = false;
    c.syn_due = false;  // one to be repeated, which the peer has by now
    learn_ecn_from_third_segment(e, c, seg);
    update_segment_size(e, c);
    settle_handshake_timer(e, c);
    // Data that went before a SYN-ACK that had to be repeated came to a peer in SYN-SENT, which has no use for it.
    if (c.syn_lost && seg.ack == c.snd_una && c.in_flight() > 0) c.outbox->recovery.on_refused(c.outstanding());
    note_handshake_loss(c);
    c.snd_wnd = seg.wnd << c.snd_wscale;
    c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
    c.snd_wl1 = seg.seq;
    c.snd_wl2 = seg.ack;
    tell_parameters(e, c);
    enter_established(e, c, "ACK of SYN received");
    if (seg.ack > c.snd_una || seg.options.sack_count > 0) process_acknowledgement(e, c, seg);
}

void leave_fast_open(Engine& e, Connection& c, bool by_reset) {
    c.fast_open_pending = false;
    --e.fast_open_pending;
    const std::uint32_t listener = e.listeners.find({c.flow.local, c.flow.local_port});
    if (listener == Slab<ListenEntry>::kNone) return;
    ListenEntry& l = e.listeners.slab[listener];
    --l.fast_open_pending;
    if (by_reset) l.fast_open_resets.push_back(e.now);
}

void count_fast_open(Engine& e) {
    if (e.fast_open_pending == 0) return;
    for (std::uint32_t i = 0; i < e.listeners.slab.end(); ++i)
        if (e.listeners.slab.used(i)) e.listeners.slab[i].fast_open_pending = 0;
    for (std::uint32_t i = 0; i < e.connections.end(); ++i) {
        if (!e.connections.used(i) || !e.connections[i].fast_open_pending) continue;
        const FlowKey& flow = e.connections[i].flow;
        const std::uint32_t listener = e.listeners.find({flow.local, flow.local_port});
        if (listener != Slab<ListenEntry>::kNone) ++e.listeners.slab[listener].fast_open_pending;
    }
}

}  // namespace hourglass::tcp
