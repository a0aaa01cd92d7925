#include "hourglass/tcp/stack.h"

#include <algorithm>

#include "tcp/active_open.h"
#include "tcp/connection_info.h"
#include "tcp/engine.h"
#include "tcp/handshake.h"
#include "tcp/invariants.h"
#include "tcp/passive_open.h"

namespace hourglass::tcp {

Stack::Stack(const Settings& settings, const SipKey& secret, Network& network, BufferPool& pool)
    : engine_(std::make_unique<Engine>(settings, secret, network, pool)) {}

Stack::~Stack() = default;

std::expected<Stream, Error> Stack::connect(SocketAddress remote, const ConnectOptions& options) {
    return open_active(*engine_, remote, options);
}

std::expected<Listener, Error> Stack::listen(SocketAddress local, const ListenOptions& options) {
    if (local.port == Port(0) || local.address.is_multicast() || local.address.is_limited_broadcast())
        return std::unexpected(Error::bad_address);
    ListenerTable& table = engine_->listeners;
    if (table.find_exact(local) != Slab<ListenEntry>::kNone) return std::unexpected(Error::address_in_use);
    const std::uint32_t index = table.slab.make();
    if (index == Slab<ListenEntry>::kNone) return std::unexpected(Error::limit_reached);
    ListenEntry& entry = table.slab[index];
    entry.local = local;
    entry.options = options;
    entry.generation = engine_->next_generation++;
    if (options.tuning) set_tuning(*engine_, entry, *options.tuning);
    entry.rcv_wscale = window_shift(engine_->settings, options.tuning.value_or(default_tuning()).receive_buffer);
    table.insert(index);
    count_half_open(*engine_);
    return engine_->listener_of(index);
}

void Stack::receive(Packet&& segment, const IpAddress& source, const IpAddress& destination, Instant now) {
    engine_->receive(std::move(segment), source, destination, now);
}

void Stack::unreachable(const FlowKey& flow, Seq seq, bool hard) {
    Engine& e = *engine_;
    const FlowEntry entry = e.find(flow);
    // RFC 5927, section 4.1: about data that is in flight, or it is forged or stale.
    if (entry.kind == FlowKind::half_open && hard && e.half_open.slab[entry.index].iss == seq) {
        ++e.counters.attempt_fails;
        remove_half_open(e, entry.index);
    }
    if (entry.kind != FlowKind::connection) return;
    Connection& c = e.connections[entry.index];
    if (!(seq >= c.snd_una && seq < c.snd_nxt)) return;
    if (!is_synchronized(c.state) && hard) {
        ++e.counters.attempt_fails;
        e.finish(c, Error::refused, "ICMP hard error");
    } else {
        // RFC 5927, section 5.2: in a synchronized state a hard error is treated as a soft one.
        c.soft_error = Error::unreachable;
        c.notify_trouble = true;
        e.want_notify(c);
    }
}

void Stack::path_mtu(const FlowKey& flow, Seq seq, std::uint32_t mtu) {
    Engine& e = *engine_;
    const FlowEntry entry = e.find(flow);
    if (entry.kind != FlowKind::connection) return;
    Connection& c = e.connections[entry.index];
    if (!(seq >= c.snd_una && seq < c.snd_nxt) || mtu >= c.path_mtu) return;
    // RFC 1191, section 3, and RFC 8201, section 4: no path is narrower.
    c.path_mtu = static_cast<std::uint16_t>(std::max<std::uint32_t>(mtu, flow.remote.is_v4() ? 68 : 1280));
    if (!is_synchronized(c.state)) return;
    update_segment_size(e, c);
    if (c.outbox) {
        c.outbox->recovery.on_refused(c.outstanding());
        e.want_output(c);
    }
}

void Stack::poll(Instant now) { engine_->poll(now); }
void Stack::advance(Instant now) { engine_->now = std::max(engine_->now, now); }
Instant Stack::next_deadline() { return engine_->next_deadline(); }
void Stack::set_observer(Observer* observer) { engine_->observer = observer; }
const Counters& Stack::counters() const { return engine_->counters; }
const Settings& Stack::settings() const { return engine_->settings; }
const Tuning& Stack::default_tuning() const { return engine_->tunings.defaults(); }
std::vector<ConnectionInfo> Stack::connections() const { return list_connections(*engine_); }
std::size_t Stack::size() const { return engine_->flows.size(); }
std::string Stack::check_invariants() const { return check_all(*engine_); }

}  // namespace hourglass::tcp
