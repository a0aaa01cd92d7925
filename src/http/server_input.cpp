#include <algorithm>
#include <exception>
#include <utility>

#include "http/server_engine.h"

namespace hourglass::http::detail {

namespace {

/// True when the connection may become another protocol's with this request.
bool offers_any_upgrade(const Request& request) {
    return request.fields.contains("Upgrade") && request.version >= kHttp11 &&
           request.fields.list_contains("Connection", "upgrade") &&
           !request.fields.list_contains("Connection", "close");
}

}  // namespace

Ticket::~Ticket() {
    const auto connection = engine.lock();
    if (connection == nullptr) return;
    if (!connection->awaited(sequence)) {
        connection->recycle(std::move(request));
        return;
    }
    Response response = Response::error(Status::internal_server_error);
    std::unique_ptr<BodySource> body;
    filter(response, body);
    connection->respond(sequence, std::move(response), std::move(body));
}

void Ticket::filter(Response& response, std::unique_ptr<BodySource>& body) {
    // A filter that answers itself must not find itself again.
    const auto all = std::exchange(filters, {});
    for (auto filter = all.rbegin(); filter != all.rend(); ++filter) (*filter)(request, response, body);
}

ServerEngine::ServerEngine(std::shared_ptr<const Application> application,
                           std::shared_ptr<const ServerSettings> settings, SocketAddress client)
    : application_(std::move(application)),
      shared_settings_(std::move(settings)),
      client_(client),
      parser_(settings_.limits) {}

/// Everything that happens to a connection comes through here. What the callbacks ask for while it runs is seen to
/// before it returns.
void ServerEngine::run() {
    if (running_) {
        again_ = true;
        return;
    }
    running_ = true;
    do {
        again_ = false;
        settle_hold();
        read_waiting();
        pump();
    } while (again_ || (!waiting_.empty() && may_read()));
    running_ = false;
}

void ServerEngine::wake() {
    const bool from_outside = !running_;
    run();
    if (from_outside && changed_) changed_();
}

void ServerEngine::receive(std::span<const std::byte> bytes) {
    if (stopped_) {
        surplus_ = surplus_ || !bytes.empty();
        return;
    }
    if (running_ || !waiting_.empty() || !may_read()) {
        waiting_.append(as_text(bytes));
        run();
        return;
    }
    running_ = true;
    const auto rest = read(bytes);
    running_ = false;
    if (stopped_)
        surplus_ = surplus_ || !rest.empty();
    else
        waiting_.append(as_text(rest));
    run();
}

void ServerEngine::peer_closed() {
    peer_closed_ = true;
    run();
    depart(false);
}

void ServerEngine::on_departure(std::uint64_t sequence, std::function<void()> departed) {
    if (Exchange* const exchange = find_awaited(sequence)) exchange->departed = std::move(departed);
}

void ServerEngine::depart(bool gone) {
    std::vector<std::function<void()>> told;  // who is told may answer, and change the exchanges with that
    for (std::size_t i = 0; i < exchanges_.size(); ++i) {
        Exchange& exchange = exchanges_[i];
        if (!exchange.answered && exchange.departed && (gone || !exchange.last_of_client))
            told.push_back(std::exchange(exchange.departed, nullptr));
    }
    for (const auto& departed : told) departed();
}

bool ServerEngine::may_read() const {
    if (upgraded_ != nullptr) return upgraded_->wants_input();
    if (stopped_ || closing_ || abort_) return false;
    if (reading_body_) return !held_ && (sink_ == nullptr || sink_->ready());
    if (!exchanges_.empty() && exchanges_.back().may_switch()) return false;
    return exchanges_.size() < settings_.pipelined && out_.size() < settings_.output && !pump_.file_part() &&
           collected_ <= settings_.collected_body;
}

bool ServerEngine::wants_input() const { return !peer_closed_ && waiting_.empty() && may_read(); }

void ServerEngine::read_waiting() {
    // A body may be complete with nothing left to read but its end.
    if ((!waiting_.empty() || reading_body_) && may_read()) {
        const std::string input = std::move(waiting_);
        waiting_.clear();
        const auto rest = read(as_bytes(input));
        surplus_ = surplus_ || (stopped_ && !rest.empty());
        if (!stopped_) waiting_.insert(0, as_text(rest));
    }
    if (upgraded_ != nullptr) {
        if (peer_closed_ && waiting_.empty() && !std::exchange(told_end_, true)) upgraded_->peer_closed();
        return;
    }
    if (stopped_) waiting_.clear();
    if (peer_closed_ && !stopped_ && waiting_.empty() && !parser_.between_messages())
        on_error(Error::incomplete_message);
}

/// Returns what was not read because no input is wanted any more.
std::span<const std::byte> ServerEngine::read(std::span<const std::byte> bytes) {
    // After the last byte one more call asks for the end of a message that needs no further byte.
    while (may_read()) {
        if (upgraded_ != nullptr) {
            if (!bytes.empty()) upgraded_->receive(bytes);
            return {};
        }
        const auto step = parser_.parse(bytes);
        if (!step) {
            on_error(step.error());
            break;
        }
        bytes = bytes.subspan(step->consumed);
        switch (step->kind) {
            case ParseStep::Kind::need_more:
                return bytes;
            case ParseStep::Kind::head:
                on_head();
                break;
            case ParseStep::Kind::body:
                on_body(step->data);
                break;
            case ParseStep::Kind::end:
                on_end();
                pump();  // so that the limit of the output holds within a batch of requests, too
                break;
        }
    }
    return bytes;
}

std::optional<Error> ServerEngine::check_expectation(Exchange& exchange, const Request& request) const {
    const auto expectation = request.fields.get("Expect");
    if (!expectation || request.version < kHttp11) return std::nullopt;  // RFC 9110, section 10.1.1
    if (!equals_ignoring_case(*expectation, "100-continue")) return Error::unknown_expectation;
    const BodyFraming framing = parser_.framing();
    exchange.wants_continue = framing.kind == BodyFraming::Kind::chunked || framing.length > 0;
    return std::nullopt;
}

void ServerEngine::recycle(Request&& spent) {
    constexpr std::size_t most = 4096;  // so that an idle connection holds no more
    if (spent.fields.wire_size() + spent.target.size() + spent.body.capacity() <= most)
        parser_.give_back(std::move(spent));
}

void ServerEngine::on_head() {
    ++requests_;
    auto ticket = std::make_shared<Ticket>(weak_from_this(), application_, next_sequence_++, parser_, client_);
    const Request& request = ticket->request;
    Exchange& exchange = exchanges_.push();
    exchange.sequence = ticket->sequence;
    exchange.version = request.version;
    exchange.is_head = request.method.known() == Method::head;
    const bool last = draining_ || (settings_.requests != 0 && requests_ >= settings_.requests);
    exchange.last_of_client = !wants_keep_alive(request.version, request.fields);
    exchange.keep_alive = !last && !exchange.last_of_client;
    exchange.offers_upgrade = offers_any_upgrade(request);
    reading_body_ = true;
    if (request.method.known() == Method::connect) return on_error(Error::tunnel_refused);
    if (const auto wrong = check_expectation(exchange, request)) return on_error(*wrong);
    begin_body(exchange, ticket);
}

void ServerEngine::begin_body(Exchange& exchange, const std::shared_ptr<Ticket>& ticket) {
    const BodyFraming framing = parser_.framing();
    const bool has_body = framing.kind == BodyFraming::Kind::chunked || framing.length > 0;
    if (!has_body) {
        collecting_ = ticket;
    } else if (ticket->application->middleware) {
        held_ = true;
        try {
            ticket->application->middleware(ticket->request, Responder(ticket), let_in);
        } catch (const std::exception&) {
            answer_exception(ticket);
        }
        settle_hold();
    } else {
        take_body(exchange, ticket);
    }
}

/// What a middleware calls for a request with a body.
void ServerEngine::let_in(const Request&, const Responder& responder) {
    const auto& ticket = responder.ticket_;
    const auto self = ticket == nullptr ? nullptr : ticket->engine.lock();
    if (self == nullptr || !self->held_ || self->exchanges_.back().sequence != ticket->sequence) return;
    self->admitted_ = ticket;
    self->wake();
}

/// A body is held back no longer once its request has been let in, or answered.
void ServerEngine::settle_hold() {
    if (!held_) return;
    Exchange& exchange = exchanges_.back();
    const auto ticket = std::move(admitted_);
    if (exchange.answered) {
        held_ = false;
        discard_body(exchange);
    } else if (ticket != nullptr) {
        held_ = false;
        ticket->let_in = true;
        take_body(exchange, ticket);
    }
}

void ServerEngine::take_body(Exchange& exchange, const std::shared_ptr<Ticket>& ticket) {
    if (ticket->application->on_head) {
        try {
            sink_ = ticket->application->on_head(ticket->request, Responder(ticket));
        } catch (const std::exception&) {
            answer_exception(ticket);
        }
        if (sink_ != nullptr) {
            sink_->on_ready([weak = weak_from_this()] {
                if (const auto self = weak.lock()) self->wake();
            });
            return;
        }
        if (exchange.answered) return discard_body(exchange);
    }
    if (parser_.framing().length > settings_.collected_body) return on_error(Error::content_too_large);
    parser_.set_body_limit(settings_.collected_body);
    collecting_ = ticket;
}

/// The request was answered by its head alone. A body that will surely come, and is small, is read to keep the
/// connection; RFC 9110, section 10.1.1, leaves it open whether a client that expects 100 still sends it.
void ServerEngine::discard_body(Exchange& exchange) {
    if (exchange.wants_continue || parser_.framing().length > settings_.discarded_body) {
        end_connection_with(exchange);
        exchange.received = true;
        exchange.wants_continue = false;
        stop_input();
        return;
    }
    discarding_ = true;
    parser_.set_body_limit(settings_.discarded_body);
}

void ServerEngine::on_body(std::span<const std::byte> bytes) {
    exchanges_.back().wants_continue = false;
    if (sink_ != nullptr) {
        sink_->write(bytes);
    } else if (collecting_ != nullptr) {
        std::string& body = collecting_->request.body;
        if (body.empty()) {
            // The client's word on the length is good for a modest reservation only.
            constexpr std::uint64_t most = 256 * 1024;
            body.reserve(static_cast<std::size_t>(
                std::min(std::max<std::uint64_t>(parser_.framing().length, bytes.size()), most)));
        }
        body.append(as_text(bytes));
        exchanges_.back().collected += bytes.size();
        collected_ += bytes.size();
    }
}

void ServerEngine::on_end() {
    Exchange& exchange = exchanges_.back();
    exchange.received = true;
    exchange.wants_continue = false;
    reading_body_ = false;
    discarding_ = false;
    // RFC 9112, section 9.6: nothing is processed behind a request that asked for the end of the connection.
    if (!exchange.keep_alive && !exchange.may_switch()) stop_input();
    if (const auto sink = std::move(sink_)) {
        sink->end(parser_.trailers());
    } else if (const auto ticket = std::move(collecting_)) {
        ticket->request.trailers = parser_.trailers();
        call_handler(ticket);
    }
}

void ServerEngine::call_handler(const std::shared_ptr<Ticket>& ticket) {
    const Application& application = *ticket->application;
    try {
        if (application.middleware && !ticket->let_in)
            application.middleware(ticket->request, Responder(ticket), application.on_request);
        else
            application.on_request(ticket->request, Responder(ticket));
    } catch (const std::exception&) {
        answer_exception(ticket);
    }
}

/// Who throws has not answered.
void ServerEngine::answer_exception(const std::shared_ptr<Ticket>& ticket) {
    Response response = Response::error(Status::internal_server_error);
    std::unique_ptr<BodySource> body;
    if (awaited(ticket->sequence)) ticket->filter(response, body);
    respond(ticket->sequence, std::move(response), std::move(body));
}

void ServerEngine::on_error(Error error) {
    stop_input();
    if (discarding_) {  // the answer is given; only the rest of a body was too long, or did not come
        end_connection_with(exchanges_.back());
        exchanges_.back().received = true;
        return;
    }
    error_ = error;
    if (!reading_body_) {
        exchanges_.push().sequence = next_sequence_++;
    }
    Exchange& exchange = exchanges_.back();
    end_connection_with(exchange);
    exchange.received = true;
    exchange.wants_continue = false;
    if (!exchange.answered) answer_error(exchange, error);
    abandon_body(error);
}

void ServerEngine::abandon_body(Error reason) {
    reading_body_ = held_ = false;
    admitted_.reset();
    collecting_.reset();
    if (const auto sink = std::move(sink_)) sink->abort(reason);
}

void ServerEngine::stop_input() {
    stopped_ = true;
    again_ = true;
}

void ServerEngine::close_when_idle() {
    draining_ = true;
    if (upgraded_ != nullptr) {
        upgraded_->close();
    } else if (!exchanges_.empty()) {
        Exchange& last = exchanges_.back();
        end_connection_with(last);
        if (last.received && !last.may_switch()) stop_input();
    } else if (parser_.between_messages()) {
        closing_ = true;
    }
    run();
}

void ServerEngine::time_out() {
    if (upgraded_ != nullptr) {
        abort_ = !upgraded_->on_quiet();
    } else if (reading_body_ || !parser_.between_messages()) {
        if (!stopped_) on_error(Error::request_too_slow);
    } else {
        draining_ = true;
        if (exchanges_.empty()) closing_ = true;
    }
    run();
}

bool ServerEngine::idle() const {
    return upgraded_ == nullptr && exchanges_.empty() && out_.empty() && waiting_.empty() && parser_.between_messages();
}

bool ServerEngine::reading_head() const { return !stopped_ && !reading_body_ && !parser_.between_messages(); }

bool ServerEngine::awaits_application() const {
    if (exchanges_.empty() || !out_.empty() || pump_.file_part()) return false;
    return !reading_body_ || held_ || (sink_ != nullptr && !sink_->ready());
}

bool ServerEngine::should_close() const {
    if (!out_.empty()) return false;
    return upgraded_ != nullptr ? !should_abort() && upgraded_->should_close() : ends_with_output();
}

bool ServerEngine::ends_with_output() const {
    if (should_abort() || upgraded_ != nullptr) return false;
    return closing_ || ((peer_closed_ || stopped_) && exchanges_.empty() && waiting_.empty());
}

bool ServerEngine::should_abort() const { return abort_ || (upgraded_ != nullptr && upgraded_->should_abort()); }

}  // namespace hourglass::http::detail
