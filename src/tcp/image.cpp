#include "tcp/image.h"

#include <algorithm>
#include <expected>
#include <span>
#include <string>
#include <utility>

#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/invariants.h"
#include "tcp/passive_open.h"

namespace hourglass::tcp {

namespace {

template <typename Image>
void exchange_outbox(auto& box, Image& image) {
    image(box.data, box.recovery, box.mtu, box.congestion);
    image(box.syn_sent_at, box.retransmit_at, box.probe_at, box.pacing_at, box.retries, box.used, box.window_filled,
          box.loss_probe_due, box.progress);
    image.up_to(box.limit, SendLimit::pacing);
    image(box.urgent, box.snd_up, box.unanswered_since);
}

template <typename Image>
void exchange_inbox(auto& box, Image& image) {
    image(box.data, box.above_a_gap, box.rcv_up, box.urgent, box.urgent_taken, box.sack, box.duplicate_acks);
}

template <typename Image>
void exchange_bits(ConnectionVariables& c, Image& image) {
    c.error = image.value(c.error, Error::not_connected);
    c.soft_error = image.value(c.soft_error, Error::not_connected);
    c.snd_wscale = image.value(c.snd_wscale, 14) & 15;
    c.rcv_wscale = image.value(c.rcv_wscale, 14) & 15;
    c.passive = image.value(c.passive);
    c.window_scaling = image.value(c.window_scaling);
    c.timestamps = image.value(c.timestamps);
    c.ecn_mode = image.value(c.ecn_mode, EcnMode::accurate);
    c.syn_ecn = image.value(c.syn_ecn, wire::Ecn::ce);
    c.received_ce = image.value(c.received_ce, 7) & 7;
    c.told_ce = image.value(c.told_ce, 7) & 7;
    c.ecn_answers_syn_ack = image.value(c.ecn_answers_syn_ack);
    c.ecn_option_due = image.value(c.ecn_option_due);
    c.ect_off = image.value(c.ect_off);
    c.ece_due = image.value(c.ece_due);
    c.cwr_due = image.value(c.cwr_due);
    c.sack = image.value(c.sack);
    c.reordering_seen = image.value(c.reordering_seen);
    c.mtu_reduced = image.value(c.mtu_reduced);
    c.mtu_probing = image.value(c.mtu_probing);
    c.checksum_offload = image.value(c.checksum_offload);
    c.no_delay = image.value(c.no_delay);
    c.keepalive = image.value(c.keepalive);
    c.syn_due = image.value(c.syn_due);
    c.syn_lost = image.value(c.syn_lost);
    c.fast_open = image.value(c.fast_open);
    c.fast_open_pending = image.value(c.fast_open_pending);
    c.syn_data = image.value(c.syn_data);
    c.fin_queued = image.value(c.fin_queued);
    c.fin_sent = image.value(c.fin_sent);
    c.fin_known = image.value(c.fin_known);
    c.fin_received = image.value(c.fin_received);
    c.released = image.value(c.released);
    c.detached = image.value(c.detached);
    c.persisting = image.value(c.persisting);
    c.probe_due = image.value(c.probe_due);
    c.window_probed = image.value(c.window_probed);
    c.idle_due = image.value(c.idle_due);
    c.was_read = image.value(c.was_read);
    c.wants_writable = image.value(c.wants_writable);
    c.notify_established = image.value(c.notify_established);
    c.notify_readable = image.value(c.notify_readable);
    c.notify_writable = image.value(c.notify_writable);
    c.notify_closed = image.value(c.notify_closed);
    c.notify_urgent = image.value(c.notify_urgent);
    c.notify_trouble = image.value(c.notify_trouble);
    c.receive_shut = image.value(c.receive_shut);
    c.error_taken = image.value(c.error_taken);
}

/// Its number, and its places in the timer queue and in lists, apart: these follow from other things.
template <typename Image>
void exchange_variables(ConnectionVariables& c, Image& image) {
    // A field that is added there has to be added here.
    static_assert(sizeof(ConnectionVariables) == 208);
    image(c.flow);
    image.up_to(c.state, State::time_wait);
    image(c.iss, c.snd_una, c.snd_nxt, c.snd_wl1, c.snd_wl2, c.snd_wnd, c.max_snd_wnd);
    image(c.irs, c.rcv_nxt, c.rcv_adv, c.last_ack_sent);
    image(c.ts_recent, c.ts_offset, c.last_sent_ms, c.last_data_ms, c.ts_recent_ms);
    image(c.max_gso, c.path_mtu, c.peer_mss, c.snd_mss);
    image(c.rto, c.fin_seq, c.accurate_ecn, c.delayed_ack_at, c.idle_at);
    image.handler(c.handler);
    image(c.generation, c.listener, c.tuning, c.retransmissions, c.segments_in, c.segments_out, c.snd_una_laps,
          c.rcv_nxt_laps, c.keepalive_probes, c.unacked_segments, c.quick_acks);
    image.up_to(c.ack_reason, SendReason::reset_timeout);
    exchange_bits(c, image);
}

void exchange_connection(const Engine&, const Connection& c, ImageWriter& image) {
    ConnectionVariables variables = c;
    exchange_variables(variables, image);
    image(c.congestion, c.outbox != nullptr, c.inbox != nullptr);
    if (c.outbox) exchange_outbox(*c.outbox, image);
    if (c.inbox) exchange_inbox(*c.inbox, image);
}

void exchange_connection(Engine& e, Connection& c, ImageReader& image) {
    exchange_variables(c, image);
    bool outbox = false, inbox = false;
    image(c.congestion, outbox, inbox);
    if (outbox) exchange_outbox(e.need_outbox(c), image);
    if (inbox) exchange_inbox(e.need_inbox(c), image);
}

/// What the code takes for granted of a connection, beyond what check_all looks at: what does not hold, or nothing.
std::string_view broken_promise(const Engine& e, const Connection& c) {
    if (c.listener != Slab<ListenEntry>::kNone && !e.listeners.slab.used(c.listener)) return "its listener exists";
    if (!e.tunings.has(c.tuning)) return "its tuning exists";
    // One that has gone to TIME-WAIT may still wait for its application.
    if (c.state == State::listen || (c.state == State::time_wait && !c.detached)) return "its state is a connection's";
    if (c.detached) {
        if (c.outbox && !c.outbox->recovery.board().empty()) return "an ended one has nothing in flight";
        return c.next_timer() != kNever ? "an ended one has no timer" : "";
    }
    if (c.state == State::closed) return "a closed one has ended";
    if (c.snd_mss == 0 && is_synchronized(c.state)) return "a full segment has data";
    if (c.snd_una > c.snd_nxt) return "SND.UNA =< SND.NXT";
    if (!is_synchronized(c.state) && c.snd_una < c.iss) return "ISS =< SND.UNA";
    if (is_synchronized(c.state) && c.snd_una != c.data_begin())
        return "the SYN of a synchronized one was acknowledged";
    if (c.snd_nxt > c.data_end() + (c.fin_sent ? 1 : 0)) return "what is in flight was queued";
    const Seq all = c.data_end() + (c.fin_queued ? 1 : 0);
    if ((c.persisting || c.probe_due) && !c.window_probed && c.snd_nxt >= all)
        return "a window probe has what it sends";
    if (!c.outbox) return c.in_flight() > 0 && is_synchronized(c.state) ? "what is in flight is kept" : "";
    const Scoreboard& board = c.outbox->recovery.board();
    const MtuProbe& probe = c.outbox->recovery.mtu_probe();
    if (board.empty()) return probe.is_in_flight() ? "a probe of the path is in flight" : "";
    if (board.front().begin < c.snd_una || board.back().end != c.snd_nxt) return "the scoreboard ends at SND.NXT";
    if (probe.is_in_flight() &&
        (probe.begin() < board.front().begin || probe.begin() >= probe.end() || probe.end() > board.back().end))
        return "a probe of the path is in flight";
    return "";
}

/// What one part of an image says of another: checked, and what follows from it made.
class Links {
  public:
    explicit Links(Engine& e) : e_(e), marks_seen_(e.accurate_ecn.end()) {}

