// Urgent data (RFC 9293, section 3.8.5; RFC 6093): the pointer names the octet that follows the last urgent one.

#include "tcp/urgent.h"

#include <algorithm>
#include <array>

#include "tcp/engine.h"
#include "tcp/receiver.h"
#include "tcp/sender.h"

namespace hourglass::tcp {

namespace {

bool is_urgent(const Connection& c) { return c.inbox && c.inbox->urgent; }

/// The last urgent octet.
Seq mark(const Connection& c) { return c.inbox->rcv_up - 1; }

bool mark_has_arrived(const Connection& c) { return mark(c) < c.read_nxt() + c.receive_queue_size(); }

}  // namespace

void take_urgent_pointer(Engine& e, Connection& c, const Segment& seg) {
    if (!seg.view.flags().urg() || c.fin_received) return;
    const Seq up = seg.view.seq() + (seg.view.flags().syn() ? 1 : 0) + seg.view.urgent_pointer();
    // Nothing is urgent in what has been read, and nothing new is told by a pointer that stands still.
    if (up <= c.read_nxt() || (is_urgent(c) && up <= c.inbox->rcv_up)) return;
    Inbox& inbox = e.need_inbox(c);
    inbox.rcv_up = up;
    inbox.urgent = true;
    inbox.urgent_taken = false;
    c.notify_urgent = true;
    e.want_notify(c);
}

std::size_t begin_read(const Engine& e, Connection& c, std::size_t wanted) {
    const std::size_t ready = c.receive_queue_size();
    if (!is_urgent(c) || !mark_has_arrived(c)) return std::min(wanted, ready);
    const auto before = static_cast<std::size_t>(mark(c) - c.read_nxt());
    if (before > 0) return std::min(wanted, before);
    if (e.tuning(c).urgent_inline || wanted == 0) return std::min(wanted, ready);
    c.inbox->data.consume(1);
    c.inbox->urgent = false;
    return std::min(wanted, ready - 1);
}

std::size_t readable_out_of_line(const Connection& c) {
    if (!is_urgent(c) || !mark_has_arrived(c)) return c.receive_queue_size();
    const auto before = static_cast<std::size_t>(mark(c) - c.read_nxt());
    return before > 0 ? before : c.receive_queue_size() - 1;
}

void end_read(Connection& c) {
    if (is_urgent(c) && c.read_nxt() >= c.inbox->rcv_up) c.inbox->urgent = false;
}

std::size_t Stream::send_urgent(std::span<const std::byte> bytes) {
    Connection* const found = find();
    if (found == nullptr) return 0;
    Connection& c = *found;
    engine_->tell_tap(StreamCall::send_urgent, c, bytes.size());
    const std::size_t n = queue_to_send(*engine_, c, bytes);
    if (n == 0) return 0;
    c.outbox->snd_up = c.data_end();
    c.outbox->urgent = true;
    // Where the data has to wait, the pointer does not: an acknowledgement carries it.
    if (is_synchronized(c.state)) ack_now(*engine_, c, SendReason::urgent);
    return n;
}

std::size_t Stream::urgent_left() const {
    const Connection* c = find();
    if (c == nullptr || !is_urgent(*c)) return 0;
    const Seq end = c->fin_received ? min(c->inbox->rcv_up, c->fin_seq) : c->inbox->rcv_up;
    return static_cast<std::size_t>(std::max(0, end - c->read_nxt()));
}

bool Stream::at_mark() const {
    const Connection* c = find();
    return c != nullptr && is_urgent(*c) && c->read_nxt() == mark(*c);
}

std::optional<std::byte> Stream::receive_urgent(bool peek) {
    Connection* c = find();
    if (c == nullptr || !is_urgent(*c) || engine_->tuning(*c).urgent_inline) return std::nullopt;
    if (c->inbox->urgent_taken || !mark_has_arrived(*c)) return std::nullopt;
    engine_->tell_tap(StreamCall::receive_urgent, *c, peek ? 1 : 0);
    std::array<std::byte, 1> octet{};
    c->inbox->data.copy(static_cast<std::size_t>(mark(*c) - c->read_nxt()), octet);
    c->inbox->urgent_taken = !peek;
    return octet[0];
}

}  // namespace hourglass::tcp
