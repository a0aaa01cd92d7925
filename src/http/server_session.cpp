#include "http/server_session.h"

#include <algorithm>
#include <utility>

#include "http/move_bytes.h"

namespace hourglass::http::detail {

ServerSession::ServerSession(SessionTable& table, Transport& transport, SocketAddress client)
    : table_(table), transport_(transport), http_(table.application_, table.http_, client), active_(table.now_()) {
    http_.on_change([this] { pump(); });
}

void ServerSession::pump() {
    if (pumping_ || !transport_.exists()) return;
    pumping_ = true;
    if (lingering_) {
        discard_input();
    } else {
        move();
        finish();
    }
    pumping_ = false;
    if (deadline() < armed_) table_.arm(*this);
}

void ServerSession::move() {
    bool any = false;
    for (bool moved = true; moved;) {
        moved = move_input(http_, transport_);
        if (transport_.at_end() && !std::exchange(heard_end_, true)) {
            http_.peer_closed();
            moved = true;
        }
        moved = move_output(http_, transport_) || moved;
        any = any || moved;
    }
    if (!any) return;
    active_ = table_.now_();
    watch_head();
}

/// RFC 9110, section 15.5.9: a client may be slow, but not drip its header section for ever.
void ServerSession::watch_head() {
    if (!http_.reading_head()) {
        head_began_ = kNever;
    } else if (head_began_ == kNever || heads_ != http_.requests()) {
        head_began_ = active_;
        heads_ = http_.requests();
    }
}

void ServerSession::finish() {
    if (http_.should_abort()) return transport_.abort();
    if (!http_.should_close()) return;
    // RFC 9112, section 9.6: this side closes first, and input is discarded until the client has closed too. A full
    // close would answer it with a reset, which can overtake the last response.
    lingering_ = true;
    transport_.shutdown();
    discard_input();
}

void ServerSession::discard_input() {
    while (transport_.receive([](std::span<const std::byte>) {})) {
    }
    if (transport_.at_end()) transport_.close();
}

void ServerSession::close_when_idle() {
    http_.close_when_idle();
    pump();
}

Instant ServerSession::deadline() const {
    const TcpServerSettings& settings = table_.settings();
    if (lingering_) return active_ + settings.linger;
    if (http_.upgraded()) return active_ + settings.upgraded;
    const Instant quiet = active_ + (http_.idle() ? settings.idle : settings.stalled);
    return head_began_ == kNever ? quiet : std::min(quiet, head_began_ + settings.head);
}

void ServerSession::run_out(Instant now) {
    active_ = now;
    head_began_ = kNever;
    if (lingering_) return transport_.close();
    if (http_.awaits_application()) return;  // it is not the client who is slow
    if (timed_out_ || http_.output_size() > 0) return transport_.abort();
    timed_out_ = !http_.upgraded();
    http_.time_out();
    pump();
}

ServerSession& SessionTable::add(std::unique_ptr<ServerSession> session) {
    session->number_ = ++accepted_;
    arm(*session);
    return *sessions_.emplace(session->number_, std::move(session)).first->second;
}

void SessionTable::remove(ServerSession& session) {
    timers_.erase(&session);
    sessions_.erase(session.number_);
}

void SessionTable::close_when_idle() {
    for (const auto& [number, session] : sessions_) session->close_when_idle();
}

void SessionTable::arm(ServerSession& session) {
    timers_.erase(&session);
    session.armed_ = session.deadline();
    timers_.insert(&session);
    if (sooner_ && *timers_.begin() == &session) sooner_();
}

/// A timer is not moved with every byte: when it fires, it looks whether the time has really come.
void SessionTable::poll(Instant now) {
    while (!timers_.empty() && (*timers_.begin())->armed_ <= now) {
        ServerSession& session = **timers_.begin();
        if (session.deadline() <= now) session.run_out(now);
        arm(session);
    }
}

}  // namespace hourglass::http::detail
