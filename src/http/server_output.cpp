#include <algorithm>
#include <charconv>
#include <utility>

#include "hourglass/http/date.h"
#include "http/server_engine.h"

namespace hourglass::http::detail {

namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// The length that the application itself gives for a source that does not know its own.
std::optional<std::uint64_t> stated_length(const Fields& fields) {
    const auto value = fields.get("Content-Length");
    if (!value) return std::nullopt;
    std::uint64_t length = 0;
    const char* const end = value->data() + value->size();
    const auto [stop, failure] = std::from_chars(value->data(), end, length);
    return failure == std::errc() && stop == end ? std::optional(length) : std::nullopt;
}

/// RFC 9112, section 6: by what is known of the content and by what the client understands.
BodyFraming choose_framing(const Exchange& exchange, const Response& response, const BodySource* source) {
    if (response.status == Status::not_modified) return BodyFraming::none();
    if (exchange.is_head && source == nullptr) {
        // An answer to HEAD without content does not know the length that GET would have had, unless it says so.
        if (response.body.empty() || response.fields.contains("Content-Length")) return BodyFraming::none();
    }
    if (source == nullptr) return BodyFraming::of_length(response.body.size());
    if (const auto size = source->size()) return BodyFraming::of_length(*size);
    if (const auto size = stated_length(response.fields)) return BodyFraming::of_length(*size);
    return exchange.version >= kHttp11 ? BodyFraming::chunked() : BodyFraming::until_close();
}

bool has_no_body(const Exchange& exchange, Status status) {
    return exchange.is_head || status == Status::no_content || status == Status::not_modified;
}

}  // namespace

Exchange* ServerEngine::find_awaited(std::uint64_t sequence) {
    if (exchanges_.empty() || sequence < exchanges_.front().sequence) return nullptr;
    const std::uint64_t index = sequence - exchanges_.front().sequence;
    if (index >= exchanges_.size() || exchanges_[index].answered) return nullptr;
    return &exchanges_[index];
}

bool ServerEngine::respond(std::uint64_t sequence, Response&& response, std::unique_ptr<BodySource> source) {
    Exchange* const exchange = find_awaited(sequence);
    if (exchange == nullptr) return false;
    const bool accepted = answer(*exchange, std::move(response), std::move(source));
    wake();
    return accepted;
}

bool ServerEngine::inform(std::uint64_t sequence, const Response& interim) {
    Exchange* const exchange = find_awaited(sequence);
    if (exchange == nullptr || exchange->version < kHttp11) return false;
    if (!is_informational(interim.status) || interim.status == Status::switching_protocols) return false;
    if (!write_response_head(exchange->interim, interim, BodyFraming::none())) return false;
    wake();
    return true;
}

bool ServerEngine::upgrade(std::uint64_t sequence, Response&& switching, std::unique_ptr<Upgraded> protocol) {
    Exchange* const exchange = find_awaited(sequence);
    if (exchange == nullptr) return false;
    // A filter may have made another answer of it.
    if (!exchange->offers_upgrade || switching.status != Status::switching_protocols) {
        respond(sequence, std::move(switching), nullptr);
        return false;
    }
    exchange->protocol = std::move(protocol);
    complete_fields(*exchange, switching);
    if (!write_response_head(exchange->head, switching, BodyFraming::none())) {
        exchange->protocol = nullptr;
        respond(sequence, Response::error(Status::internal_server_error), nullptr);
        return false;
    }
    exchange->answered = true;
    wake();
    return true;
}

void ServerEngine::answer_error(Exchange& exchange, Error error) {
    const ErrorInfo& what = info(error);
    answer(exchange, Response::error(what.status, std::string(what.text) + " (" + std::string(what.clause) + ")"),
           nullptr);
}

/// Writes the response's head into the exchange, where it waits for its turn.
bool ServerEngine::answer(Exchange& exchange, Response&& response, std::unique_ptr<BodySource> source) {
    exchange.answered = true;
    exchange.framing = choose_framing(exchange, response, source.get());
    if (response.fields.list_contains("Connection", "close") || exchange.framing.kind == BodyFraming::Kind::until_close)
        exchange.keep_alive = false;
    complete_fields(exchange, response);
    if (exchange.head.empty()) exchange.head = std::exchange(spent_head_, {});
    const bool is_final = to_number(response.status) >= 200;
    if (!is_final || !write_response_head(exchange.head, response, exchange.framing)) {
        exchange.answered = false;
        answer(exchange, Response::error(Status::internal_server_error), nullptr);
        return false;
    }
    if (has_no_body(exchange, response.status)) {
        exchange.framing = BodyFraming::none();
    } else if (source != nullptr) {
        exchange.source = std::move(source);
    } else {
        exchange.body = std::move(response.body);
    }
    // The end of a connection that could have become another protocol's.
    if (exchange.offers_upgrade && exchange.received && !exchange.keep_alive) stop_input();
    return true;
}

