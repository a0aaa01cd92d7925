#include "hourglass/tcp/stack.h"

#include <algorithm>

#include "tcp/active_open.h"
#include "tcp/connection_info.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/handshake.h"
#include "tcp/invariants.h"
#include "tcp/observe.h"
#include "tcp/passive_open.h"
#include "tcp/path_mtu.h"

namespace hourglass::tcp {

Stack::Stack(const Settings& settings, const SipKey& secret, Network& network, BufferPool& pool)
    : engine_(std::make_unique<Engine>(settings, secret, network, pool)) {}

Stack::~Stack() = default;

std::expected<Stream, Error> Stack::connect(SocketAddress remote, const ConnectOptions& options) {
    if (engine_->inputs != nullptr) engine_->inputs->connect_called(remote, options);
    return open_active(*engine_, remote, options);
}

std::uint32_t Stack::fast_open_room(SocketAddress remote, const ConnectOptions& options) const {
    return tcp::fast_open_room(*engine_, remote, options);
}

std::expected<Listener, Error> Stack::listen(SocketAddress local, const ListenOptions& options) {
    if (engine_->inputs != nullptr) engine_->inputs->listen_called(local, options);
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
    count_fast_open(*engine_);
    tell_call(*engine_, {.local = local.address, .remote = {}, .local_port = local.port}, Call::listen);
    return engine_->listener_of(index);
}

void Stack::receive(Packet&& segment, const IpAddress& source, const IpAddress& destination, Instant now) {
    engine_->receive(std::move(segment), source, destination, now);
}

void Stack::unreachable(const FlowKey& flow, Seq seq, bool hard, Error told) {
    Engine& e = *engine_;
    if (e.inputs != nullptr) e.inputs->unreachable_told(flow, seq, hard, told);
    const FlowEntry entry = e.find(flow);
    const bool ends_opening = hard || e.settings.soft_errors_end_opening;
    // RFC 5927, section 4.1: about data that is in flight, or it is forged or stale.
    if (entry.kind == FlowKind::half_open && ends_opening && e.half_open.slab[entry.index].iss == seq)
        refuse_half_open(e, entry.index);
    if (entry.kind != FlowKind::connection) return;
    Connection& c = e.connections[entry.index];
    if (!c.is_in_flight(seq)) return;
    if (c.fast_open && c.state == State::syn_sent) on_fast_open_failure(e, c);
    if (!is_synchronized(c.state) && ends_opening) {
        ++e.counters.attempt_fails;
        e.finish(c, told, "ICMP error");
    } else {
        // RFC 5927, section 5.2: in a synchronized state a hard error is treated as a soft one.
        c.soft_error = told;
        c.notify_trouble = true;
        e.want_notify(c);
    }
}

void Stack::path_mtu(const FlowKey& flow, Seq seq, std::uint32_t mtu) {
    Engine& e = *engine_;
    if (e.inputs != nullptr) e.inputs->path_mtu_told(flow, seq, mtu);
    const FlowEntry entry = e.find(flow);
    const bool heeded = entry.kind == FlowKind::connection && heed_path_mtu(e, e.connections[entry.index], seq, mtu);
    ++(heeded ? e.counters.path_mtu_reports : e.counters.path_mtu_ignored);
}

void Stack::poll(Instant now) { engine_->poll(now); }
void Stack::advance(Instant now) {
    if (engine_->inputs != nullptr) engine_->inputs->advanced(now);
    engine_->now = std::max(engine_->now, now);
}
Instant Stack::next_deadline() { return engine_->next_deadline(); }
void Stack::number_packets_from(std::uint64_t first) { engine_->last_packet_id = first - 1; }
void Stack::set_observer(Observer* observer) { engine_->observer = observer; }

void Stack::set_input_tap(InputTap* tap) {
    engine_->inputs = tap;
    if (tap != nullptr) tap->attached(engine_->settings, engine_->secret, engine_->last_packet_id + 1);
}

std::vector<std::byte> Stack::image() const { return engine_->image(); }
std::expected<void, std::string> Stack::restore(std::span<const std::byte> image, ConnectionHandler* connections,
                                                AcceptHandler* listeners) {
    return engine_->restore(image, connections, listeners);
}

Stream Stack::stream(HandleId id) { return engine_->stream_of(id); }
Listener Stack::listener(HandleId id) { return engine_->listener_of(id); }
const Counters& Stack::counters() const { return engine_->counters; }
const Settings& Stack::settings() const { return engine_->settings; }
const Tuning& Stack::default_tuning() const { return engine_->tunings.defaults(); }
std::vector<ConnectionInfo> Stack::connections() const { return list_connections(*engine_); }
std::size_t Stack::size() const { return engine_->flows.size(); }
std::string Stack::check_invariants() const { return check_all(*engine_); }

}  // namespace hourglass::tcp
