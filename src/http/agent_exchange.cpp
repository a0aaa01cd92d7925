#include "http/agent_exchange.h"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "hourglass/http/credentials.h"

namespace hourglass::http::detail {

namespace {

constexpr std::uint32_t kMostStale = 3;

Instant after(Instant from, Duration limit) { return limit > kNever - from ? kNever : from + limit; }

/// A body that tells the exchange how far it has been read.
class WatchedBody final : public BodySource {
  public:
    WatchedBody(std::unique_ptr<BodySource> source, std::shared_ptr<Attempt> attempt)
        : source_(std::move(source)), attempt_(std::move(attempt)), left_(source_->size()) {}
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return source_->size(); }
    Read read(std::span<std::byte> into) override {
        const Read read = source_->read(into);
        if (left_) *left_ -= std::min<std::uint64_t>(*left_, read.size);
        if (read.size > 0) attempt_->on_sent(read.size);
        if (read.state == State::end || left_ == 0) attempt_->on_all_sent();
        return read;
    }
    [[nodiscard]] Fields trailers() override { return source_->trailers(); }
    void on_ready(std::function<void()> wake) override { source_->on_ready(std::move(wake)); }

  private:
    std::unique_ptr<BodySource> source_;
    std::shared_ptr<Attempt> attempt_;
    std::optional<std::uint64_t> left_;
};

}  // namespace

void Attempt::on_interim(const Response& interim) {
    if (exchange_ != nullptr) exchange_->on_interim(interim);
}
std::unique_ptr<Upgraded> Attempt::on_upgrade(const Response& response) {
    return exchange_ != nullptr ? exchange_->on_upgrade(response) : nullptr;
}
void Attempt::on_head(Response response) {
    if (exchange_ != nullptr) exchange_->on_head(std::move(response));
}
void Attempt::on_body(std::span<const std::byte> bytes) {
    if (exchange_ != nullptr) exchange_->on_body(bytes);
}
void Attempt::on_end(const Fields& trailers) {
    if (exchange_ != nullptr) exchange_->on_end(trailers);
}
void Attempt::on_error(const ClientError& error) {
    if (exchange_ != nullptr) exchange_->on_error(error);
}
bool Attempt::ready() const { return exchange_ == nullptr || !exchange_->passes_on_ || exchange_->receiver_->ready(); }
void Attempt::on_ready(std::function<void()> wake) {
    if (exchange_ != nullptr) exchange_->receiver_->on_ready(std::move(wake));
}
void Attempt::on_sent(std::size_t bytes) {
    if (exchange_ == nullptr) return;
    exchange_->hop_.bytes_sent += bytes;
    if (exchange_->observer_) exchange_->observer_->on_progress(exchange_->hop_);
}
void Attempt::on_all_sent() {
    if (exchange_ != nullptr) exchange_->all_read_ = true;
}

AgentExchange::AgentExchange(ExchangeId id, AgentEngine& engine, const UserAgentSettings& settings,
                             AgentRequest request, std::shared_ptr<ResponseReceiver> receiver,
                             std::shared_ptr<ExchangeObserver> observer)
    : id_(id),
      engine_(engine),
      settings_(settings),
      request_(std::move(request)),
      receiver_(std::move(receiver)),
      observer_(std::move(observer)),
      limits_(request_.limits.value_or(settings.limits)),
      total_(after(engine.now(), limits_.total)),
      again_(engine.now()) {
    Fields& fields = request_.request.fields;
    if (request_.digest) login_origin_ = request_.url;
    if (request_.url.user_information && !request_.digest && !fields.contains("Authorization"))
        fields.add("Authorization", basic_credentials_of(*request_.url.user_information));
}

AgentExchange::~AgentExchange() {
    if (attempt_) attempt_->detach();
}

void AgentExchange::cancel() {
    finished_ = true;
    leave_connection(true);
}

/// Begins a hop.
void AgentExchange::start(Instant now) {
    again_ = kNever;
    const Url& url = request_.url;
    route_ = {.origin = url, .proxy = settings_.proxies.proxy_for(url)};
    route_.tunnel = route_.proxy && (url.scheme == "https" || route_.proxy->scheme == "socks5" || settings_.tunnel);
    hop_ = {};
    hop_.url = url;
    hop_.proxy = route_.proxy ? route_.proxy->authority() : "";
    hop_.method = request_.request.method;
    hop_.began = now;
    hop_open_ = true;
    passes_on_ = false;
    discarded_ = 0;
    if (request_.request.method == Method::connect)
        return fail({ClientError::Kind::invalid_request, {}, {}, "CONNECT is the proxy's business", false});
    const bool needs_tls = url.scheme == "https" || (route_.proxy && route_.proxy->scheme == "https");
    if (needs_tls && !engine_.speaks_tls())
        return fail({ClientError::Kind::not_secured, {}, {}, "https is not spoken here", false});
    engine_.find_connection(*this, route_, stale_ > 0);
}

