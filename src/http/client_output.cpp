#include <algorithm>
#include <fmt/format.h>

#include "http/client_engine.h"

namespace hourglass::http::detail {

bool ClientEngine::send(Request&& request, std::unique_ptr<BodySource> body,
                        std::shared_ptr<ResponseReceiver> receiver) {
    if (!reusable() || queue_.size() >= settings_.queued) return false;
    if (!wants_keep_alive(request.version, request.fields)) last_ = true;
    const std::weak_ptr<ClientEngine> weak = weak_from_this();
    const auto wake_up = [weak] {
        if (const auto self = weak.lock()) self->wake();
    };
    if (body != nullptr) body->on_ready(wake_up);
    receiver->on_ready(wake_up);
    Pending& pending = queue_.emplace_back();
    pending.request = std::move(request);
    pending.has_source = body != nullptr;
    pending.body = std::move(body);
    pending.receiver = std::move(receiver);
    wake();
    return true;
}

void ClientEngine::release_body() {
    for (Pending& pending : queue_) pending.holds_body = false;
    wake();
}

bool ClientEngine::awaits_continue() const {
    for (const Pending& pending : queue_)
        if (pending.started && pending.holds_body) return true;
    return false;
}

std::size_t ClientEngine::output(std::span<std::span<const std::byte>> pieces) const {
    const std::size_t own = out_.front(pieces);
    if (upgraded_ == nullptr || own == pieces.size()) return own;
    return own + upgraded_->output(pieces.subspan(own));
}

std::size_t ClientEngine::output_size() const {
    return out_.size() + (upgraded_ == nullptr ? 0 : upgraded_->output_size());
}

void ClientEngine::consume_output(std::size_t n) {
    const std::size_t own = std::min(n, out_.size());
    out_.consume(own);
    if (upgraded_ != nullptr && n > own) upgraded_->consume_output(n - own);
    run();
}

/// Moves to the output what may go there, in the order of the queue.
void ClientEngine::write() {
    for (std::size_t i = 0; i < queue_.size() && !finished_;) {
        if (!queue_[i].started) {
            if (!may_start(i)) return;
            if (!start(queue_[i])) {
                refuse(i);
                continue;
            }
        }
        if (!queue_[i].sent && !pump(queue_[i])) return;
        ++i;
    }
}

/// RFC 9112, section 9.3.2. `write` comes here only when all requests before this one are sent.
bool ClientEngine::may_start(std::size_t index) const {
    if (index == 0) return true;
    if (index >= settings_.pipelined || out_.size() >= settings_.output) return false;
    // Behind a request that may make another protocol of the connection there is no knowing who would read the next.
    for (std::size_t i = 0; i < index; ++i)
        if (!queue_[i].request.method.is_idempotent() || queue_[i].request.fields.contains("Upgrade")) return false;
    return true;
}

bool ClientEngine::start(Pending& pending) {
    Request& request = pending.request;
    BodyFraming framing = BodyFraming::none();
    if (pending.body != nullptr) {
        const auto size = pending.body->size();
        framing = size ? BodyFraming::of_length(*size) : BodyFraming::chunked();
        if (!size) request.version = kHttp11;
    } else if (!request.body.empty() || request.method.anticipates_content()) {
        framing = BodyFraming::of_length(request.body.size());
    }
    const auto written = out_.write([&](std::string& text) { return write_request_head(text, request, framing); });
    if (!written) {
        write_error_ = written.error();
        return false;
    }
    pending.framing = framing;
    pending.started = true;
    const bool has_body = pending.body != nullptr || !request.body.empty();
    pending.holds_body = has_body && request.fields.list_contains("Expect", "100-continue");
    return true;
}

/// Takes a request that can't be sent out of the queue.
void ClientEngine::refuse(std::size_t index) {
    const auto receiver = std::move(queue_[index].receiver);
    queue_.erase(queue_.begin() + static_cast<std::ptrdiff_t>(index));
    receiver->on_error({ClientError::Kind::invalid_request, std::nullopt, write_error_,
                        fmt::format("the request can't be sent: {}", to_string(write_error_)), false});
}

/// True when the whole request is in the output.
bool ClientEngine::pump(Pending& pending) {
    if (pending.holds_body) return false;
    if (pending.body == nullptr && !pump_.active()) {
        if (!pending.request.body.empty()) out_.append(std::move(pending.request.body));
        return pending.sent = true;
    }
    if (pending.body != nullptr) pump_.begin(std::move(pending.body), pending.framing);
    switch (pump_.pump(out_, settings_.output)) {
        case BodyPump::State::full:
        case BodyPump::State::pending:
            return false;
        case BodyPump::State::failed:
            fail({ClientError::Kind::body_failed, std::nullopt, std::nullopt, "the request's body could not be read",
                  false});
            return false;
        case BodyPump::State::idle:
        case BodyPump::State::done:
            break;
    }
    return pending.sent = true;
}

}  // namespace hourglass::http::detail
