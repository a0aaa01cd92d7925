#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/server.h"

namespace hourglass::http {

/// One server-sent event (HTML, section 9.2).
struct ServerSentEvent {
    std::string data{};                                ///< any lines of text
    std::string event{};                               ///< its type, one line; empty: "message"
    std::string id{};                                  ///< what a client repeats when it comes back; one line
    std::optional<std::chrono::milliseconds> retry{};  ///< how long a client waits before it comes back
};

/// The event as it is sent, with the empty line behind it. Nothing when the type or the id have a line end or NUL in
/// them, which would make other events of it.
[[nodiscard]] std::optional<std::string> format_event(const ServerSentEvent& event);

/// A stream of events to one client. Copies are the same stream; it may outlive the connection, and is then closed.
class EventStream {
  public:
    EventStream() = default;

    /// Sends an event. False when the stream is closed, or the event malformed. A client that reads so slowly that more
    /// than the buffer waits is cut off: it comes back, and says from where on.
    bool send(const ServerSentEvent& event) const;
    /// Sends a comment, which the client ignores: often enough, it keeps what lies between from taking the connection
    /// for dead, and finds out about clients that have gone.
    bool comment(std::string_view text = {}) const;
    /// Ends the stream in order. The client comes back unless the next answer is 204.
    void close() const;

    [[nodiscard]] bool open() const;
    /// Bytes that wait to be sent.
    [[nodiscard]] std::size_t buffered() const;

  private:
    friend EventStream start_event_stream(const Responder& responder, std::size_t buffer);
    struct Shared;
    class Source;
    explicit EventStream(std::shared_ptr<Shared> state) : state_(std::move(state)) {}
    bool append(std::string_view text) const;
    std::shared_ptr<Shared> state_;
};

/// Answers with a stream of events, at most `buffer` bytes of which wait for the client.
[[nodiscard]] EventStream start_event_stream(const Responder& responder, std::size_t buffer = 256 * 1024);

/// The id of the last event that a client has had, when it comes back; nothing when it is new.
[[nodiscard]] std::optional<std::string_view> last_event_id(const Request& request);

/// What a channel holds at most.
struct EventChannelSettings {
    std::size_t clients = 10'000;     ///< Beyond: 503.
    std::size_t buffer = 256 * 1024;  ///< Bytes that wait for one client; beyond, it is cut off.
    std::size_t history = 256;        ///< Events that are kept for clients that come back.
};

/// Events for everybody who listens, with those that a client has missed while it was away.
class EventChannel {
  public:
    explicit EventChannel(const EventChannelSettings& settings = {}) : settings_(settings) {}

    /// Sends an event to all, under a number in sequence when it has no id. False when it is malformed.
    bool publish(ServerSentEvent event);
    /// Sends a comment to all, see `EventStream::comment`; to be called now and then, such as every 15 seconds.
    void heartbeat();
    /// Ends all streams, in order.
    void close();
    /// Clients that listen.
    [[nodiscard]] std::size_t clients() const;
    /// A handler that lets clients listen. The channel must outlive it.
    [[nodiscard]] Handler handler();

  private:
    void join(const Request& request, const Responder& responder);
    void forget_closed();

    EventChannelSettings settings_;
    std::vector<EventStream> streams_;
    std::deque<ServerSentEvent> history_;
    std::uint64_t published_ = 0;
};

}  // namespace hourglass::http