void AgentExchange::on_dial(const DialEvent& event) {
    if (observer_) observer_->on_dial(event);
}

void AgentExchange::on_connection(AgentConnection& connection) {
    connection_ = &connection;
    attempt_ = std::make_shared<Attempt>(*this);
    hop_.asked = engine_.now();
    hop_.transport = connection.info();
    hop_.reused = connection.was_used() || connection.opening().began < hop_.began;
    note_opening(connection);
    asks_for_coding_ = settings_.decode && !request_.request.fields.contains("Accept-Encoding") &&
                       !request_.request.fields.contains("Range");
    auto body = make_body(attempt_);
    all_read_ = body == nullptr;
    Request request = make_request();
    if (observer_) observer_->on_request(hop_, request);
    const auto keep = shared_from_this();
    if (!connection.send(std::move(request), std::move(body), attempt_))
        on_error({ClientError::Kind::connection_closed, {}, {}, "the connection has ended", true});
}

/// The request of this hop: what the user gave, and what the agent knows.
Request AgentExchange::make_request() {
    const Request& given = request_.request;
    Request request;
    request.method = given.method;
    request.version = given.version;
    const Url& url = request_.url;
    const bool whole_server = given.method == Method::options && given.target == "*";
    request.target = whole_server ? "*" : url.request_target();
    if (proxied())  // RFC 9112, section 3.2.2
        request.target =
            fmt::format("{}://{}{}", url.scheme, url.authority(), whole_server ? "" : url.request_target());
    const auto host = given.fields.get("Host");
    request.fields.add("Host", host ? *host : url.authority());
    std::string cookies(given.fields.combined("Cookie"));
    if (CookieJar* jar = engine_.jar()) {
        const std::string kept = jar->field_for(url, engine_.date());
        if (!cookies.empty() && !kept.empty()) cookies += "; ";
        cookies += kept;
    }
    for (const Field field : given.fields)
        if (!equals_ignoring_case(field.name, "Host") && !equals_ignoring_case(field.name, "Cookie"))
            request.fields.add(field.name, field.value);
    if (asks_for_coding_) request.fields.add("Accept-Encoding", ContentDecoder::kAccepted);
    if (!cookies.empty()) request.fields.add("Cookie", cookies);
    if (login_.challenged())
        request.fields.add("Authorization", login_.credentials(*request_.digest, request.method.name(), request.target,
                                                               settings_.random));
    if (proxied() && route_.proxy->user_information && !given.fields.contains("Proxy-Authorization"))
        log_in_to_proxy(request);
    return request;
}

/// RFC 9110, section 11.7.2.
void AgentExchange::log_in_to_proxy(Request& request) {
    const std::string& user = *route_.proxy->user_information;
    if (!settings_.proxy_digest)
        request.fields.add("Proxy-Authorization", basic_credentials_of(user));
    else if (proxy_login_.challenged())
        request.fields.add("Proxy-Authorization", proxy_login_.credentials(login_of(user), request.method.name(),
                                                                           request.target, settings_.random));
}

/// True when the answer asks for a login that has not been tried yet. The name and the password are for the origin that
/// they were given for.
bool AgentExchange::takes_challenge(const Response& response) {
    if (response.status == Status::proxy_authentication_required)
        return settings_.proxy_digest && proxied() && route_.proxy->user_information &&
               !request_.request.fields.contains("Proxy-Authorization") && proxy_login_.takes(response);
    if (response.status != Status::unauthorized || !request_.digest) return false;
    const Url& url = request_.url;
    if (url.scheme != login_origin_.scheme || url.host != login_origin_.host ||
        url.effective_port() != login_origin_.effective_port())
        return false;
    return login_.takes(response);
}

std::unique_ptr<BodySource> AgentExchange::make_body(const std::shared_ptr<Attempt>& attempt) const {
    std::unique_ptr<BodySource> body;
    if (request_.body)
        body = request_.body();
    else if (!request_.request.body.empty())
        body = std::make_unique<StringBody>(request_.request.body);
    if (!body) return nullptr;
    return std::make_unique<WatchedBody>(std::move(body), attempt);
}

