// What holds of every connection between two calls into the stack. Tests check it after every event.

#include "tcp/invariants.h"

#include <fmt/format.h>
#include <vector>

#include "tcp/engine.h"
#include "tcp/handshake.h"

namespace hourglass::tcp {

namespace {

struct Invariant {
    std::string_view text;
    bool (*holds)(const Engine&, const Connection&);
};

bool has_something_in_flight(const Connection& c) { return c.in_flight() > 0; }

constexpr Invariant kInvariants[] = {
    {"SND.UNA =< SND.NXT", [](const Engine&, const Connection& c) { return c.snd_una <= c.snd_nxt; }},
    {"ISS =< SND.UNA",
     [](const Engine& e, const Connection& c) {
         // Only until the numbers have gone half round the circle.
         return e.counters.bytes_out > (1u << 30) || c.iss <= c.snd_una;
     }},
    {"RCV.NXT =< the promised right edge of the window",
     [](const Engine&, const Connection& c) { return c.rcv_nxt <= c.rcv_adv; }},
    {"what was promised and not used fits the buffer",
     [](const Engine& e, const Connection& c) {
         // A buffer that was made smaller holds what was promised before.
         return !is_synchronized(c.state) || c.fin_received || c.tuning != TuningTable::kDefaults ||
                c.receive_queue_size() + c.rcv_wnd() <= std::max(receive_limit(e, c), 65535u) + 1;
     }},
    {"what lies above a gap fits the promised window",
     [](const Engine&, const Connection& c) { return !c.inbox || c.inbox->above_a_gap.size() <= c.rcv_wnd(); }},
    {"SND.NXT =< end of what the application queued, with its FIN",
     [](const Engine&, const Connection& c) {
         return !is_synchronized(c.state) || c.snd_nxt <= c.data_end() + (c.fin_sent ? 1 : 0);
     }},
    {"the send buffer's limit holds",
     [](const Engine& e, const Connection& c) {
         return c.tuning != TuningTable::kDefaults || c.send_queue_size() <= e.settings.send_buffer;
     }},
    {"a timer watches what is in flight",
     [](const Engine&, const Connection& c) {
         return !has_something_in_flight(c) || c.retransmit_at() != kNever || c.in_output_list;
     }},
    {"the scoreboard covers what is in flight",
     [](const Engine&, const Connection& c) {
         return !is_synchronized(c.state) || !c.outbox || c.outbox->recovery.board().out().octets == c.in_flight();
     }},
    {"what is held, lost or sent again is part of what is in flight",
     [](const Engine&, const Connection& c) {
         if (!c.outbox) return true;
         const Scoreboard& board = c.outbox->recovery.board();
         return board.sacked().octets + board.lost().octets <= board.out().octets;
     }},
    {"no retransmission timer without something to watch",
     [](const Engine&, const Connection& c) {
         return c.retransmit_at() == kNever || has_something_in_flight(c) || c.persisting || c.in_output_list ||
                c.fast_open_pending;
     }},
    {"a connection that a cookie has opened waits in SYN-RECEIVED, with a timer for its SYN-ACK",
     [](const Engine&, const Connection& c) {
         return !c.fast_open_pending ||
                (c.state == State::syn_received && (c.retransmit_at() != kNever || c.in_output_list));
     }},
    {"a delayed ACK has something to acknowledge",
     [](const Engine&, const Connection& c) { return c.delayed_ack_at == kNever || c.unacked_segments > 0; }},
    {"a running timer is in the timer queue",
     [](const Engine&, const Connection& c) {
         return c.next_timer() == kNever || c.heap_position != Connection::kNotInHeap || c.in_output_list;
     }},
    {"cwnd is at least one segment",
     [](const Engine&, const Connection& c) {
         return !is_synchronized(c.state) || c.congestion.cwnd() >= c.snd_mss || c.in_output_list;
     }},
    {"our FIN is sent only after it was queued",
     [](const Engine&, const Connection& c) { return !c.fin_sent || c.fin_queued; }},
    {"states after CLOSE have a FIN queued",
     [](const Engine&, const Connection& c) {
         const bool closing = c.state == State::fin_wait_1 || c.state == State::fin_wait_2 ||
                              c.state == State::closing || c.state == State::last_ack;
         return !closing || c.fin_queued;
     }},
    {"states after the peer's FIN have received it",
     [](const Engine&, const Connection& c) {
         const bool after = c.state == State::close_wait || c.state == State::closing || c.state == State::last_ack;
         return !after || c.fin_received;
     }},
};

/// Each listener's count of connections that a cookie has opened is right.
std::string check_fast_open(const Engine& e) {
    std::uint32_t all = 0;
    std::vector<std::uint32_t> pending(e.listeners.slab.end());
    for (std::uint32_t i = 0; i < e.connections.end(); ++i) {
        if (!e.connections.used(i) || !e.connections[i].fast_open_pending) continue;
        ++all;
        const FlowKey& flow = e.connections[i].flow;
        const std::uint32_t listener = e.listeners.find({flow.local, flow.local_port});
        if (listener != Slab<ListenEntry>::kNone) ++pending[listener];
    }
    for (std::uint32_t i = 0; i < e.listeners.slab.end(); ++i)
        if (e.listeners.slab.used(i) && e.listeners.slab[i].fast_open_pending != pending[i])
            return "does not hold: a listener's pending fast open requests are counted";
    return all == e.fast_open_pending ? std::string() : "does not hold: all pending fast open requests are counted";
}

}  // namespace

std::string check_all(const Engine& e) {
    std::size_t attached = 0;
    for (std::uint32_t i = 0; i < e.connections.end(); ++i) {
        if (!e.connections.used(i)) continue;
        const Connection& c = e.connections[i];
        if (c.detached) continue;
        ++attached;
        for (const Invariant& invariant : kInvariants)
            if (!invariant.holds(e, c))
                return fmt::format("{}:{} -> {}:{} {}: does not hold: {}", c.flow.local.to_string(),
                                   to_number(c.flow.local_port), c.flow.remote.to_string(),
                                   to_number(c.flow.remote_port), to_string(c.state), invariant.text);
    }
    if (attached + e.half_open.slab.size() + e.time_wait.slab.size() != e.flows.size())
        return "does not hold: each entry of the flow table is a connection, half-open or in TIME-WAIT";
    return check_fast_open(e);
}

}  // namespace hourglass::tcp
