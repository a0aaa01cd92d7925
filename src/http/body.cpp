#include "hourglass/http/body.h"

#include <algorithm>
#include <cstring>

namespace hourglass::http {

BodySource::Read StringBody::read(std::span<std::byte> into) {
    const std::size_t n = std::min(into.size(), content_.size() - at_);
    if (n == 0) return {State::end, 0};
    std::memcpy(into.data(), content_.data() + at_, n);
    at_ += n;
    return {State::data, n};
}

namespace {

/// What the two ends of a pipe share.
struct PipeState {
    std::size_t capacity;
    std::optional<std::uint64_t> size;
    std::string buffer;
    std::size_t read_at = 0;  ///< bytes of `buffer` before this have left
    bool ended = false;
    bool failed = false;
    bool source_gone = false;
    Fields trailers;
    std::function<void()> wake_source;  ///< there is more, or the end
    std::function<void()> wake_sink;    ///< there is room

    [[nodiscard]] std::size_t held() const { return buffer.size() - read_at; }
    [[nodiscard]] bool has_room() const { return source_gone || held() < capacity; }
};

void call(const std::function<void()>& wake) {
    if (wake) wake();
}

class PipeSink final : public BodySink {
  public:
    explicit PipeSink(std::shared_ptr<PipeState> state) : state_(std::move(state)) {}
    ~PipeSink() override {
        if (!state_->ended) abort(Error::incomplete_message);
        state_->wake_sink = nullptr;
    }
    void write(std::span<const std::byte> bytes) override {
        if (state_->source_gone) return;
        state_->buffer.append(as_text(bytes));
        call(state_->wake_source);
    }
    void end(const Fields& trailers) override {
        state_->ended = true;
        state_->trailers = trailers;
        call(state_->wake_source);
    }
    void abort(Error) override {
        state_->ended = state_->failed = true;
        call(state_->wake_source);
    }
    [[nodiscard]] bool ready() const override { return state_->has_room(); }
    void on_ready(std::function<void()> wake) override { state_->wake_sink = std::move(wake); }

  private:
    std::shared_ptr<PipeState> state_;
};

class PipeSource final : public BodySource {
  public:
    explicit PipeSource(std::shared_ptr<PipeState> state) : state_(std::move(state)) {}
    ~PipeSource() override {
        state_->source_gone = true;
        state_->wake_source = nullptr;
        state_->buffer = {};
        state_->read_at = 0;
        call(state_->wake_sink);
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return state_->size; }
    Read read(std::span<std::byte> into) override {
        PipeState& s = *state_;
        if (s.held() == 0) {
            if (s.failed) return {State::failed, 0};
            return {s.ended ? State::end : State::pending, 0};
        }
        const bool was_full = !s.has_room();
        const std::size_t n = std::min(into.size(), s.held());
        std::memcpy(into.data(), s.buffer.data() + s.read_at, n);
        s.read_at += n;
        if (s.read_at * 2 >= s.buffer.size()) {
            s.buffer.erase(0, s.read_at);
            s.read_at = 0;
        }
        if (was_full && s.has_room()) call(s.wake_sink);
        return {State::data, n};
    }
    [[nodiscard]] Fields trailers() override { return state_->trailers; }
    void on_ready(std::function<void()> wake) override { state_->wake_source = std::move(wake); }

  private:
    std::shared_ptr<PipeState> state_;
};

}  // namespace

BodyPipe BodyPipe::make(std::size_t capacity, std::optional<std::uint64_t> size) {
    auto state = std::make_shared<PipeState>();
    state->capacity = capacity;
    state->size = size;
    return {std::make_unique<PipeSink>(state), std::make_unique<PipeSource>(state)};
}

}  // namespace hourglass::http
