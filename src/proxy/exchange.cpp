#include "proxy/exchange.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "hourglass/http/url.h"
#include "proxy/attempt.h"

namespace hourglass::proxy::detail {

using http::ClientError;
using http::Response;
using http::Status;

Exchange::Exchange(std::shared_ptr<Site> site, SiteRoute& route, http::Responder responder,
                   std::unique_ptr<http::BodySource> body, std::string scheme)
    : site_(std::move(site)), route_(route), responder_(std::move(responder)), body_(std::move(body)) {
    context_.scheme = std::move(scheme);
}

Exchange::~Exchange() {
    site_->shared().around.timers.remove(*this);
    land();
}

void Exchange::start() {
    const Configuration& configuration = site_->configuration();
    context_.client = responder_.client();
    context_.name = configuration.name;
    context_.trust_client = configuration.trust_forwarded;
    context_.upstream_host = route_.upstream.configuration().host;
    auto forwarded = http::make_forwarded_request(asked(), context_);
    if (!forwarded) {
        responder_.respond(std::move(forwarded.error()));
        return;
    }
    request_ = std::move(*forwarded);
    if (!adapt_target()) {
        responder_.respond(Response::error(Status::bad_request));
        return;
    }
    for (const auto& [name, value] : route_.configuration.request_headers) {
        request_.fields.remove(name);
        if (!value.empty()) request_.fields.add(name, value);
    }
    // RFC 9110, section 7.8: the gateway understands every protocol to which it need not listen.
    const bool http_upstream = route_.upstream.configuration().protocol == Protocol::http;
    if (http_upstream && body_ == nullptr && asked().version >= http::kHttp11 &&
        asked().fields.list_contains("Connection", "upgrade") && asked().fields.contains("Upgrade")) {
        upgrade_ = asked().fields.combined("Upgrade");
        request_.fields.set("Connection", "upgrade");
        request_.fields.set("Upgrade", upgrade_);
    }
    responder_.on_departure([weak = weak_from_this()] {
        if (const auto exchange = weak.lock()) exchange->on_departed();
    });
    if (answer_from_cache()) return;
    attempt();
}

/// The client does not wait for the response any more.
void Exchange::on_departed() {
    if (answered_) return;
    answered_ = true;
    site_->shared().around.log(fmt::format("the client left: {} {} of {}: upstream {}", asked().method.name(),
                                           asked().target, context_.client.address.to_string(),
                                           route_.upstream.configuration().name));
    end_pause();
    cancel_attempt();
    responder_.respond(Response::error(Status::service_unavailable));
}

void Exchange::abandon() {
    give_up(Status::service_unavailable, "destination_unavailable", to_string(Refusal::shut_down));
}

void Exchange::pause(Instant until) {
    paused_until_ = until;
    site_->shared().paused.insert(shared_from_this());
    site_->shared().around.timers.update(*this);
}

void Exchange::end_pause() {
    paused_until_ = kNever;
    site_->shared().around.timers.remove(*this);
    site_->shared().paused.erase(shared_from_this());
}

void Exchange::run_out(Instant) {
    const auto self = shared_from_this();
    end_pause();
    if (wanted()) attempt();
}

/// After a while that is different for everyone, so that those who failed together do not come back together.
void Exchange::attempt_again() {
    constexpr std::uint32_t most_doublings = 6;
    const Duration average = route_.upstream.configuration().retry_delay;
    if (average <= Duration::zero()) return attempt();
    const auto& random = site_->shared().around.random;
    const std::uint64_t half = std::uint64_t{1} << 63;
    const double share = static_cast<double>(random ? random() : half) / static_cast<double>(half);  // 0 to 2
    const auto times = std::uint32_t{1} << std::min(attempts_ - 1, most_doublings);
    pause(site_->shared().around.now() + std::chrono::duration_cast<Duration>(average * times * (0.5 + share / 2)));
}

/// Takes the route's prefix off the path. False when nothing sensible would be left.
bool Exchange::adapt_target() {
    const std::string& prefix = route_.configuration.path;
    if (!route_.configuration.strip_path || prefix == "/" || request_.target == "*") return true;
    const std::string_view path = request_.path();
    std::string rest = is_below(path, prefix)
                           ? std::string(path.substr(prefix.size()))
                           : http::percent_encode(comparable_path(path).substr(prefix.size()), "/:@!$&'()*+,;=%");
    if (!rest.starts_with('/')) rest.insert(rest.begin(), '/');
    const std::size_t query = request_.target.find('?');
    if (query != std::string::npos) rest += request_.target.substr(query);
    request_.target = std::move(rest);
    return http::Target::parse(request_.method, request_.target).has_value();
}

std::uint64_t Exchange::balance_hash() const {
    const UpstreamConfiguration& upstream = route_.upstream.configuration();
    if (upstream.balance != Balance::hash) return 0;
    switch (upstream.hash_key.kind) {
        case HashKey::Kind::client:
            return hash_key(context_.client.address.to_string());
        case HashKey::Kind::target:
            return hash_key(asked().target);
        case HashKey::Kind::header:
            return hash_key(asked().fields.combined(upstream.hash_key.header));
    }
    return 0;
}

void Exchange::attempt() {
    ++attempts_;
    attempt_ = std::make_shared<Attempt>(shared_from_this());
    attempt_->hash = balance_hash();
    attempt_->tried = tried_;
    attempt_->fresh_connection = std::exchange(fresh_, false);
    asked_at_ = site_->shared().wall_clock();
    const auto keep = attempt_;
    route_.upstream.submit(keep);
}

void Exchange::cancel_attempt() {
    if (const auto attempt = std::exchange(attempt_, nullptr)) {
        route_.upstream.forget(*attempt);
        attempt->cancel();
    }
}

Outgoing Exchange::compose() {
    Outgoing out;
    out.request = request_;
    add_conditions(out.request);
    body_gone_ = body_ != nullptr;
    out.body = std::move(body_);
    out.context.client = context_.client;
    out.context.scheme = context_.scheme;
    out.context.port = context_.scheme == "https" ? 443 : 80;
    out.context.script_name = route_.upstream.configuration().script_name;
    return out;
}

/// RFC 9110, section 9.2.2: what may have been carried out is repeated only if that makes no difference.
bool Exchange::may_repeat(bool sent) const {
    if (answered_ || body_gone_ || !wanted()) return false;
    return !sent || request_.method.is_idempotent();
}

void Exchange::on_refused(Refusal refusal) {
    attempt_.reset();
    if (answer_stale()) return;
    if (!last_error_.empty()) return give_up(last_status_, last_kind_, last_error_);
    give_up(Status::service_unavailable,
            refusal == Refusal::no_server_up ? "destination_unavailable" : "connection_limit_reached",
            to_string(refusal));
}

void Exchange::on_error(const ClientError& error) {
    const auto attempt = std::exchange(attempt_, nullptr);
    const UpstreamConfiguration& upstream = route_.upstream.configuration();
    const std::string& server = upstream.servers[attempt->server()].name;
    const bool lost =
        error.kind == ClientError::Kind::connection_closed || error.kind == ClientError::Kind::connection_failed;
    if (error.kind == ClientError::Kind::body_failed) return;  // it is the client who left

    // A server may close a connection that it holds for idle just when a request is on its way (RFC 9112, section
    // 9.3.1); that says nothing about the server.
    const bool stale_connection = lost && attempt->reused() && !attempt->heard();
    const bool at_fault = error.kind != ClientError::Kind::invalid_request && !stale_connection;
    if (at_fault) route_.upstream.failed(attempt->server(), error.text);
    last_error_ = fmt::format("{}: {}", server, error.text);
    last_status_ = error.kind == ClientError::Kind::timed_out ? Status::gateway_timeout : Status::bad_gateway;
    last_kind_ = error.kind == ClientError::Kind::timed_out
                     ? attempt->composed() ? "http_response_timeout" : "connection_timeout"
                 : error.kind == ClientError::Kind::malformed_response ? "http_protocol_error"
                 : attempt->composed()                                 ? "connection_terminated"
                                                                       : "connection_refused";
    if (answered_) {
        site_->shared().around.log(fmt::format("response cut off: {} {} of {}: upstream {}, server {}",
                                               asked().method.name(), asked().target,
                                               context_.client.address.to_string(), upstream.name, last_error_));
        storing_.reset();
        flush();
        if (const auto sink = std::exchange(sink_, nullptr)) sink->abort(http::Error::incomplete_message);
        return;
    }
    if (may_repeat(attempt->composed())) {
        if (stale_connection) {
            fresh_ = true;
            --attempts_;
            return this->attempt();
        }
        tried_.push_back(attempt->server());
        if (at_fault && attempts_ < upstream.tries && tried_.size() < upstream.servers.size()) return attempt_again();
    }
    if (answer_stale()) return;
    give_up(last_status_, last_kind_, last_error_);
}

/// The client learns what the gateway makes of it, the log why.
void Exchange::give_up(Status status, std::string_view kind, std::string_view why) {
    site_->shared().around.log(fmt::format("{}: {} {} of {}: upstream {}, {}{}", to_number(status),
                                           asked().method.name(), asked().target, context_.client.address.to_string(),
                                           route_.upstream.configuration().name, why,
                                           attempts_ > 1 ? fmt::format(" ({} tries)", attempts_) : ""));
    answered_ = true;
    land();
    std::string_view detail = "The server behind this gateway gave no usable answer.";
    if (status == Status::gateway_timeout) detail = "The server behind this gateway did not answer in time.";
    if (status == Status::service_unavailable) detail = "No server behind this gateway can take the request now.";
    Response response = Response::error(status, detail);
    response.fields.add("Proxy-Status", fmt::format("{}; error={}", site_->configuration().name, kind));
    if (status == Status::service_unavailable) response.fields.add("Retry-After", "1");
    responder_.respond(std::move(response));
}

}  // namespace hourglass::proxy::detail
