// The user calls SEND, RECEIVE, CLOSE and ABORT (RFC 9293, section 3.10) on a Stream, and the calls on a Listener.

#include <algorithm>

#include "tcp/close.h"
#include "tcp/connection_info.h"
#include "tcp/emit.h"
#include "tcp/engine.h"
#include "tcp/fast_open.h"
#include "tcp/observe.h"
#include "tcp/passive_open.h"
#include "tcp/sender.h"
#include "tcp/urgent.h"

namespace hourglass::tcp {

namespace {

/// What was taken away from the receive queue may let the window open, or let an ended connection go.
void after_reading(Engine& e, Connection& c) {
    if (c.notify_closed && c.receive_queue_size() == 0) e.want_notify(c);
    c.was_read = true;
    if (!c.detached) e.want_output(c);
}

/// RFC 9293, section 3.10.5: once both FINs have been sent the TCB is deleted without a word, unless text is lost by it
/// (section 3.6.1).
bool abort_tells_peer(const Connection& c) {
    if (c.state == State::closing || c.state == State::last_ack) return !c.fin_sent || c.receive_queue_size() > 0;
    return c.state == State::syn_received || is_synchronized(c.state);
}

[[gnu::noinline]] void abort_connection(Engine& e, Connection& c, SendReason reason, Error error) {
    if (!c.detached) {
        if (abort_tells_peer(c)) emit_reset(e, c, reason);
        e.finish(c, error, "ABORT call");
    }
    c.released = true;
    c.inbox.reset();
    c.notify_readable = c.notify_writable = c.notify_established = false;
    c.notify_closed = true;
    e.want_notify(c);
}

/// What ended before the application closed it goes with all that was not read.
[[gnu::cold]] void release_ended(Engine& e, Connection& c) {
    c.released = true;
    c.inbox.reset();
    c.notify_closed = true;
    e.want_notify(c);
}

void attach_handler(Engine& e, Connection& c, ConnectionHandler* handler) {
    c.handler = handler;
    if (handler == nullptr) return;
    // What happened before somebody listened is told now.
    c.notify_readable = c.receive_queue_size() > 0 || c.fin_received;
    if (c.notify_readable || c.notify_established || c.notify_closed) e.want_notify(c);
}

}  // namespace

Connection* Stream::find() const { return engine_ == nullptr ? nullptr : engine_->connection_of(*this); }

std::size_t queue_to_send(Engine& e, Connection& c, std::span<const std::byte> bytes) {
    const std::size_t n = std::min(bytes.size(), room_to_send(e, c));
    if (n < bytes.size()) c.wants_writable = true;
    tell_call(e, c.flow, Call::send, bytes.size(), n);
    if (n == 0) return 0;
    e.need_outbox(c).data.append(bytes.first(n), e.pool);
    e.want_output(c);
    return n;
}

std::size_t Stream::send(std::span<const std::byte> bytes) {
    Connection* c = find();
    if (c == nullptr) return 0;
    engine_->tell_tap(StreamCall::send, *c, bytes.size());
    return queue_to_send(*engine_, *c, bytes);
}

std::size_t Stream::send(Slice bytes) {
    Connection* c = find();
    if (c == nullptr) return 0;
    engine_->tell_tap(StreamCall::send, *c, bytes.size());
    const std::size_t n = std::min(bytes.size(), room_to_send(*engine_, *c));
    if (n < bytes.size()) c->wants_writable = true;
    tell_call(*engine_, c->flow, Call::send, bytes.size(), n);
    if (n == 0) return 0;
    bytes.truncate(n);
    engine_->need_outbox(*c).data.append(std::move(bytes));
    engine_->want_output(*c);
    return n;
}

std::size_t Stream::writable() const {
    const Connection* c = find();
    return c == nullptr ? 0 : room_to_send(*engine_, *c);
}

void Stream::want_writable() {
    Connection* c = find();
    if (c == nullptr) return;
    engine_->tell_tap(StreamCall::want_writable, *c);
    c->wants_writable = true;
}

std::size_t Stream::receive(std::span<std::byte> out) {
    Connection* c = find();
    if (c == nullptr || !c->inbox) return 0;
    const std::size_t n = c->inbox->data.take(out.first(begin_read(*engine_, *c, out.size())));
    engine_->tell_tap(StreamCall::receive, *c, out.size(), n);
    end_read(*c);
    tell_call(*engine_, c->flow, Call::receive, out.size(), n);
    after_reading(*engine_, *c);
    return n;
}

Slice Stream::receive_slice(std::size_t max) {
    Connection* c = find();
    if (c == nullptr || c->receive_queue_size() == 0 || max == 0) return {};
    max = begin_read(*engine_, *c, max);
    Slice piece = max > 0 ? c->inbox->data.take(max) : Slice();
    // How the bytes lie in buffers is no business of who watches: it asked for what it got.
    const std::size_t asked = std::max<std::size_t>(piece.size(), 1);
    engine_->tell_tap(StreamCall::receive, *c, asked, piece.size());
    end_read(*c);
    tell_call(*engine_, c->flow, Call::receive, asked, piece.size());
    after_reading(*engine_, *c);
    return piece;
}

std::size_t Stream::peek(std::span<std::byte> out, std::size_t offset) const {
    const std::size_t there = readable();
    if (offset >= there) return 0;
    const std::size_t n = std::min(out.size(), there - offset);
    find()->inbox->data.copy(offset, out.first(n));
    return n;
}

std::size_t Stream::readable() const {
    const Connection* c = find();
    if (c == nullptr || c->receive_queue_size() == 0) return 0;
    return engine_->tuning(*c).urgent_inline ? c->receive_queue_size() : readable_out_of_line(*c);
}

bool Stream::at_end() const {
    const Connection* c = find();
    return c == nullptr ||
           (c->receive_queue_size() == 0 && (c->fin_received || c->receive_shut || c->error != Error::none));
}

std::size_t Stream::unacknowledged() const {
    const Connection* c = find();
    return c == nullptr ? 0 : c->send_queue_size();
}

std::size_t Stream::unsent() const {
    const Connection* c = find();
    if (c == nullptr || c->send_queue_size() == 0) return 0;
    return tcp::unsent(*c);
}

void Stream::shutdown() {
    Connection* c = find();
    if (c == nullptr || c->detached || c->fin_queued || !may_send(c->state)) return;
    engine_->tell_tap(StreamCall::shutdown, *c);
    tell_call(*engine_, c->flow, Call::shutdown);
    begin_close(*engine_, *c, "CLOSE call");
}

void Stream::shutdown_receive() {
    Connection* c = find();
    if (c == nullptr) return;
    engine_->tell_tap(StreamCall::shutdown_receive, *c);
    tell_call(*engine_, c->flow, Call::shutdown_receive);
    c->receive_shut = true;
    c->notify_readable = true;
    engine_->want_notify(*c);
}

void Stream::close() {
    Connection* c = find();
    if (c == nullptr || c->released) return;
    engine_->tell_tap(StreamCall::close, *c);
    tell_call(*engine_, c->flow, Call::close);
    if (c->detached) return release_ended(*engine_, *c);
    // "If the application closes with data unread, a RST SHOULD be sent" (RFC 9293, section 3.6.1, and RFC 2525,
    // section 2.17). In SYN-SENT there is nothing to close: the TCB is deleted.
    const bool by_reset = engine_->tuning(*c).linger == Duration::zero();
    if (c->state == State::syn_sent || c->receive_queue_size() > 0 || by_reset)
        return abort_connection(*engine_, *c, SendReason::reset_abort, Error::aborted);
    c->released = true;
    c->notify_readable = false;
    c->idle_due = c->state == State::fin_wait_2;
    engine_->want_output(*c);
    if (!c->fin_queued) begin_close(*engine_, *c, "CLOSE call");
}

void Stream::abort() {
    Connection* c = find();
    if (c == nullptr) return;
    engine_->tell_tap(StreamCall::abort, *c);
    tell_call(*engine_, c->flow, Call::abort);
    abort_connection(*engine_, *c, SendReason::reset_abort, Error::aborted);
}

void Stream::set_handler(ConnectionHandler* handler) {
    Connection* c = find();
    if (c == nullptr) return;
    engine_->tell_tap(StreamCall::set_handler, *c, handler != nullptr ? 1 : 0);
    attach_handler(*engine_, *c, handler);
}

void Stream::set_no_delay(bool on) {
    Connection* c = find();
    if (c == nullptr) return;
    engine_->tell_tap(StreamCall::set_no_delay, *c, on ? 1 : 0);
    c->no_delay = on;
    engine_->want_output(*c);
}

void Stream::set_keepalive(bool on) {
    Connection* c = find();
    if (c == nullptr || c->detached) return;
    engine_->tell_tap(StreamCall::set_keepalive, *c, on ? 1 : 0);
    c->keepalive = on;
    c->keepalive_probes = 0;
    c->idle_due = true;
    engine_->want_output(*c);
}

Error Stream::error() const {
    const Connection* c = find();
    if (c == nullptr) return Error::none;
    return c->error != Error::none && !c->error_taken ? c->error : c->soft_error;
}

Error Stream::take_error() {
    const Error error = this->error();
    Connection* c = find();
    if (error == Error::none) return error;
    engine_->tell_tap(StreamCall::take_error, *c);
    if (c->error != Error::none) c->error_taken = true;
    c->soft_error = Error::none;
    return error;
}

bool Stream::exists() const { return find() != nullptr; }

State Stream::state() const {
    const Connection* c = find();
    return c == nullptr ? State::closed : c->state;
}

SocketAddress Stream::local() const {
    const Connection* c = find();
    return c == nullptr ? SocketAddress{} : SocketAddress{c->flow.local, c->flow.local_port};
}

SocketAddress Stream::remote() const {
    const Connection* c = find();
    return c == nullptr ? SocketAddress{} : SocketAddress{c->flow.remote, c->flow.remote_port};
}

ConnectionInfo Stream::info() const {
    const Connection* c = find();
    return c == nullptr ? ConnectionInfo{} : info_of(*engine_, *c);
}

// --- Listener

std::optional<Stream> Listener::accept(ConnectionHandler* handler) {
    ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    if (entry == nullptr || entry->accept_queue.empty()) return std::nullopt;
    if (engine_->inputs != nullptr) engine_->inputs->accept_called(id(), handler != nullptr);
    Connection& c = engine_->connections[entry->accept_queue.front()];
    entry->accept_queue.pop_front();
    c.listener = Slab<ListenEntry>::kNone;
    attach_handler(*engine_, c, handler);
    tell_call(*engine_, c.flow, Call::accept);
    tell_queue(*engine_, c.flow, QueueChanged::Queue::accept, QueueChanged::Change::left, *entry);
    return engine_->stream_of(c);
}

void Listener::close() {
    ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    if (entry == nullptr) return;
    Engine& e = *engine_;
    if (e.inputs != nullptr) e.inputs->listener_closed(id());
    for (std::uint32_t i = 0; i < e.half_open.slab.end(); ++i) {
        if (!e.half_open.slab.used(i)) continue;
        const FlowKey& flow = e.half_open.slab[i].flow;
        if (e.listeners.find({flow.local, flow.local_port}) == index_)
            remove_half_open(e, i, QueueChanged::Change::removed);
    }
    const auto waiting = std::exchange(entry->accept_queue, {});
    for (const std::uint32_t i : waiting) {
        Connection& c = e.connections[i];
        c.listener = Slab<ListenEntry>::kNone;
        abort_connection(e, c, SendReason::reset_abort, Error::aborted);
    }
    e.listeners.erase(index_);
    count_fast_open(e);
    e.tunings.release(entry->tuning);
    e.listeners.slab.give_back(index_);
}

SocketAddress Listener::local() const {
    const ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    return entry == nullptr ? SocketAddress{} : entry->local;
}

std::uint32_t Listener::accept_queue_length() const {
    const ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    return entry == nullptr ? 0 : static_cast<std::uint32_t>(entry->accept_queue.size());
}

std::uint32_t Listener::half_open_count() const {
    const ListenEntry* entry = engine_ == nullptr ? nullptr : engine_->listener_entry_of(*this);
    return entry == nullptr ? 0 : entry->half_open;
}

bool Listener::exists() const { return engine_ != nullptr && engine_->listener_entry_of(*this) != nullptr; }

}  // namespace hourglass::tcp
