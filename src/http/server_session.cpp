#include "http/server_session.h"

#include <algorithm>
#include <utility>

#include "http/move_bytes.h"

namespace hourglass::http::detail {

namespace {

/// What one client has for addresses: one of IPv4, or a network of 64 bits.
IpAddress subscriber(const IpAddress& address) {
    if (address.is_v4()) return address;
    auto octets = address.octets();
    std::fill(octets.begin() + 8, octets.end(), std::uint8_t{0});
    return IpAddress::v6(octets);
}

}  // namespace

ServerSession::ServerSession(SessionTable& table, Transport& transport, SocketAddress client)
    : table_(table),
      transport_(transport),
      client_(client),
      http_(table.application_, table.http_, client),
      active_(table.now_()),
      body_(table.settings_.body),
      response_(table.settings_.response) {
    http_.on_change([this] { pump(); });
}

void ServerSession::begin() {
    if (transport_.sends_files()) http_.send_from_files();
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

void ServerSession::take() {
    if (pumping_ || !transport_.exists()) return;
    pumping_ = true;
    has_taken_ = !lingering_ && take_read_ahead() > 0;
    pumping_ = false;
}

std::size_t ServerSession::take_read_ahead() {
    const auto bytes = std::exchange(read_ahead_, {});
    if (!bytes.empty()) http_.receive(bytes);
    received_ += bytes.size();
    return bytes.size();
}

/// Returns how many bytes came.
std::size_t ServerSession::move_in() {
    if (const std::size_t taken = take_read_ahead(); taken > 0) return taken;
    const std::size_t received = move_input(http_, transport_);
    received_ += received;
    return received;
}

void ServerSession::move() {
    bool any = std::exchange(has_taken_, false);
    for (bool moved = true; moved;) {
        moved = move_in() > 0;
        if (transport_.at_end() && !std::exchange(heard_end_, true)) {
            http_.peer_closed();
            moved = true;
        }
        const std::size_t sent = move_out();
        sent_ += sent;
        moved = moved || sent > 0;
        any = any || moved;
    }
    if (any) {
        active_ = table_.now_();
        watch_head();
    }
    watch_rates();
}

/// Sends what there is to say, files from where they are.
std::size_t ServerSession::move_out() {
    std::size_t moved = 0;
    for (auto part = http_.file_output(); part; part = http_.file_output()) {
        moved += move_output_by(http_, [this](auto pieces) { return send_followed(pieces); });
        if (http_.output_size() > 0) return moved;
        const auto n = transport_.send_file(*part);
        if (n && *n == 0) return moved;
        http_.consume_file_output(n);
        if (!n) return moved;
        moved += *n;
    }
    return moved + move_output_by(http_, [this](auto pieces) {
               return http_.ends_with_output() ? send_followed(pieces) : transport_.send(pieces);
           });
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

void ServerSession::watch_rates() {
    const bool reading = http_.reading_body() && http_.wants_input();
    const bool writing = http_.output_size() > 0 || http_.file_output();
    const bool watched = body_.end() != kNever || response_.end() != kNever;
    if (!reading && !writing && !watched) return;
    const Instant now = table_.now_();
    body_.watch(reading, received_, now);
    response_.watch(writing, sent_, now);
}

void ServerSession::finish() {
    if (http_.should_abort()) return transport_.abort();
    if (!http_.should_close()) {
        if (http_.should_shutdown() && !std::exchange(shut_down_, true)) transport_.shutdown();
        return;
    }
    if (http_.client_is_done()) return transport_.close();
    // RFC 9112, section 9.6: this side closes first, and input is discarded until the client has closed too. A full
    // close would answer it with a reset, which can overtake the last response.
    lingering_ = true;
    if (!shut_down_) transport_.shutdown();
    discard_input();
}

void ServerSession::discard_input() {
    const std::uint64_t most = table_.settings().linger_bytes;
    discarded_ += std::exchange(read_ahead_, {}).size();
    while (discarded_ <= most &&
           transport_.receive([this](std::span<const std::byte> bytes) { discarded_ += bytes.size(); })) {
    }
    if (transport_.at_end() || discarded_ > most) transport_.close();
}

void ServerSession::end_handshake() {
    if (std::exchange(shaking_hands_, false)) active_ = table_.now_();
}

void ServerSession::close_when_idle() {
    http_.close_when_idle();
    pump();
}

Instant ServerSession::quiet_deadline() const {
    const TcpServerSettings& settings = table_.settings();
    if (shaking_hands_) return active_ + settings.handshake;
    if (http_.upgraded()) return active_ + settings.upgraded;
    const Instant quiet = active_ + (http_.idle() ? settings.idle : settings.stalled);
    return head_began_ == kNever ? quiet : std::min(quiet, head_began_ + settings.head);
}

Instant ServerSession::deadline() const {
    if (lingering_) return active_ + table_.settings().linger;
    return std::min({quiet_deadline(), body_.end(), response_.end()});
}

void ServerSession::run_out(Instant now) {
    const bool quiet = lingering_ || now >= quiet_deadline();
    const bool body_slow = body_.too_slow(received_, now);
    const bool reader_slow = response_.too_slow(sent_, now);
    if (quiet) {
        active_ = now;
        head_began_ = kNever;
    }
    if (lingering_) return transport_.close();
    if (shaking_hands_ || reader_slow) return transport_.abort();
    if (body_slow) return time_out();
    if (!quiet || http_.awaits_application()) return;  // it is not the client who is slow
    if (http_.output_size() > 0 || http_.file_output()) return transport_.abort();
    time_out();
}

/// A client that is not done in time is told so, once.
void ServerSession::time_out() {
    if (timed_out_) return transport_.abort();
    timed_out_ = !http_.upgraded();
    http_.time_out();
    pump();
}

ServerSession& SessionTable::add(std::unique_ptr<ServerSession> session) {
    session->number_ = ++accepted_;
    session->begin();
    if (settings_.connections_per_client > 0) ++clients_[subscriber(session->client_.address)];
    arm(*session);
    return *sessions_.emplace(session->number_, std::move(session)).first->second;
}

void SessionTable::remove(ServerSession& session) {
    timers_.erase(&session);
    if (const auto client = clients_.find(subscriber(session.client_.address)); client != clients_.end())
        if (--client->second == 0) clients_.erase(client);
    sessions_.erase(session.number_);
}

bool SessionTable::admits(const SocketAddress& client) const {
    if (settings_.connections_per_client == 0) return true;
    const auto known = clients_.find(subscriber(client.address));
    return known == clients_.end() || known->second < settings_.connections_per_client;
}

void SessionTable::reload(std::shared_ptr<const Application> application) {
    application_ = std::move(application);
    for (const auto& [number, session] : sessions_) session->http_.set_application(application_);
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
