#include "hourglass/http/client.h"

#include "http/client_engine.h"

namespace hourglass::http {

namespace {

class Collector final : public ResponseReceiver {
  public:
    Collector(Completion done, std::uint64_t limit) : done_(std::move(done)), limit_(limit) {}

    void on_head(Response response) override { response_ = std::move(response); }
    void on_body(std::span<const std::byte> bytes) override {
        if (!done_) return;
        if (bytes.size() > limit_ - response_.body.size())
            return finish(std::unexpected(ClientError{ClientError::Kind::response_too_large, Error::content_too_large,
                                                      std::nullopt, "the response is larger than the limit", false}));
        response_.body.append(as_text(bytes));
    }
    void on_end(const Fields& trailers) override {
        response_.trailers = trailers;
        finish(std::move(response_));
    }
    void on_error(const ClientError& error) override { finish(std::unexpected(error)); }

  private:
    void finish(std::expected<Response, ClientError> result) {
        if (const Completion done = std::exchange(done_, nullptr)) done(std::move(result));
    }

    Completion done_;
    std::uint64_t limit_;
    Response response_;
};

}  // namespace

std::shared_ptr<ResponseReceiver> collect_response(Completion done, std::uint64_t limit) {
    return std::make_shared<Collector>(std::move(done), limit);
}

ClientConnection::ClientConnection(const ClientSettings& settings)
    : engine_(std::make_shared<detail::ClientEngine>(settings)) {}
ClientConnection::~ClientConnection() = default;

bool ClientConnection::send(Request request, std::unique_ptr<BodySource> body,
                            std::shared_ptr<ResponseReceiver> receiver) {
    return engine_->send(std::move(request), std::move(body), std::move(receiver));
}
bool ClientConnection::send(Request request, Completion done) {
    return send(std::move(request), nullptr, collect_response(std::move(done)));
}
void ClientConnection::release_body() { engine_->release_body(); }
bool ClientConnection::awaits_continue() const { return engine_->awaits_continue(); }
void ClientConnection::receive(std::span<const std::byte> bytes) { engine_->receive(bytes); }
void ClientConnection::peer_closed() { engine_->peer_closed(); }
void ClientConnection::fail(const ClientError& error) { engine_->fail(error); }
bool ClientConnection::wants_input() const { return engine_->wants_input(); }
std::span<const std::byte> ClientConnection::output() const {
    std::span<const std::byte> piece;
    engine_->output(std::span(&piece, 1));
    return piece;
}
std::size_t ClientConnection::output(std::span<std::span<const std::byte>> pieces) const {
    return engine_->output(pieces);
}
std::size_t ClientConnection::output_size() const { return engine_->output_size(); }
void ClientConnection::consume_output(std::size_t n) { engine_->consume_output(n); }
void ClientConnection::on_change(std::function<void()> changed) { engine_->changed_ = std::move(changed); }
bool ClientConnection::upgraded() const { return engine_->upgraded_ != nullptr; }
void ClientConnection::close() { engine_->close(); }
void ClientConnection::time_out() { engine_->time_out(); }
bool ClientConnection::should_shutdown() const { return engine_->should_shutdown(); }
bool ClientConnection::should_abort() const { return engine_->should_abort(); }
std::size_t ClientConnection::pending() const { return engine_->queue_.size(); }
bool ClientConnection::reusable() const { return engine_->reusable(); }
bool ClientConnection::should_close() const { return engine_->should_close(); }

}  // namespace hourglass::http