/// The connection closes behind this response, which says so if it has not left yet.
void ServerEngine::end_connection_with(Exchange& exchange) {
    if (exchange.keep_alive && exchange.answered && !exchange.started && exchange.protocol == nullptr)
        exchange.head.insert(exchange.head.size() - 2, "Connection: close\r\n");
    exchange.keep_alive = false;
}

void ServerEngine::complete_fields(const Exchange& exchange, Response& response) {
    response.version = kHttp11;
    response.fields.remove("Connection");
    // RFC 9110, section 7.8: Upgrade concerns this connection alone, which Connection has to say.
    if (response.fields.contains("Upgrade")) response.fields.add("Connection", "upgrade");
    if (!exchange.keep_alive && exchange.protocol == nullptr)
        response.fields.add("Connection", "close");
    else if (exchange.version < kHttp11)
        response.fields.add("Connection", "keep-alive");
    if (settings_.wall_clock && !response.fields.contains("Date"))
        response.fields.add("Date", remembered_date(settings_.wall_clock()).view());
    if (names_server_ && !response.fields.contains("Server")) response.fields.add("Server", settings_.server_name);
}

std::size_t ServerEngine::output(std::span<std::span<const std::byte>> pieces) const {
    const std::size_t own = out_.front(pieces);
    if (upgraded_ == nullptr || own == pieces.size()) return own;
    return own + upgraded_->output(pieces.subspan(own));
}

std::size_t ServerEngine::output_size() const {
    return out_.size() + (upgraded_ == nullptr ? 0 : upgraded_->output_size());
}

void ServerEngine::consume_output(std::size_t n) {
    const std::size_t own = std::min(n, out_.size());
    out_.consume(own);
    if (upgraded_ != nullptr && n > own) upgraded_->consume_output(n - own);
    run();
}

std::optional<FilePart> ServerEngine::file_output() const { return pump_.file_part(); }

void ServerEngine::consume_file_output(std::optional<std::uint64_t> n) {
    if (n) {
        pump_.consume_file(*n);
    } else {
        pump_.reset();
        fail_response();
    }
    run();
}

/// Moves to the output what may go there, in the order of the requests.
void ServerEngine::pump() {
    while (!exchanges_.empty() && pump_front(exchanges_.front())) finish();
}

/// True when the response is complete and the request too, so that the next one has its turn.
bool ServerEngine::pump_front(Exchange& exchange) {
    if (exchange.wants_continue && !held_) {
        exchange.wants_continue = false;
        out_.append(kContinue);
    }
    if (!exchange.interim.empty() && !exchange.started) {
        out_.append(std::move(exchange.interim));
        exchange.interim.clear();
    }
    if (!exchange.answered) return false;
    if (!exchange.started) start(exchange);
    switch (pump_body()) {
        case BodyPump::State::full:
        case BodyPump::State::pending:
            return false;
        case BodyPump::State::failed:
            fail_response();
            return false;
        case BodyPump::State::idle:
        case BodyPump::State::done:
            break;
    }
    return exchange.received || stopped_;
}

/// A source that has nothing is asked to say when it has, and asked again, because it may have said so by then.
BodyPump::State ServerEngine::pump_body() {
    const auto state = pump_.pump(out_, settings_.output);
    if (state != BodyPump::State::pending || pump_.listens()) return state;
    pump_.listen([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
    });
    return pump_.pump(out_, settings_.output);
}

/// A response can't be completed.
void ServerEngine::fail_response() {
    abort_ = true;
    stop_input();
    exchanges_.clear();
    abandon_body(Error::incomplete_message);
}

void ServerEngine::start(Exchange& exchange) {
    exchange.started = true;
    const std::uint64_t length = exchange.framing.length;
    out_.make_room(exchange.head.size() + (length < OutputQueue::kLarge ? static_cast<std::size_t>(length) : 0));
    if (exchange.head.capacity() < OutputQueue::kLarge) {
        out_.append(std::string_view(exchange.head));
        spent_head_ = std::move(exchange.head);
        spent_head_.clear();
    } else {
        out_.append(std::move(exchange.head));
    }
    if (exchange.source != nullptr)
        pump_.begin(std::move(exchange.source), exchange.framing);
    else if (!exchange.body.empty())
        out_.append(std::move(exchange.body));
}

void ServerEngine::finish() {
    if (exchanges_.front().protocol != nullptr) return switch_to(std::move(exchanges_.front().protocol));
    const bool keep_alive = exchanges_.front().keep_alive;
    collected_ -= exchanges_.front().collected;
    client_is_done_ = exchanges_.front().last_of_client && exchanges_.front().received;
    exchanges_.pop();
    if (keep_alive) return;
    closing_ = true;
    stop_input();
    exchanges_.clear();
    abandon_body(Error::incomplete_message);
}

void ServerEngine::switch_to(std::unique_ptr<Upgraded> protocol) {
    exchanges_.clear();
    upgraded_ = std::move(protocol);
    upgraded_->on_change([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
    });
    if (draining_) upgraded_->close();
    again_ = true;
}

}  // namespace hourglass::http::detail
