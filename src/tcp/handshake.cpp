#include "tcp/handshake.h"

#include <algorithm>
#include <span>

#include "tcp/close.h"
#include "tcp/ecn.h"
#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/isn.h"
#include "tcp/mtu_probing.h"
#include "tcp/observe.h"
#include "tcp/path_mtu.h"
#include "tcp/receiver.h"
#include "tcp/timers.h"

namespace hourglass::tcp {

namespace {

constexpr std::uint8_t kMaxShift = 14;  // RFC 7323, section 2.3

/// RFC 9293, section 3.7.1: assumed when the peer sends no MSS option.
std::uint16_t default_mss(const Connection& c) { return c.flow.remote.is_v4() ? 536 : 1220; }

/// What a datagram of `mtu` octets carries without options.
std::uint32_t payload_of(std::uint32_t mtu, const Connection& c) {
    const std::uint32_t space = header_space(c);
    return mtu > space ? mtu - space : 536;
}

/// The shift that lets the header express the whole buffer.
std::uint8_t scale_for(std::uint32_t buffer) {
    std::uint8_t shift = 0;
    while (shift < kMaxShift && (buffer >> shift) > 65535) ++shift;
    return shift;
}

}  // namespace

std::uint8_t window_shift(const Settings& s, std::uint32_t receive_buffer) {
    if (!s.window_scaling) return 0;
    return scale_for(std::min(std::max(receive_buffer, s.receive_buffer_max), std::uint32_t{1} << 30));
}

std::uint32_t receive_limit(const Engine& e, const Connection& c) {
    const Tuning& t = e.tuning(c);
    const std::uint32_t limit = std::min(t.receive_buffer, e.settings.window_scaling ? std::uint32_t{1} << 30 : 65535u);
    return t.window_clamp == 0 ? limit : std::min(limit, t.window_clamp);
}

std::uint32_t local_mss(const Engine& e, const Connection& c) {
    return std::min<std::uint32_t>(payload_of(c.mtu_reduced ? link_mtu(e, c) : c.path_mtu, c), e.tuning(c).mss_limit);
}

std::uint32_t timestamp_now(const Engine& e, const Connection& c) { return milliseconds(e.now) + c.ts_offset; }

void prepare(const Engine& e, Connection& c, const Path& path) {
    c.path_mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(path.mtu, 65535));
    if (path.learned) [[unlikely]]
        begin_path_mtu(e, c, path);
    c.max_gso = static_cast<std::uint16_t>(std::min<std::uint32_t>(path.max_gso, 65535));
    c.checksum_offload = path.checksum_offload;
    c.peer_mss = default_mss(c);
    c.window_scaling = e.settings.window_scaling;
    c.timestamps = e.settings.timestamps;
    c.sack = e.settings.sack;
    // A listener's handshakes all have the shift that it began with: no half-open entry has to remember its own.
    const bool passive = c.listener != Slab<ListenEntry>::kNone;
    c.rcv_wscale =
        (passive ? e.listeners.slab[c.listener].rcv_wscale : window_shift(e.settings, e.tuning(c).receive_buffer)) & 15;
    c.rto = {};
}

void choose_numbers(const Engine& e, Connection& c) {
    const FlowOffsets offsets = flow_offsets(e.secret, c.flow);
    c.iss = c.snd_una = c.snd_nxt = Seq(offsets.sequence_number);
    c.ts_offset = offsets.timestamp;
}

void add_syn_options(const Engine& e, const Connection& c, wire::TcpOptions& options) {
    options.mss = static_cast<std::uint16_t>(local_mss(e, c));
    if (c.window_scaling) options.window_scale = c.rcv_wscale;
    options.sack_permitted = c.sack;
    if (c.timestamps) options.timestamps = {timestamp_now(e, c), c.state == State::syn_sent ? 0 : c.ts_recent};
    if (c.fast_open) [[unlikely]]
        add_fast_open_option(e, c, options);
}

void learn_from_syn(Engine& e, Connection& c, const Segment& syn) {
    const std::uint32_t promised = c.rcv_wnd();  // by our own SYN, when we sent one
    c.irs = syn.seq;
    c.rcv_nxt = syn.seq + 1;
    c.rcv_adv = c.rcv_nxt + promised;
    c.last_ack_sent = c.rcv_nxt;
    c.snd_wnd = syn.wnd;  // never scaled in a SYN (RFC 7323, section 2.2)
    c.max_snd_wnd = syn.wnd;
    c.snd_wl1 = syn.seq;
    c.snd_wl2 = syn.ack;

    learn_ecn_from_syn(e, c, syn);
    const wire::TcpOptions& o = syn.options;
    // An MSS below what RFC 879 thinks possible would make us send headers for nothing.
    if (o.mss) c.peer_mss = std::max<std::uint16_t>(*o.mss, 64);
    c.window_scaling = c.window_scaling && o.window_scale.has_value();
    if (c.window_scaling) c.snd_wscale = std::min(*o.window_scale, kMaxShift) & 15;
    c.sack = c.sack && o.sack_permitted;
    c.timestamps = c.timestamps && o.timestamps.has_value();
    if (c.timestamps) {
        c.ts_recent = o.timestamps->value;
        c.ts_recent_ms = milliseconds(e.now);
    }
}

