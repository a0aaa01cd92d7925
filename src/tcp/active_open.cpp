// OPEN call, active (RFC 9293, section 3.10.1).

#include "tcp/active_open.h"

#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/isn.h"
#include "tcp/observe.h"

namespace hourglass::tcp {

namespace {

bool is_possible_remote(const SocketAddress& a) {
    return a.port != Port(0) && !a.address.is_unspecified() && !a.address.is_multicast() &&
           !a.address.is_limited_broadcast();
}

/// RFC 6056, section 3.3.3: from a place that the secret and the destination decide, the next port that is free.
std::expected<Port, Error> choose_port(Engine& e, FlowKey flow) {
    const std::uint32_t first = e.settings.first_ephemeral_port;
    const std::uint32_t count = e.settings.last_ephemeral_port - first + 1u;
    const std::uint32_t offset = port_offset(e.secret, flow);
    for (std::uint32_t tries = 0; tries < count; ++tries) {
        flow.local_port = Port(static_cast<std::uint16_t>(first + (offset + e.next_ephemeral++) % count));
        const std::uint32_t hash = e.hash(flow);
        e.flows.prefetch(hash);
        if (e.listeners.find({flow.local, flow.local_port}) == Slab<ListenEntry>::kNone &&
            e.find(flow, hash).kind == FlowKind::none)
            return flow.local_port;
    }
    return std::unexpected(Error::no_ports);
}

}  // namespace

std::expected<Stream, Error> open_active(Engine& e, SocketAddress remote, const ConnectOptions& options) {
    const IpAddress& wanted = options.local.address;
    const bool any = wanted == IpAddress() || wanted.is_unspecified();
    if (!is_possible_remote(remote) || (!any && wanted.is_v4() != remote.address.is_v4()))
        return std::unexpected(Error::bad_address);
    const auto path = e.path_to(remote.address, any ? IpAddress() : wanted);
    if (!path) return std::unexpected(Error::unreachable);

    FlowKey flow{any ? path->source : wanted, remote.address, options.local.port, remote.port};
    if (flow.local_port == Port(0)) {
        const auto port = choose_port(e, flow);
        if (!port) return std::unexpected(port.error());
        flow.local_port = *port;
    } else if (e.find(flow).kind != FlowKind::none) {
        return std::unexpected(Error::address_in_use);
    }
    Connection* c = e.make_connection(flow);
    if (c == nullptr) return std::unexpected(Error::limit_reached);

    if (options.tuning) set_tuning(e, *c, *options.tuning);
    prepare(e, *c, *path);
    choose_numbers(e, *c);
    c->handler = options.handler;
    c->fast_open = e.tuning(*c).fast_open;
    e.need_outbox(*c);
    c->syn_due = true;
    ++e.counters.active_opens;
    tell_call(e, flow, Call::connect);
    e.change_state(*c, State::syn_sent, "OPEN call");
    e.want_output(*c);
    return e.stream_of(*c);
}

}  // namespace hourglass::tcp
