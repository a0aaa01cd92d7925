#include "tcp/stateless_open.h"

#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/isn.h"
#include "tcp/passive_open.h"
#include "tcp/syn_cookie.h"

namespace hourglass::tcp {

Disposition answer_with_cookie(Engine& e, Connection& c, const Segment& syn) {
    SynCookie cookie{.mss = c.peer_mss};
    // Without timestamps nothing brings these back: the options are not agreed to.
    if (c.timestamps && c.window_scaling) cookie.window_scale = std::uint8_t{c.snd_wscale};
    c.window_scaling = cookie.window_scale.has_value();
    c.sack = c.sack && c.timestamps;
    cookie.sack_permitted = c.sack;

    c.iss = cookie.sequence_number(e.secret, c.flow, syn.seq, e.now);
    c.snd_una = c.iss;
    c.snd_nxt = c.iss + 1;
    // The clock must not run backwards for the segments that follow: the bits replace what is at most 63 ms ahead of
    // it.
    const std::uint32_t clock = timestamp_now(e, c);
    std::uint32_t stamp = (clock & ~SynCookie::kTimestampMask) | cookie.timestamp_bits();
    if (static_cast<std::int32_t>(stamp - clock) > 0) stamp -= SynCookie::kTimestampMask + 1;
    c.ts_offset += stamp - clock;

    ++e.counters.syn_cookies_sent;
    e.last_cookie_at = e.now;
    c.state = State::syn_received;
    c.ecn_mode = EcnMode::none;  // the cookie has no room to remember a grant
    emit(e, c, {.seq = c.iss, .flags = wire::TcpFlags::kSyn, .reason = SendReason::syn_cookie});
    return {Verdict::accepted, "RFC 4987 3.6"};
}

std::optional<Connection> connection_from_cookie(Engine& e, std::uint32_t listener, const Segment& seg) {
    if (!seg.flags.ack() || seg.flags.syn() || seg.flags.rst()) return std::nullopt;
    // Guesses are not even looked at unless a cookie is out.
    if (e.last_cookie_at == kNever || e.now - e.last_cookie_at > 2 * SynCookie::kLifetime) return std::nullopt;
    const auto& timestamps = seg.options.timestamps;
    SynCookie cookie;
    if (timestamps && e.settings.timestamps) cookie = SynCookie::from_timestamp(timestamps->echo_reply);
    const Seq iss = seg.ack - 1, irs = seg.seq - 1;
    const auto path = e.path_to(seg.flow.remote, seg.flow.local);
    if (!path || !cookie.restore(iss, e.secret, seg.flow, irs, e.now)) {
        ++e.counters.syn_cookies_failed;
        return std::nullopt;
    }

    ++e.counters.syn_cookies_accepted;
    Connection c = in_syn_received(e, seg.flow, listener, iss, irs);
    c.peer_mss = cookie.mss;
    c.timestamps = c.timestamps && timestamps.has_value();
    c.window_scaling = c.window_scaling && cookie.window_scale.has_value();
    c.snd_wscale = cookie.window_scale.value_or(0) & 15;
    c.sack = c.sack && cookie.sack_permitted;
    if (c.timestamps) {
        c.ts_offset = flow_offsets(e.secret, seg.flow).timestamp;
        c.ts_recent = timestamps->value;
    }
    return c;
}

}  // namespace hourglass::tcp