void update_segment_size(const Engine& e, Connection& c) {
    const std::uint32_t options = c.timestamps ? kTimestampSpace : 0;
    const std::uint32_t mss =
        std::min({payload_of(c.path_mtu, c), std::uint32_t{c.peer_mss}, std::uint32_t{e.tuning(c).mss_limit}});
    c.snd_mss = static_cast<std::uint16_t>(mss > options + 8 ? mss - options : 8);
}

void send_syn(Engine& e, Connection& c) {
    c.syn_due = false;
    Outbox& outbox = e.need_outbox(c);
    const bool again = outbox.unanswered_since != kNever;
    const bool active = c.state == State::syn_sent;
    // A connection that opened fast has chosen its numbers already, and its SYN-ACK is behind SND.UNA.
    const bool first = !again && !c.fast_open_pending;
    // Chosen when the SYN leaves: only now is it known what time it is.
    if (first) c.snd_una = c.iss += sequence_clock(e.now);
    if (active && e.settings.ecn >= EcnUse::request) [[unlikely]]
        ask_for_ecn(e, c, outbox.retries);
    if (c.fast_open && active && !again) c.fast_open = may_ask_for_fast_open(e, c);
    const std::uint32_t data = active && !again ? std::min(room_in_syn(e, c), c.send_queue_size()) : 0;
    if (data > 0) ++e.counters.fast_open_active;
    if (first) c.snd_nxt = c.iss + 1 + data;
    outbox.syn_sent_at = again ? kNever : e.now;  // Karn's algorithm
    emit(e, c,
         {.seq = c.iss,
          .flags = wire::TcpFlags::kSyn,
          .data_size = data,
          .reason = outbox.retries > 0 ? SendReason::retransmit_timeout
                    : active           ? SendReason::active_open
                                       : SendReason::passive_open,
          .retransmission = outbox.retries > 0});
    if (!again) outbox.unanswered_since = e.now;
    outbox.retransmit_at = next_attempt(e, c);
    e.timers_changed(c);
}

void begin_congestion_control(Engine& e, Connection& c, std::uint32_t window) {
    const Congestion algorithm = e.tuning(c).congestion;
    const bool random = algorithm == Congestion::bbr;
    c.congestion = CongestionControl(
        algorithm, {.initial_window = window,
                    .seed = random ? siphash(e.secret, std::as_bytes(std::span(&c.generation, 1))) : 0,
                    .srtt = c.rto.srtt(),
                    .now = e.now});
}

void establish(Engine& e, Connection& c, const Segment& seg, Literal trigger) {
    if (c.has_ecn()) [[unlikely]]
        seg.view.flags().syn() ? learn_ecn_from_syn_ack(e, c, seg) : learn_ecn_from_third_segment(e, c, seg);
    const bool syn_had_data = c.snd_nxt != c.iss + 1;
    c.snd_una = seg.ack;
    c.snd_wl1 = seg.seq;
    c.snd_wl2 = seg.ack;
    // The third segment's window is scaled, a SYN-ACK's is not.
    c.snd_wnd = seg.view.flags().syn() ? seg.wnd : seg.wnd << c.snd_wscale;
    c.max_snd_wnd = std::max(c.max_snd_wnd, c.snd_wnd);
    if (e.tuning(c).mtu_probing == MtuProbing::always) [[unlikely]]
        begin_mtu_probing(e, c);
    update_segment_size(e, c);
    c.quick_acks = e.settings.quick_acks;
    settle_handshake_timer(e, c);
    begin_congestion_control(e, c, initial_window(c.snd_mss, e.settings.initial_window_segments));
    note_handshake_loss(c);
    if (syn_had_data) [[unlikely]]
        settle_syn_data(e, c);
    // A simultaneous open whose SYN-ACK had not left yet: an ACK is enough now.
    if (c.syn_due) ack_now(e, c, SendReason::handshake_ack);
    c.syn_due = false;
    c.wants_writable = false;
    tell_parameters(e, c);
    enter_established(e, c, trigger);
}

void settle_handshake_timer(Engine& e, Connection& c) {
    if (!c.outbox) return;
    Outbox& o = *c.outbox;
    o.retransmit_at = kNever;
    if (o.syn_sent_at != kNever) c.rto.on_handshake(e.now - o.syn_sent_at, e.now);
    o.syn_sent_at = kNever;
    o.retries = 0;
}

void note_handshake_loss(Connection& c) {
    if (!c.syn_lost) return;
    c.rto.on_handshake_timeout();
    c.congestion.on_handshake_loss(c.snd_mss);
}

void enter_established(Engine& e, Connection& c, Literal trigger) {
    e.change_state(c, State::established, trigger);
    if (c.keepalive) set_idle_timer(e, c);
    if (c.fin_queued) begin_close(e, c, "CLOSE call in the handshake");
    c.notify_established = true;
    e.want_notify(c);
    e.want_output(c);
}

}  // namespace hourglass::tcp
