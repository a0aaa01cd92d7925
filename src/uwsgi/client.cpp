#include "hourglass/uwsgi/client.h"

#include <fmt/format.h>
#include <string>
#include <utility>

#include "http/output.h"

namespace hourglass::uwsgi {

using http::ClientError;
using http::ParseStep;

namespace detail {

class ClientEngine : public std::enable_shared_from_this<ClientEngine> {
  public:
    explicit ClientEngine(const ClientSettings& settings) : settings_(settings), parser_(settings.limits) {}

    bool send(http::Request request, GatewayContext context, std::unique_ptr<http::BodySource> body,
              std::shared_ptr<http::ResponseReceiver> receiver) {
        if (used_) return false;
        used_ = true;
        idempotent_ = request.method.is_idempotent();
        has_source_ = body != nullptr;
        receiver_ = std::move(receiver);
        const auto size = has_source_ ? body->size() : request.body.size();
        if (!size) return refuse(Error::unknown_body_length);
        context.body_length = *size;
        auto packet = write_packet(to_variables(request, context), settings_.modifier1, settings_.modifier2);
        if (!packet) return refuse(packet.error());
        out_.append(std::move(*packet));
        parser_.expect(request.method);
        const auto wake_up = [weak = weak_from_this()] {
            if (const auto self = weak.lock()) self->wake();
        };
        receiver_->on_ready(wake_up);
        if (has_source_) {
            body->on_ready(wake_up);
            pump_.begin(std::move(body), http::BodyFraming::of_length(*size));
        } else {
            out_.append(std::move(request.body));
        }
        wake();
        return true;
    }

    void receive(std::span<const std::byte> bytes) {
        if (receiver_ == nullptr) return;
        waiting_.append(http::as_text(bytes));
        run();
    }
    void peer_closed() {
        peer_closed_ = true;
        run();
    }
    void fail(ClientError error) {
        pump_.reset();
        out_.clear();
        waiting_.clear();
        const auto receiver = std::exchange(receiver_, nullptr);
        if (receiver == nullptr) return;
        error.retryable = error.retryable || (idempotent_ && !has_source_ && !head_received_);
        receiver->on_error(error);
    }
    void consume_output(std::size_t n) {
        out_.consume(n);
        run();
    }
    [[nodiscard]] bool wants_input() const { return waiting_.empty() && may_read(); }

    http::detail::OutputQueue out_;
    std::function<void()> changed_;
    std::shared_ptr<http::ResponseReceiver> receiver_;  ///< as long as the answer is not complete
    bool used_ = false;

  private:
    bool refuse(Error error) {
        fail({ClientError::Kind::invalid_request,
              {},
              {},
              fmt::format("the request can't be sent: {}", to_string(error)),
              false});
        return true;
    }
    [[nodiscard]] bool may_read() const { return receiver_ != nullptr && receiver_->ready(); }

    void wake() {
        const bool from_outside = !running_;
        run();
        if (from_outside && changed_) changed_();
    }
    /// What the callbacks ask for while it runs is seen to before it returns.
    void run() {
        again_ = true;
        if (running_) return;
        const auto self = shared_from_this();
        running_ = true;
        while (std::exchange(again_, false)) {
            read();
            write();
        }
        running_ = false;
    }

    void write() {
        if (!pump_.active() || pump_.pump(out_, settings_.output) != http::detail::BodyPump::State::failed) return;
        fail({ClientError::Kind::body_failed, {}, {}, "the request's body could not be read", false});
    }

    void read() {
        const std::string input = std::move(waiting_);
        waiting_.clear();
        std::span<const std::byte> bytes = http::as_bytes(input);
        while (may_read()) {
            const auto step = parser_.parse(bytes);
            if (!step) return fail(malformed(step.error()));
            bytes = bytes.subspan(step->consumed);
            if (step->kind == ParseStep::Kind::need_more) break;
            take(*step);
        }
        if (receiver_ == nullptr) return;
        waiting_.insert(0, http::as_text(bytes));
        if (!peer_closed_ || !waiting_.empty() || !may_read()) return;
        const auto last = parser_.finish();
        if (last && last->kind == ParseStep::Kind::end) return take(*last);
        fail({ClientError::Kind::connection_closed,
              http::Error::incomplete_message,
              {},
              "the connection closed before the response was complete",
              false});
    }

    void take(const ParseStep& step) {
        switch (step.kind) {
            case ParseStep::Kind::need_more:
                break;
            case ParseStep::Kind::head:
                take_head(parser_.take_response());
                break;
            case ParseStep::Kind::body:
                receiver_->on_body(step.data);
                break;
            case ParseStep::Kind::end:
                if (!head_received_) break;  // of an interim response
                pump_.reset();
                std::exchange(receiver_, nullptr)->on_end(parser_.trailers());
                break;
        }
    }
    void take_head(http::Response response) {
        if (response.status == http::Status::switching_protocols || interims_ > settings_.interim_responses)
            return fail(malformed(http::Error::invalid_status_line));
        if (http::is_informational(response.status)) {
            ++interims_;
            return receiver_->on_interim(response);
        }
        head_received_ = true;
        receiver_->on_head(std::move(response));
    }
    static ClientError malformed(http::Error reason) {
        const http::ErrorInfo& what = http::info(reason);
        return {ClientError::Kind::malformed_response,
                reason,
                {},
                fmt::format("malformed response: {} ({})", what.text, what.clause),
                false};
    }

    ClientSettings settings_;
    http::ResponseParser parser_;
    http::detail::BodyPump pump_;
    std::string waiting_;
    std::uint32_t interims_ = 0;
    bool idempotent_ = false;
    bool has_source_ = false;
    bool head_received_ = false;
    bool peer_closed_ = false;
    bool running_ = false;
    bool again_ = false;
};

}  // namespace detail

ClientConnection::ClientConnection(const ClientSettings& settings)
    : engine_(std::make_shared<detail::ClientEngine>(settings)) {}
ClientConnection::~ClientConnection() = default;

bool ClientConnection::send(http::Request request, GatewayContext context, std::unique_ptr<http::BodySource> body,
                            std::shared_ptr<http::ResponseReceiver> receiver) {
    return engine_->send(std::move(request), std::move(context), std::move(body), std::move(receiver));
}
void ClientConnection::receive(std::span<const std::byte> bytes) { engine_->receive(bytes); }
void ClientConnection::peer_closed() { engine_->peer_closed(); }
void ClientConnection::fail(const ClientError& error) { engine_->fail(error); }
bool ClientConnection::wants_input() const { return engine_->wants_input(); }
std::span<const std::byte> ClientConnection::output() const { return engine_->out_.front(); }
std::size_t ClientConnection::output(std::span<std::span<const std::byte>> pieces) const {
    return engine_->out_.front(pieces);
}
std::size_t ClientConnection::output_size() const { return engine_->out_.size(); }
void ClientConnection::consume_output(std::size_t n) { engine_->consume_output(n); }
void ClientConnection::on_change(std::function<void()> changed) { engine_->changed_ = std::move(changed); }
std::size_t ClientConnection::pending() const { return engine_->receiver_ != nullptr ? 1 : 0; }
bool ClientConnection::reusable() const { return !engine_->used_; }
bool ClientConnection::should_close() const { return engine_->used_ && engine_->receiver_ == nullptr; }

}  // namespace hourglass::uwsgi
