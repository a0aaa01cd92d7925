#include "hourglass/http/event_stream.h"

#include <algorithm>
#include <cstring>
#include <fmt/format.h>

namespace hourglass::http {

namespace {

bool is_one_line(std::string_view text) {
    return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

/// Takes the next line off the front, without its end: LF, CR or both.
std::string_view take_line(std::string_view& text) {
    const std::size_t end = text.find_first_of("\r\n");
    const std::string_view line = text.substr(0, end);
    if (end == std::string_view::npos)
        text = {};
    else
        text.remove_prefix(end + (text.substr(end).starts_with("\r\n") ? 2 : 1));
    return line;
}

}  // namespace

std::optional<std::string> format_event(const ServerSentEvent& event) {
    if (!is_one_line(event.event) || !is_one_line(event.id)) return std::nullopt;
    std::string text;
    if (!event.event.empty()) text += "event: " + event.event + "\n";
    if (!event.id.empty()) text += "id: " + event.id + "\n";
    if (event.retry) text += fmt::format("retry: {}\n", event.retry->count());
    // A line end at the end of the data is one more, empty line.
    const bool ends_in_line_end = event.data.ends_with('\n') || event.data.ends_with('\r');
    for (std::string_view rest = event.data; !rest.empty();) text.append("data: ").append(take_line(rest)).append("\n");
    if (event.data.empty() || ends_in_line_end) text += "data: \n";
    return text + "\n";
}

struct EventStream::Shared {
    std::size_t limit = 0;
    std::string buffer{};
    bool ended = false;
    bool failed = false;
    bool gone = false;  ///< the connection has
    std::function<void()> wake{};
};

class EventStream::Source final : public BodySource {
  public:
    explicit Source(std::shared_ptr<Shared> state) : state_(std::move(state)) {}
    ~Source() override {
        state_->gone = true;
        state_->wake = nullptr;
        state_->buffer = {};
    }
    [[nodiscard]] std::optional<std::uint64_t> size() const override { return std::nullopt; }
    Read read(std::span<std::byte> into) override {
        std::string& buffer = state_->buffer;
        if (state_->failed) return {State::failed, 0};
        const std::size_t n = std::min(into.size(), buffer.size());
        if (n == 0) return {state_->ended ? State::end : State::pending, 0};
        std::memcpy(into.data(), buffer.data(), n);
        buffer.erase(0, n);
        return {State::data, n};
    }
    void on_ready(std::function<void()> wake) override { state_->wake = std::move(wake); }

  private:
    std::shared_ptr<Shared> state_;
};

bool EventStream::append(std::string_view text) const {
    if (!open()) return false;
    if (text.size() > state_->limit - std::min(state_->limit, state_->buffer.size())) {
        state_->failed = true;
        state_->buffer = {};
    } else {
        state_->buffer += text;
    }
    const bool sent = !state_->failed;
    if (const auto wake = state_->wake) wake();
    return sent;
}

bool EventStream::send(const ServerSentEvent& event) const {
    const auto text = format_event(event);
    return text && append(*text);
}

bool EventStream::comment(std::string_view text) const {
    std::string lines;
    do lines.append(": ").append(take_line(text)).append("\n");
    while (!text.empty());
    return append(lines + "\n");
}

void EventStream::close() const {
    if (!open()) return;
    state_->ended = true;
    if (const auto wake = state_->wake) wake();
}

bool EventStream::open() const { return state_ != nullptr && !state_->ended && !state_->failed && !state_->gone; }

std::size_t EventStream::buffered() const { return state_ == nullptr ? 0 : state_->buffer.size(); }

EventStream start_event_stream(const Responder& responder, std::size_t buffer) {
    auto state = std::make_shared<EventStream::Shared>();
    state->limit = buffer;
    Response response;
    response.fields = {{"Content-Type", "text/event-stream"},
                       {"Cache-Control", "no-store"},
                       {"X-Accel-Buffering", "no"}};  // nginx would hold events back
    responder.respond(std::move(response), std::make_unique<EventStream::Source>(state));
    return EventStream(std::move(state));
}

std::optional<std::string_view> last_event_id(const Request& request) { return request.fields.get("Last-Event-ID"); }

bool EventChannel::publish(ServerSentEvent event) {
    if (event.id.empty()) event.id = std::to_string(++published_);
    if (!format_event(event)) return false;
    forget_closed();
    for (const EventStream& stream : std::vector(streams_)) stream.send(event);
    if (settings_.history == 0) return true;
    if (history_.size() >= settings_.history) history_.pop_front();
    history_.push_back(std::move(event));
    return true;
}

void EventChannel::heartbeat() {
    for (const EventStream& stream : std::vector(streams_)) stream.comment();
    forget_closed();
}

void EventChannel::close() {
    for (const EventStream& stream : std::exchange(streams_, {})) stream.close();
}

std::size_t EventChannel::clients() const {
    return static_cast<std::size_t>(std::ranges::count_if(streams_, &EventStream::open));
}

void EventChannel::forget_closed() {
    std::erase_if(streams_, [](const EventStream& stream) { return !stream.open(); });
}

void EventChannel::join(const Request& request, const Responder& responder) {
    forget_closed();
    if (streams_.size() >= settings_.clients) {
        responder.respond(Response::error(Status::service_unavailable, "Too many clients listen."));
        return;
    }
    const EventStream stream = start_event_stream(responder, settings_.buffer);
    if (const auto last = last_event_id(request)) {
        // What is not kept any more has been missed, and what is kept with it.
        const auto known = std::ranges::find(history_, *last, &ServerSentEvent::id);
        for (auto kept = known == history_.end() ? history_.begin() : known + 1; kept != history_.end(); ++kept)
            stream.send(*kept);
    }
    streams_.push_back(stream);
}

Handler EventChannel::handler() {
    return [this](const Request& request, const Responder& responder) { join(request, responder); };
}

}  // namespace hourglass::http