    /// What does not hold; empty when all does.
    std::string_view restore() {
        for (std::uint32_t i = 0; i < e_.listeners.slab.end(); ++i)
            if (e_.listeners.slab.used(i) && !restore_listener(i)) return "an accept queue has connections";
        for (std::uint32_t i = 0; i < e_.connections.end(); ++i) {
            if (!e_.connections.used(i)) continue;
            if (const auto broken = broken_promise(e_, e_.connections[i]); !broken.empty()) return broken;
            if (!restore_connection(e_.connections[i])) return "a connection has a flow and counts of its own";
        }
        if (!restore_entries(e_.half_open.slab, FlowKind::half_open))
            return "a half-open entry has a listener and a flow of its own";
        if (!restore_entries(e_.time_wait.slab, FlowKind::time_wait))
            return "an entry in TIME-WAIT has a flow of its own";
        if (!e_.tunings.all_used()) return "a tuning is somebody's";
        if (with_marks_ != e_.accurate_ecn.size()) return "counts of marks are somebody's";
        count_half_open(e_);
        count_fast_open(e_);
        return {};
    }

  private:
    bool insert(const FlowKey& flow, FlowEntry entry) {
        const std::uint32_t hash = e_.hash(flow);
        if (e_.find(flow, hash).kind != FlowKind::none) return false;
        e_.flows.insert(hash, entry);
        return true;
    }

    bool restore_listener(std::uint32_t index) {
        const ListenEntry& listener = e_.listeners.slab[index];
        if (!e_.tunings.has(listener.tuning)) return false;
        e_.tunings.share(listener.tuning);
        std::vector<std::uint32_t> waiting(listener.accept_queue.begin(), listener.accept_queue.end());
        std::ranges::sort(waiting);
        const auto comes_from_it = [&](std::uint32_t i) {
            return e_.connections.used(i) && e_.connections[i].listener == index;
        };
        return std::ranges::adjacent_find(waiting) == waiting.end() && std::ranges::all_of(waiting, comes_from_it);
    }

