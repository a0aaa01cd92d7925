#include "hourglass/http/coroutine.h"

#include <optional>
#include <utility>

namespace hourglass::http {

namespace {

Task<void> answer_stream(std::shared_ptr<const TaskStreamHandler> handler, Responder responder, BodyReader body) {
    Response response = co_await (*handler)(responder.request(), std::move(body));
    responder.respond(std::move(response));
}

}  // namespace

/// What the two ends of the body share.
struct BodyReader::Shared {
    std::size_t capacity = 0;
    std::string held{};
    bool ended = false;
    std::optional<Error> failure{};
    bool reader_gone = false;  ///< what still comes is discarded
    std::function<void(std::expected<std::string, Error>)> reader{};
    std::function<void()> wake_sink{};

    /// Gives a reader that waits what there is.
    void serve() {
        if (!reader || (held.empty() && !ended && !failure)) return;
        const auto done = std::exchange(reader, nullptr);
        const bool was_full = held.size() >= capacity;
        std::string piece = std::exchange(held, {});
        if (was_full && wake_sink) wake_sink();
        if (piece.empty() && failure)
            done(std::unexpected(*failure));
        else
            done(std::move(piece));
    }
};

class BodyReader::Sink final : public BodySink {
  public:
    explicit Sink(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
    ~Sink() override {
        shared_->wake_sink = nullptr;
        if (!shared_->ended) fail(Error::incomplete_message);
    }
    void write(std::span<const std::byte> bytes) override {
        const auto shared = shared_;
        if (shared->reader_gone) return;
        shared->held += as_text(bytes);
        shared->serve();
    }
    void end(const Fields&) override {
        const auto shared = shared_;
        shared->ended = true;
        shared->serve();
    }
    void abort(Error reason) override { fail(reason); }
    [[nodiscard]] bool ready() const override {
        return shared_->reader_gone || shared_->held.size() < shared_->capacity;
    }
    void on_ready(std::function<void()> wake) override { shared_->wake_sink = std::move(wake); }

  private:
    void fail(Error reason) {
        const auto shared = shared_;
        if (!shared->failure) shared->failure = reason;
        shared->serve();
    }
    std::shared_ptr<Shared> shared_;
};

BodyReader::BodyReader(std::size_t buffer) : shared_(std::make_shared<Shared>()) {
    shared_->capacity = buffer;
    const auto leave = [shared = shared_](void*) {
        shared->reader_gone = true;
        shared->held = {};
        if (const auto wake = shared->wake_sink) wake();
    };
    here_ = std::shared_ptr<void>(nullptr, leave);
}

std::unique_ptr<BodySink> BodyReader::sink() { return std::make_unique<Sink>(shared_); }

void BodyReader::read(std::function<void(std::expected<std::string, Error>)> done) {
    const auto shared = shared_;
    shared->reader = std::move(done);
    shared->serve();
}

Task<std::expected<std::string, Error>> BodyReader::rest(std::size_t limit) {
    std::string all;
    for (;;) {
        auto piece = co_await next();
        if (!piece) co_return std::unexpected(piece.error());
        if (piece->empty()) co_return all;
        if (piece->size() > limit - all.size()) co_return std::unexpected(Error::content_too_large);
        all += *piece;
    }
}

StreamHandler stream_with(TaskStreamHandler handler, std::size_t buffer) {
    return [handler = std::make_shared<const TaskStreamHandler>(std::move(handler)), buffer](
               const Request&, const Responder& responder) {
        BodyReader body(buffer);
        auto sink = body.sink();
        start(answer_stream(handler, responder, body));
        return sink;
    };
}

}  // namespace hourglass::http
