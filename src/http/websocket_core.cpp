#include "http/websocket_core.h"

#include <algorithm>
#include <exception>
#include <utility>

namespace hourglass::http::detail {

WebSocketCore::WebSocketCore(WebSocketEvents events, const WebSocketSettings& settings, std::string protocol,
                             std::function<std::uint64_t()> masks)
    : events_(std::move(events)),
      settings_(settings),
      protocol_(std::move(protocol)),
      masks_(std::move(masks)),
      reader_(masks_ == nullptr, settings.message) {}

/// Calls the application. It must not be destroyed by what it is called for.
template <typename Event, typename... Arguments>
void WebSocketCore::call(const Event& event, Arguments&&... arguments) {
    if (!event) return;
    try {
        event(WebSocket(weak_from_this()), std::forward<Arguments>(arguments)...);
    } catch (const std::exception&) {
        close(CloseCode::internal_error, {});
    }
}

void WebSocketCore::open() {
    if (ended_) return;
    opened_ = true;
    call(events_.on_open);
}

void WebSocketCore::wake() {
    if (running_ || !changed_) return;
    const auto changed = changed_;
    changed();
}

bool WebSocketCore::wants_input() const {
    if (failed_ || close_received_) return true;  // what still comes is discarded
    return !paused_ && out_.size() < settings_.output;
}

void WebSocketCore::receive(std::span<const std::byte> bytes) {
    pinged_ = false;
    waiting_.append(as_text(bytes));
    run();
}

void WebSocketCore::run() {
    if (running_) return;
    const auto self = shared_from_this();
    running_ = true;
    const std::string input = std::exchange(waiting_, {});
    auto bytes = as_bytes(input);
    while (!failed_ && !close_received_ && wants_input()) {
        const auto step = reader_.read(bytes);
        if (!step) {
            fail(step.error());
            break;
        }
        bytes = bytes.subspan(step->consumed);
        if (step->kind == FrameReader::Step::Kind::need_more) break;
        take(*step);
    }
    if (!failed_ && !close_received_) waiting_.insert(0, as_text(bytes));
    running_ = false;
}

void WebSocketCore::take(const FrameReader::Step& step) {
    switch (step.kind) {
        case FrameReader::Step::Kind::need_more:
            break;
        case FrameReader::Step::Kind::data:
            if (!close_sent_) message_ += step.data;
            break;
        case FrameReader::Step::Kind::message: {
            WebSocketMessage message{.text = reader_.text(), .data = std::exchange(message_, {})};
            // RFC 6455, section 7.1.6: whoever has sent a Close may leave aside what still comes.
            if (!close_sent_) call(events_.on_message, std::move(message));
            break;
        }
        case FrameReader::Step::Kind::control:
            take_control(step.opcode, step.data);
            break;
    }
}

void WebSocketCore::take_control(Opcode opcode, std::string_view payload) {
    if (opcode == Opcode::close) return take_close(payload);
    if (opcode == Opcode::pong) return call(events_.on_pong, payload);
    if (!close_sent_) write(Opcode::pong, payload);
}

/// RFC 6455, section 5.5.1: the answer carries the code that came.
void WebSocketCore::take_close(std::string_view payload) {
    const auto close = read_close(payload);
    if (!close) return fail(close.error());
    close_received_ = true;
    if (!close_sent_) write_close(close->code, {});
    end(close->code, close->reason);
}

/// RFC 6455, section 7.1.7.
void WebSocketCore::fail(const Violation& violation) {
    failed_ = true;
    message_.clear();
    if (!close_sent_) write_close(violation.code, violation.text);
    end(violation.code, violation.text);
}

void WebSocketCore::end(CloseCode code, std::string_view reason) {
    if (std::exchange(ended_, true)) return;
    // A server's that never came to be is nobody's.
    if (opened_ || masks_) call(events_.on_close, code, reason);
}

void WebSocketCore::lost(std::string_view how) {
    const auto self = shared_from_this();
    changed_ = nullptr;
    failed_ = true;
    end(CloseCode::abnormal, how);
}

void WebSocketCore::refuse(std::string_view why) {
    failed_ = abort_ = true;
    end(CloseCode::abnormal, why);
}

void WebSocketCore::peer_closed() {
    peer_closed_ = true;
    end(CloseCode::abnormal, "the connection was closed without a closing handshake");
}

/// RFC 6455, section 7.1.1: the server closes the connection first, so that it is the one to hold TIME-WAIT.
bool WebSocketCore::should_close() const {
    if (!out_.empty()) return false;
    if (peer_closed_ || failed_) return true;
    return close_sent_ && close_received_ && masks_ == nullptr;
}

void WebSocketCore::consume_output(std::size_t n) {
    out_.consume(n);
    if (!running_ && !waiting_.empty() && wants_input()) run();
    tell_writable();
}

void WebSocketCore::tell_writable() {
    if (refused_ && is_open() && out_.size() <= settings_.output / 2) {
        refused_ = false;
        call(events_.on_writable);
    }
}

bool WebSocketCore::on_quiet() {
    if (!is_open() || std::exchange(pinged_, true)) return false;
    write(Opcode::ping, {});
    return true;
}

bool WebSocketCore::send(Opcode opcode, std::string_view payload) {
    if (!is_open() || (opcode == Opcode::ping && payload.size() > 125)) return false;
    if (opcode == Opcode::text && !is_utf8(payload)) return false;
    if (out_.size() > settings_.output) {
        refused_ = true;
        return false;
    }
    write(opcode, payload);
    wake();
    return true;
}

void WebSocketCore::close(CloseCode code, std::string_view reason) {
    if (!is_open()) return;
    write_close(may_be_sent(code) ? code : CloseCode::normal, reason);
    wake();
}

void WebSocketCore::set_paused(bool paused) {
    paused_ = paused;
    if (paused || running_) return;
    run();
    wake();
}

void WebSocketCore::write(Opcode opcode, std::string_view payload) {
    const auto mask = masks_ ? std::optional(static_cast<std::uint32_t>(masks_())) : std::nullopt;
    std::string frame;
    frame.reserve(payload.size() + 14);
    write_frame(frame, opcode, payload, mask);
    out_.append(std::move(frame));
}

void WebSocketCore::write_close(CloseCode code, std::string_view reason) {
    constexpr std::size_t longest = 123;
    close_sent_ = true;
    if (code == CloseCode::no_status) return write(Opcode::close, {});
    std::size_t size = std::min(reason.size(), longest);
    // Not within a character.
    while (size > 0 && size < reason.size() && (static_cast<unsigned char>(reason[size]) & 0xc0U) == 0x80U) --size;
    const auto number = static_cast<unsigned>(code);
    std::string payload{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
    if (is_utf8(reason.substr(0, size))) payload += reason.substr(0, size);
    write(Opcode::close, payload);
}

namespace {

class WebSocketProtocol final : public Upgraded {
  public:
    explicit WebSocketProtocol(std::shared_ptr<WebSocketCore> core) : core_(std::move(core)) {}
    ~WebSocketProtocol() override { core_->lost("the connection was lost"); }

    void receive(std::span<const std::byte> bytes) override { core_->receive(bytes); }
    void peer_closed() override { core_->peer_closed(); }
    [[nodiscard]] bool wants_input() const override { return core_->wants_input(); }
    std::size_t output(std::span<std::span<const std::byte>> pieces) const override {
        return core_->out_.front(pieces);
    }
    [[nodiscard]] std::size_t output_size() const override { return core_->out_.size(); }
    void consume_output(std::size_t n) override { core_->consume_output(n); }
    void on_change(std::function<void()> changed) override {
        core_->changed_ = std::move(changed);
        core_->open();
    }
    [[nodiscard]] bool should_close() const override { return core_->should_close(); }
    [[nodiscard]] bool should_abort() const override { return core_->should_abort(); }
    void close() override { core_->close(CloseCode::going_away, {}); }
    bool on_quiet() override { return core_->on_quiet(); }

  private:
    std::shared_ptr<WebSocketCore> core_;
};

}  // namespace

std::unique_ptr<Upgraded> make_websocket(std::shared_ptr<WebSocketCore> core) {
    return std::make_unique<WebSocketProtocol>(std::move(core));
}

}  // namespace hourglass::http::detail
