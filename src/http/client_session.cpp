#include "http/client_session.h"

#include <fmt/format.h>
#include <utility>

#include "http/move_bytes.h"

namespace hourglass::http::detail {

ClientSession::ClientSession(Transport& transport, SocketAddress server, const ClientSettings& http,
                             const TcpClientSettings& settings, std::function<Instant()> now)
    : transport_(transport), server_(server), settings_(settings), now_(std::move(now)), http_(http), active_(now_()) {
    http_.on_change([this] { pump(); });
}

void ClientSession::send(Request request, std::unique_ptr<BodySource> body,
                         std::shared_ptr<ResponseReceiver> receiver) {
    if (http_.pending() == 0) active_ = now_();
    if (!closing_ && http_.send(std::move(request), std::move(body), receiver)) return pump();
    ClientError error = failure_;
    error.retryable = true;
    receiver->on_error(error);
}

void ClientSession::close() {
    closing_ = true;
    http_.close();
    pump();
}

void ClientSession::established() {
    established_ = true;
    active_ = now_();
    pump();
}

void ClientSession::pump() {
    if (pumping_ || !established_) return;
    pumping_ = true;
    for (bool moved = true; moved;) {
        moved = move_output(http_, transport_) > 0;
        moved = move_input(http_, transport_) > 0 || moved;
        if (transport_.at_end() && http_.wants_input()) http_.peer_closed();
        if (moved) active_ = now_();
    }
    const bool unused = closing_ && http_.pending() == 0 && !http_.upgraded();
    if (http_.should_abort())
        transport_.abort();
    else if (http_.should_close() || unused)
        transport_.close();
    else if (http_.should_shutdown() && !std::exchange(shut_down_, true))
        transport_.shutdown();
    pumping_ = false;
}

void ClientSession::closed(tcp::Error error) {
    established_ = false;
    if (error == tcp::Error::none) return http_.peer_closed();
    fail(error == tcp::Error::timed_out ? ClientError::Kind::timed_out : ClientError::Kind::connection_failed,
         to_string(error));
}

Instant ClientSession::deadline() const {
    if (!transport_.exists()) return kNever;
    if (!established_) return active_ + settings_.connect;
    if (http_.upgraded()) return active_ + settings_.upgraded;
    return http_.pending() == 0 ? kNever : active_ + settings_.response;
}

void ClientSession::poll(Instant now) {
    if (now < deadline()) return;
    active_ = now;
    if (http_.upgraded() && http_.output_size() == 0) return http_.time_out();
    fail(ClientError::Kind::timed_out, established_ ? "no answer in time" : "no connection in time");
    transport_.abort();
}

void ClientSession::fail(ClientError::Kind kind, std::string_view what) {
    failure_.kind = kind;
    failure_.text = fmt::format("{}: {}", server_.to_string(), what);
    http_.fail(failure_);
}

}  // namespace hourglass::http::detail
