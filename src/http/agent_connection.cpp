#include "http/agent_connection.h"

#include <fmt/format.h>
#include <utility>

#include "hourglass/http/credentials.h"
#include "http/move_bytes.h"

namespace hourglass::http::detail {

namespace {

constexpr auto kClosingTime = std::chrono::seconds(2);  ///< For the server's part of the close.

std::string with_port(const Url& url) {
    return url.host.find(':') == std::string::npos ? fmt::format("{}:{}", url.host, to_number(url.effective_port()))
                                                   : fmt::format("[{}]:{}", url.host, to_number(url.effective_port()));
}

Instant after(Instant from, Duration limit) { return limit > kNever - from ? kNever : from + limit; }

}  // namespace

std::string Route::key() const {
    // What a proxy answers itself may come over any connection to it.
    std::string key = proxy && !tunnel ? "" : origin.scheme + "://" + with_port(origin);
    if (proxy)
        key += fmt::format(" by {}://{}@{}", proxy->scheme, proxy->user_information.value_or(""), with_port(*proxy));
    return key;
}

AgentConnection::AgentConnection(Route route, AgentConnectionOwner& owner, ClientWorld& world,
                                 const UserAgentSettings& settings)
    : route_(std::move(route)),
      key_(route_.key()),
      owner_(owner),
      world_(world),
      settings_(settings),
      http_(settings.connection),
      active_(world.now()) {
    opening_.began = active_;
    http_.on_change([this] { pump(); });
}

void AgentConnection::open(const PhaseLimits& limits, SecureClient* secure) {
    secure_limit_ = limits.secure;
    // A tunnel may have to begin once more: what it begins by outlives this call.
    const DialObserver observe = [this](const DialEvent& event) { note(event); };
    const DialSettings dialling{.families = settings_.families,
                                .eyeballs = settings_.eyeballs,
                                .resolve = limits.resolve,
                                .connect = limits.connect,
                                .refused_again = settings_.refused_again};
    OpenTransport begin = [this, dialling, observe](TransportHandler& handler) {
        const Url& first = route_.proxy ? *route_.proxy : route_.origin;
        return dial(world_, first.host, first.effective_port(), handler, dialling, observe);
    };
    const auto put_tls = [secure, observe](const std::string& name, OpenTransport under) -> OpenTransport {
        return [=, under = std::move(under)](TransportHandler& handler) {
            return secure->secure(name, handler, under, observe);
        };
    };
    if (route_.proxy && route_.proxy->scheme == "https") begin = put_tls(route_.proxy->host, std::move(begin));
    if (route_.proxy && route_.tunnel) {
        const auto& user = route_.proxy->user_information;
        const auto login = user ? std::optional(login_of(*user)) : std::nullopt;
        const bool socks = route_.proxy->scheme == "socks5";
        begin = [this, observe, login, socks, under = std::move(begin)](TransportHandler& handler) {
            if (socks)
                return open_socks_tunnel(route_.origin.host, route_.origin.effective_port(), login, handler, under,
                                         observe);
            const auto how =
                login ? std::optional(ProxyLogin{*login, settings_.proxy_digest, settings_.random}) : std::nullopt;
            return open_tunnel(with_port(route_.origin), how, handler, under, observe);
        };
    }
    if (route_.origin.scheme == "https") begin = put_tls(route_.origin.host, std::move(begin));
    transport_ = begin(*this);
}

void AgentConnection::note(const DialEvent& event) {
    const Instant now = world_.now();
    switch (event.kind) {
        case DialEvent::Kind::attempt:
            if (!std::exchange(tried_, true)) opening_.resolved = now;
            break;
        case DialEvent::Kind::connected:
            opening_.connected = now;
            opening_.remote = event.remote;
            break;
        case DialEvent::Kind::tunnelled:
            tunnelled_ = true;
            break;
        case DialEvent::Kind::secured:
            opening_.secured = now;
            opening_.security = event.text;
            break;
        default:
            break;
    }
    owner_.on_dial(*this, event);
}

void AgentConnection::on_connected() {
    if (state_ != State::opening) return;
    state_ = State::open;
    active_ = world_.now();
    owner_.on_open(*this);
    pump();
}

void AgentConnection::on_ready() {
    if (state_ == State::closing) {
        // What still comes is of no interest, but its end is.
        while (transport_->receive([](std::span<const std::byte>) {})) {
        }
        return;
    }
    pump();
}

bool AgentConnection::send(Request request, std::unique_ptr<BodySource> body,
                           std::shared_ptr<ResponseReceiver> receiver) {
    if (state_ != State::open) return false;
    ++requests_;
    active_ = world_.now();
    if (!http_.send(std::move(request), std::move(body), std::move(receiver))) return false;
    pump();
    return true;
}

void AgentConnection::pump() {
    if (pumping_ || state_ != State::open) return;
    pumping_ = true;
    for (bool moved = true; moved && state_ == State::open;) {
        moved = move_output(http_, *transport_);
        moved = move_input(http_, *transport_) || moved;
        if (transport_->at_end() && http_.wants_input() && !std::exchange(heard_end_, true)) http_.peer_closed();
        if (moved) active_ = world_.now();
    }
    pumping_ = false;
    if (state_ == State::open && http_.should_abort()) {
        transport_->abort();
    } else if (state_ == State::open && http_.should_close()) {
        state_ = State::closing;
        transport_->close();
    } else if (state_ == State::open && http_.should_shutdown() && !std::exchange(shut_down_, true)) {
        transport_->shutdown();
    }
    owner_.on_activity(*this);
}

bool AgentConnection::usable() const {
    if (state_ != State::open || pumping_ || http_.upgraded() || !http_.reusable() || !transport_->exists() ||
        transport_->at_end())
        return false;
    return http_.pending() < settings_.connection.pipelined;
}

void AgentConnection::close() {
    if (state_ == State::opening) return abandon();
    if (state_ != State::open) return;
    state_ = State::closing;
    active_ = world_.now();
    transport_->close();
    http_.fail({ClientError::Kind::connection_closed, {}, {}, "the connection is closed", false});
}

void AgentConnection::abandon() {
    if (state_ == State::gone) return;
    const bool was_open = state_ == State::open;
    state_ = State::gone;
    if (transport_) transport_->abort();
    if (was_open) http_.fail({ClientError::Kind::connection_closed, {}, {}, "the connection is given up", false});
}

void AgentConnection::on_closed(tcp::Error error) {
    const State before = std::exchange(state_, State::gone);
    if (before == State::opening) {
        state_ = before;
        std::string text = transport_->failure();
        if (text.empty()) text = fmt::format("no connection to {}: {}", with_port(route_.origin), to_string(error));
        return fail_opening(kind_of(error), text);
    }
    if (before == State::open) {
        std::string text = transport_->failure();
        if (text.empty())
            text = fmt::format("the connection to {} ended: {}", with_port(route_.origin), to_string(error));
        if (error == tcp::Error::none)
            http_.peer_closed();
        else
            http_.fail(
                {error == tcp::Error::timed_out ? ClientError::Kind::timed_out : ClientError::Kind::connection_failed,
                 {},
                 {},
                 text,
                 false});
    }
    owner_.on_activity(*this);
}

ClientError::Kind AgentConnection::kind_of(tcp::Error error) const {
    if (error == tcp::Error::timed_out) return ClientError::Kind::timed_out;
    if (!tried_) return ClientError::Kind::not_resolved;
    const bool at_tls = opening_.connected != kNever &&
                        (route_.origin.scheme == "https" ? !route_.proxy || tunnelled_ || !route_.tunnel
                                                         : route_.proxy && route_.proxy->scheme == "https");
    if (!at_tls) return ClientError::Kind::not_connected;
    return error == tcp::Error::prohibited ? ClientError::Kind::certificate_refused : ClientError::Kind::not_secured;
}

void AgentConnection::fail_opening(ClientError::Kind kind, const std::string& text) {
    state_ = State::gone;
    // Nothing of a request has been sent; a certificate will not be right the next time either.
    const bool repeatable = kind != ClientError::Kind::not_secured && kind != ClientError::Kind::certificate_refused;
    owner_.on_open_failed(*this, {kind, {}, {}, text, repeatable});
}

Instant AgentConnection::next_deadline() const {
    switch (state_) {
        case State::opening:
            return opening_.connected == kNever ? kNever : after(opening_.connected, secure_limit_);
        case State::open:
            return idle() || http_.upgraded() ? after(active_, settings_.idle) : kNever;
        case State::closing:
            return active_ + kClosingTime;
        case State::gone:
            break;
    }
    return kNever;
}

void AgentConnection::poll(Instant now) {
    if (now < next_deadline()) return;
    switch (state_) {
        case State::opening:
            transport_->abort();
            return fail_opening(ClientError::Kind::timed_out,
                                fmt::format("no TLS with {} in time", with_port(route_.origin)));
        case State::open:
            if (!http_.upgraded()) return close();
            active_ = now;
            return http_.time_out();
        case State::closing:
            return abandon();
        case State::gone:
            break;
    }
}

}  // namespace hourglass::http::detail
