// TCP Fast Open at the end that opens (RFC 7413, section 4.2).

#include <algorithm>

#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/fast_open_cookie.h"
#include "tcp/handshake.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

/// The MSS counts options as data (RFC 6691), and a SYN may be full of them.
constexpr std::uint32_t kOptionSpace = wire::TcpOptions::kMaxSize;

/// Section 4.2.2: without room for it the handshake is an ordinary one. The longest cookie takes the last octet that
/// the other options leave.
bool fits(const wire::TcpOptions& options) { return options.size() <= wire::TcpOptions::kMaxSize; }

}  // namespace

bool may_ask_for_fast_open(const Engine& e, const Connection& c) {
    return e.settings.fast_open.client && !e.fast_open_cache.is_refused(c.flow, e.now);
}

std::uint32_t room_in_syn(const Engine& e, const Connection& c) {
    if (!c.fast_open) return 0;
    std::uint32_t mss = c.peer_mss;  // the default, which holds where none is known
    if (const auto* known = e.fast_open_cache.find(c.flow)) {
        wire::TcpOptions options;
        add_syn_options(e, c, options);
        if (!options.fast_open_present) return 0;
        mss = known->mss;
    } else if (e.settings.fast_open.client_needs_cookie) {
        return 0;
    }
    mss = std::min(mss, local_mss(e, c));
    return mss > kOptionSpace ? mss - kOptionSpace : 0;
}

std::uint32_t fast_open_room(const Engine& e, const SocketAddress& remote, const ConnectOptions& options) {
    const auto path = e.network.path_to(remote.address, options.local.address);
    if (!path) return 0;
    Connection c;
    c.state = State::syn_sent;
    c.flow = {path->source, remote.address, options.local.port, remote.port};
    prepare(e, c, *path);
    c.fast_open = may_ask_for_fast_open(e, c);
    const std::uint32_t room = room_in_syn(e, c);
    const std::uint32_t mss = options.tuning ? options.tuning->mss_limit : std::uint32_t{UINT16_MAX};
    return std::min(room, mss > kOptionSpace ? mss - kOptionSpace : 0);
}

void add_fast_open_option(const Engine& e, const Connection& c, wire::TcpOptions& options) {
    // Sections 4.2.1 and 4.2.2: neither a SYN nor a SYN-ACK that is sent again has it.
    if (c.syn_lost) return;
    wire::TcpOptions with = options;
    with.fast_open_present = true;
    if (c.state != State::syn_sent)
        with.fast_open = make_fast_open_cookie(e.settings.fast_open, e.secret, c.flow, e.now);
    else if (const auto* known = e.fast_open_cache.find(c.flow))
        with.fast_open = known->cookie;
    else if (!e.settings.fast_open.client_needs_cookie)
        return;
    if (fits(with)) options = with;
}

void take_fast_open_answer(Engine& e, Connection& c, const Segment& syn_ack) {
    const std::uint32_t sent = c.in_flight() - 1, taken = static_cast<std::uint32_t>(syn_ack.ack - c.iss) - 1;
    const wire::TcpOptions& options = syn_ack.options;
    const bool had_cookie = e.fast_open_cache.use(c.flow) != nullptr;
    c.fast_open = false;
    c.syn_data = taken > 0;
    if (options.fast_open_present && options.fast_open.size > 0) {
        e.fast_open_cache.learn(c.flow, options.fast_open, c.peer_mss);
    } else if (taken == 0 && (c.syn_lost || sent > 0 || !had_cookie)) {
        // The data was refused, or the request; or, after a SYN without either had to be sent, one of them is what
        // does not get through.
        on_fast_open_failure(e, c);
    } else if (options.mss) {
        e.fast_open_cache.learn_mss(c.flow, c.peer_mss);
    }
    if (sent > 0 && taken < sent) ++e.counters.fast_open_active_failed;
}

void on_fast_open_failure(Engine& e, const Connection& c) {
    e.fast_open_cache.refuse(c.flow, e.now + e.settings.fast_open.retry_after);
}

void settle_syn_data(Engine& e, Connection& c) {
    Outbox& o = *c.outbox;
    o.data.consume(static_cast<std::uint32_t>(c.snd_una - c.iss) - 1);
    if (c.in_flight() == 0) return;
    // Section 4.2.2: "The client SHOULD retransmit any unacknowledged data in the first ACK packet".
    const Seq end = c.snd_nxt;
    c.snd_nxt = c.snd_una;
    record_sent(e, c, c.snd_una, end);
    c.snd_nxt = end;
    o.recovery.on_refused(c.outstanding());
}

}  // namespace hourglass::tcp