void AgentExchange::note_opening(const AgentConnection& connection) {
    const Hop& opening = connection.opening();
    hop_.remote = opening.remote;
    hop_.security = opening.security;
    if (hop_.reused) return;
    hop_.resolved = opening.resolved;
    hop_.connected = opening.connected;
    hop_.secured = opening.secured;
}

void AgentExchange::on_open_failed(const ClientError& error) {
    if (connection_ != nullptr) note_opening(*connection_);
    connection_ = nullptr;
    on_error(error);
}

void AgentExchange::on_activity() {
    if (hop_.asked != kNever && hop_.sent == kNever && all_read_ && connection_->output_size() == 0)
        hop_.sent = engine_.now();
}

void AgentExchange::on_interim(const Response& interim) {
    if (hop_.first_byte == kNever) hop_.first_byte = engine_.now();
    if (observer_) observer_->on_response(interim);
    receiver_->on_interim(interim);
}

/// With a protocol of the receiver's, the exchange is over and the connection lives on with that.
std::unique_ptr<Upgraded> AgentExchange::on_upgrade(const Response& response) {
    auto protocol = receiver_->on_upgrade(response);
    if (!protocol) return nullptr;
    hop_.first_byte = engine_.now();
    hop_.status = to_number(response.status);
    if (observer_) observer_->on_response(response);
    leave_connection(false);
    end_hop();
    finished_ = true;
    engine_.wake();
    return protocol;
}

void AgentExchange::on_head(Response response) {
    stale_ = 0;
    if (hop_.first_byte == kNever) hop_.first_byte = engine_.now();
    hop_.sent = std::min(hop_.sent, hop_.first_byte);
    hop_.status = to_number(response.status);
    if (observer_) observer_->on_response(response);
    if (CookieJar* jar = engine_.jar()) jar->take(request_.url, response.fields, engine_.date());
    const Method& method = request_.request.method;
    authenticates_ = takes_challenge(response);
    if (authenticates_) return;
    retry_after_ = retry_delay(settings_.retry, retries_, method, response, engine_.date());
    if (retry_after_) return;
    const auto leads = settings_.redirections > 0 ? redirection(request_.url, method, response) : std::nullopt;
    if (!leads) return pass_on(std::move(response));
    RedirectError error{};
    if (!*leads)
        error = leads->error();
    else if (redirections_ >= settings_.redirections)
        error = RedirectError::too_many;
    else if (!settings_.downgrade && request_.url.scheme == "https" && (*leads)->url.scheme == "http")
        error = RedirectError::downgrade;
    else
        redirection_ = **leads;
    if (!redirection_)
        failure_ = ClientError{ClientError::Kind::redirect_refused, {}, {}, std::string(to_string(error)), false};
}

/// This is the answer.
void AgentExchange::pass_on(Response response) {
    passes_on_ = true;
    decoder_.reset();
    // A part of coded content can't be decoded without the rest.
    if (asks_for_coding_ && response.status != Status::partial_content &&
        response.fields.contains("Content-Encoding") && request_.request.method != Method::head) {
        decoder_ = ContentDecoder::make(response.fields.combined("Content-Encoding"), settings_.decoding);
        if (decoder_) {
            response.fields.remove("Content-Encoding");
            response.fields.remove("Content-Length");
        }
    }
    receiver_->on_head(std::move(response));
}

void AgentExchange::on_body(std::span<const std::byte> bytes) {
    hop_.bytes_received += bytes.size();
    const auto keep = shared_from_this();
    if (observer_) observer_->on_progress(hop_);
    if (!passes_on_) {
        discarded_ += bytes.size();
        if (discarded_ <= settings_.discarded) return;
        leave_connection(true);
        return go_on();
    }
    if (!decoder_) return receiver_->on_body(bytes);
    const auto decoded = decoder_->write(bytes, [this](std::span<const std::byte> piece) {
        if (!finished_) receiver_->on_body(piece);
    });
    if (decoded || finished_) return;
    leave_connection(true);
    fail({ClientError::Kind::content_undecodable, {}, {}, std::string(to_string(decoded.error())), false});
}

void AgentExchange::on_end(const Fields& trailers) {
    const auto keep = shared_from_this();
    leave_connection(false);
    if (!passes_on_) return go_on();
    if (decoder_) {
        if (const auto ended = decoder_->end(); !ended)
            return fail({ClientError::Kind::content_undecodable, {}, {}, std::string(to_string(ended.error())), false});
    }
    end_hop();
    finished_ = true;
    engine_.wake();
    receiver_->on_end(trailers);
}