    bool restore_connection(Connection& c) {
        e_.tunings.share(c.tuning);
        if (c.accurate_ecn != Slab<AccurateEcn>::kNone) {
            if (!e_.accurate_ecn.used(c.accurate_ecn) || marks_seen_[c.accurate_ecn]) return false;
            marks_seen_[c.accurate_ecn] = true;
            ++with_marks_;
        }
        if (c.fast_open_pending) ++e_.fast_open_pending;
        e_.timers_changed(c);
        return c.detached || insert(c.flow, {FlowKind::connection, c.index});
    }

    bool restore_entries(const auto& slab, FlowKind kind) {
        for (std::uint32_t i = 0; i < slab.end(); ++i) {
            if (!slab.used(i)) continue;
            const FlowKey& flow = slab[i].flow;
            const SocketAddress local{flow.local, flow.local_port};
            if (kind == FlowKind::half_open && e_.listeners.find(local) == Slab<ListenEntry>::kNone) return false;
            if (!insert(flow, {kind, i})) return false;
        }
        return true;
    }

    Engine& e_;
    std::vector<bool> marks_seen_;
    std::uint32_t with_marks_ = 0;
};

}  // namespace

// What is to be done in this round: mostly nothing, unless an application has called from outside.
template <typename Image, typename Mark>
void Engine::exchange_list(auto& self, auto& list, Image& image, Mark&& mark) {
    const std::size_t size = image.count(list.size());
    for (std::size_t i = 0; i < size && !image.failed(); ++i) {
        std::uint32_t index = 0;
        if constexpr (!Image::kReads) index = list.begin()[i]->index;
        image(index);
        if constexpr (Image::kReads) {
            image.require(self.connections.used(index) && mark(self.connections[index]));
            if (!image.failed()) list.push_back(&self.connections[index]);
        }
    }
}

template <typename Image>
void Engine::exchange(auto& self, Image& image) {
    image(self.last_cookie_at, self.last_packet_id, self.next_ephemeral, self.next_generation);
    image(self.challenge_second_, self.challenges_left_);
    for (auto& answered : self.answered_) {
        if (image.value(answered.at != Instant::min())) image(answered);
    }
    auto counters = std::bit_cast<std::array<std::uint64_t, sizeof(Counters) / 8>>(self.counters);
    image(counters);
    if constexpr (Image::kReads) self.counters = std::bit_cast<Counters>(counters);
    image(self.tunings);
    Slab<AccurateEcn>::exchange(self.accurate_ecn, image, [&](std::uint32_t, auto& marks) { image(marks); });
    Slab<Connection>::exchange(self.connections, image, [&](std::uint32_t i, auto& c) {
        if constexpr (Image::kReads) c.index = i;
        exchange_connection(self, c, image);
    });
    image(self.half_open, self.time_wait, self.listeners, self.fast_open_cache);
    exchange_list(self, self.ready_, image, [](Connection& c) {
        const bool first = !c.in_ready_list;
        c.in_ready_list = true;
        return first;
    });
    exchange_list(self, self.output_, image, [](Connection& c) {
        const bool first = !c.in_output_list;
        c.in_output_list = true;
        return first;
    });
    exchange_list(self, self.zombies_, image, [](Connection& c) {
        const bool first = !c.in_zombie_list;
        c.in_zombie_list = true;
        return first;
    });
    const std::size_t listeners = image.count(self.ready_listeners_.size());
    for (std::size_t i = 0; i < listeners && !image.failed(); ++i) {
        std::uint32_t index = 0;
        if constexpr (!Image::kReads) index = self.ready_listeners_.begin()[i];
        image(index);
        if constexpr (Image::kReads) {
            image.require(self.listeners.slab.used(index) && !self.listeners.slab[index].in_ready_list);
            if (image.failed()) break;
            self.listeners.slab[index].in_ready_list = true;
            self.ready_listeners_.push_back(index);
        }
    }
}

std::vector<std::byte> Engine::image() const {
    OctetWriter out;
    out.make_room();
    out.difference(now.time_since_epoch().count());
    ImageWriter image(out, now);
    exchange(*this, image);
    return {out.bytes().begin(), out.bytes().end()};
}

std::expected<void, std::string> Engine::restore(std::span<const std::byte> octets, ConnectionHandler* of_connections,
                                                 AcceptHandler* of_listeners) {
    OctetReader in(octets);
    const Duration since_epoch(in.difference());
    if (!is_near(since_epoch)) in.fail();
    if (!in.failed()) now = Instant(since_epoch);
    ImageReader image(in, now, pool, of_connections, of_listeners);
    exchange(*this, image);
    if (in.failed() || !in.at_end())
        return std::unexpected("the image of a stack ends early, or has a value that no stack has");
    if (const std::string_view what = Links(*this).restore(); !what.empty())
        return std::unexpected("the image of a stack: does not hold: " + std::string(what));
    if (const std::string broken = check_all(*this); !broken.empty())
        return std::unexpected("the image of a stack: " + broken);
    return {};
}

}  // namespace hourglass::tcp
