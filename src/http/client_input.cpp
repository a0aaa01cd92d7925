#include <fmt/format.h>

#include "http/client_engine.h"

namespace hourglass::http::detail {

namespace {

ClientError malformed(Error reason) {
    const ErrorInfo& what = info(reason);
    return {ClientError::Kind::malformed_response, reason, std::nullopt,
            fmt::format("malformed response: {} ({})", what.text, what.clause), false};
}

ClientError closed_early() {
    return {ClientError::Kind::connection_closed, Error::incomplete_message, std::nullopt,
            "the connection closed before the response was complete", false};
}

}  // namespace

/// Everything that happens to a connection comes through here. What the callbacks ask for while it runs is seen to
/// before it returns.
void ClientEngine::run() {
    if (running_) {
        again_ = true;
        return;
    }
    running_ = true;
    do {
        again_ = false;
        read_waiting();
        write();
    } while (again_ || (!waiting_.empty() && may_read()));
    running_ = false;
}

void ClientEngine::wake() {
    const bool from_outside = !running_;
    run();
    if (from_outside && changed_) changed_();
}

void ClientEngine::receive(std::span<const std::byte> bytes) {
    if (finished_) return;
    waiting_.append(as_text(bytes));
    run();
}

void ClientEngine::peer_closed() {
    peer_closed_ = true;
    run();
}

bool ClientEngine::may_read() const {
    if (finished_) return false;
    if (upgraded_ != nullptr) return upgraded_->wants_input();
    return !reading_ || queue_.front().receiver->ready();
}

void ClientEngine::read_waiting() {
    // A body may be complete with nothing left to read but its end.
    if ((!waiting_.empty() || reading_) && may_read()) {
        const std::string input = std::move(waiting_);
        waiting_.clear();
        const auto rest = read(as_bytes(input));
        waiting_.insert(0, as_text(rest));
    }
    if (upgraded_ != nullptr) {
        if (peer_closed_ && waiting_.empty() && !std::exchange(told_end_, true)) upgraded_->peer_closed();
        return;
    }
    if (finished_) waiting_.clear();
    if (!peer_closed_ || finished_ || !waiting_.empty() || !may_read()) return;
    const auto step = parser_.finish();
    if (step && step->kind == ParseStep::Kind::end && reading_) on_end();
    fail(closed_early());
}

std::span<const std::byte> ClientEngine::read(std::span<const std::byte> bytes) {
    while (may_read()) {
        if (upgraded_ != nullptr) {
            if (!bytes.empty()) upgraded_->receive(bytes);
            return {};
        }
        if (!reading_) {
            if (bytes.empty() && parser_.between_messages()) return bytes;
            if (queue_.empty() || !queue_.front().started) {
                // Nobody asked for this; whatever it is, it must not become the answer to a later request.
                fail(closed_early());
                return {};
            }
            parser_.expect(queue_.front().request.method);
        }
        const auto step = parser_.parse(bytes);
        if (!step) {
            fail(malformed(step.error()));
            return {};
        }
        bytes = bytes.subspan(step->consumed);
        switch (step->kind) {
            case ParseStep::Kind::need_more:
                return bytes;
            case ParseStep::Kind::head:
                on_head();
                break;
            case ParseStep::Kind::body:
                queue_.front().receiver->on_body(step->data);
                break;
            case ParseStep::Kind::end:
                on_end();
                break;
        }
    }
    return bytes;
}

void ClientEngine::on_head() {
    Pending& front = queue_.front();
    Response response = parser_.take_response();
    const bool switches = response.status == Status::switching_protocols;
    if (is_informational(response.status) && !switches) {
        if (++front.interims > settings_.interim_responses) {
            ClientError error = malformed(Error::invalid_status_line);
            error.text = "more interim responses than the limit";
            return fail(error);
        }
        if (response.status == Status::continue_) front.holds_body = false;
        front.receiver->on_interim(response);
        return;
    }
    const BodyFraming::Kind framing = parser_.framing().kind;
    if (switches && !offers_upgrade(front.request, response.fields.get("Upgrade").value_or(""))) {
        ClientError error = malformed(Error::invalid_status_line);
        error.text = "the server switched protocols unasked (RFC 9110, section 15.2.2)";
        return fail(error);
    }
    if (switches && !front.sent) {
        ClientError error = malformed(Error::invalid_status_line);
        error.text = "the server switched protocols within the request (RFC 9110, section 7.8)";
        return fail(error);
    }
    if (framing == BodyFraming::Kind::tunnel && switch_protocols(response)) return;
    reading_ = front.head_received = true;
    closes_ = framing == BodyFraming::Kind::until_close || framing == BodyFraming::Kind::tunnel ||
              !wants_keep_alive(response.version, response.fields) ||
              !wants_keep_alive(front.request.version, front.request.fields);
    // RFC 9112, section 9.5: a server that refuses the request does not want the rest of its body.
    if (!front.sent && (front.holds_body || is_error(response.status))) {
        front.sent = closes_ = true;
        pump_.reset();
    }
    front.receiver->on_head(std::move(response));
}

/// True when another protocol has taken over.
bool ClientEngine::switch_protocols(const Response& response) {
    const auto receiver = queue_.front().receiver;
    upgraded_ = receiver->on_upgrade(response);
    if (upgraded_ == nullptr) return false;
    queue_.pop_front();
    last_ = true;
    pump_.reset();
    upgraded_->on_change([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->wake();
    });
    again_ = true;
    // Whoever waits behind it has to go elsewhere.
    const auto others = std::exchange(queue_, {});
    for (const Pending& pending : others) {
        ClientError error = closed_early();
        error.retryable = true;
        pending.receiver->on_error(error);
    }
    return true;
}

void ClientEngine::close() {
    last_ = true;
    if (upgraded_ != nullptr) upgraded_->close();
    wake();
}

void ClientEngine::time_out() {
    if (upgraded_ != nullptr) abort_ = !upgraded_->on_quiet();
    wake();
}

bool ClientEngine::should_close() const {
    if (upgraded_ != nullptr) return out_.empty() && upgraded_->should_close();
    return finished_ || (last_ && queue_.empty());
}

void ClientEngine::on_end() {
    if (!reading_) return;  // an interim response
    reading_ = false;
    const bool all_sent = queue_.front().sent;
    const auto receiver = std::move(queue_.front().receiver);
    queue_.pop_front();
    receiver->on_end(parser_.trailers());
    if (all_sent && !closes_) return;
    pump_.reset();
    fail(closed_early());
}

/// The connection is over. Whoever still waits learns of it.
void ClientEngine::fail(const ClientError& error) {
    finished_ = true;
    reading_ = false;
    pump_.reset();
    const auto lost = std::move(upgraded_);
    const auto failed = std::exchange(queue_, {});
    for (const Pending& pending : failed) {
        if (pending.receiver == nullptr) continue;
        ClientError own = error;
        const bool repeatable = !pending.started || (pending.request.method.is_idempotent() && !pending.has_source);
        own.retryable = repeatable && !pending.head_received;
        pending.receiver->on_error(own);
    }
}

}  // namespace hourglass::http::detail