/// The connection has failed, or there is none.
void AgentExchange::on_error(ClientError error) {
    const auto keep = shared_from_this();
    const bool had_connection = hop_.asked != kNever;
    leave_connection(false);
    const bool lost =
        error.kind == ClientError::Kind::connection_closed || error.kind == ClientError::Kind::connection_failed;
    // The body can be had again, which the connection does not know.
    if (lost && hop_.status == 0 && request_.request.method.is_idempotent()) error.retryable = true;
    // RFC 9112, section 9.3.1: a connection can end while it is idle, and the request is then on its way in vain.
    if (had_connection && lost && hop_.reused && error.retryable && stale_ < kMostStale) {
        ++stale_;
        end_hop();
        again_ = engine_.now();
        return engine_.wake();
    }
    if (!passes_on_ && (redirection_ || retry_after_ || authenticates_)) return go_on();
    fail(std::move(error));
}

/// Takes up what the answer led to.
void AgentExchange::go_on() {
    end_hop();
    if (failure_) return fail(std::move(*failure_));
    if (std::exchange(authenticates_, false)) {
        again_ = engine_.now();
    } else if (const auto delay = std::exchange(retry_after_, std::nullopt)) {
        ++retries_;
        again_ = engine_.now() + *delay;
        if (observer_) observer_->on_retry(*delay, fmt::format("the server answered {}", hop_.status));
    } else if (const auto next = std::exchange(redirection_, std::nullopt)) {
        ++redirections_;
        if (observer_) observer_->on_redirect(*next);
        apply_redirection(request_.request, *next);
        request_.url = next->url;
        login_ = proxy_login_ = {};
        if (!next->keeps_body) request_.body = nullptr;
        again_ = engine_.now();
    }
    engine_.wake();
}

/// The exchange ends, unless the request may be sent again.
void AgentExchange::fail(ClientError error) {
    const auto keep = shared_from_this();
    end_hop();
    const auto delay =
        passes_on_ ? std::nullopt : retry_delay(settings_.retry, retries_, request_.request.method, error);
    if (delay && engine_.now() < total_) {
        ++retries_;
        again_ = engine_.now() + *delay;
        if (observer_) observer_->on_retry(*delay, error.text);
        return engine_.wake();
    }
    finished_ = true;
    engine_.wake();
    receiver_->on_error(error);
}

void AgentExchange::leave_connection(bool abandon) {
    if (attempt_) attempt_->detach();
    AgentConnection* const connection = std::exchange(connection_, nullptr);
    if (connection == nullptr) return;
    if (hop_.asked == kNever) note_opening(*connection);
    if (const auto info = connection->info()) hop_.transport = info;
    if (abandon) connection->abandon();
}

void AgentExchange::end_hop() {
    if (!std::exchange(hop_open_, false)) return;
    hop_.ended = engine_.now();
    if (observer_) observer_->on_hop(hop_);
}

/// When the phase that the exchange is in has taken too long, and what is then said.
std::optional<std::pair<Instant, const char*>> AgentExchange::phase_limit() const {
    if (connection_ == nullptr || hop_.asked == kNever) return std::nullopt;
    if (passes_on_ && !receiver_->ready()) return std::nullopt;  // it is not the server who is slow
    if (hop_.first_byte == kNever && hop_.sent != kNever)
        return std::pair(after(hop_.sent, limits_.response), "no answer in time");
    return std::pair(after(connection_->active(), limits_.stalled), "nothing has moved for too long");
}

Instant AgentExchange::next_deadline() const {
    if (finished_) return Instant::min();
    Instant deadline = std::min(total_, again_);
    if (const auto limit = phase_limit()) deadline = std::min(deadline, limit->first);
    if (connection_ != nullptr && hop_.asked != kNever && connection_->awaits_continue())
        deadline = std::min(deadline, after(hop_.asked, settings_.continue_wait));
    return deadline;
}

void AgentExchange::poll(Instant now) {
    if (finished_) return;
    const auto keep = shared_from_this();
    const auto limit = phase_limit();
    if (now >= total_) {
        leave_connection(true);
        end_hop();
        passes_on_ = true;  // there is no time for another try
        return fail(
            {ClientError::Kind::timed_out, {}, {}, fmt::format("not done in {} s", to_seconds(limits_.total)), false});
    }
    if (limit && now >= limit->first) {
        leave_connection(true);
        return fail({ClientError::Kind::timed_out,
                     {},
                     {},
                     fmt::format("{}: {}", request_.url.authority(), limit->second),
                     false});
    }
    if (connection_ != nullptr && hop_.asked != kNever && connection_->awaits_continue() &&
        now >= after(hop_.asked, settings_.continue_wait))
        connection_->release_body();
    if (now >= again_) start(now);
}

}  // namespace hourglass::http::detail
