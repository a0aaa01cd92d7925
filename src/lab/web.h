#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>

#include "hourglass/http/client.h"
#include "hourglass/http/server.h"
#include "hourglass/sim/world.h"
#include "hourglass/tcp/stack.h"

namespace hourglass::lab {

/// Moves bytes between a stream and either end of an HTTP connection, as far as both want.
template <typename HttpEnd>
void pump(tcp::Stream stream, HttpEnd& http) {
    std::byte buffer[16384];
    while (http.wants_input()) {
        const std::size_t n = stream.receive(buffer);
        if (n == 0) break;
        http.receive(std::span(buffer, n));
    }
    if (stream.exists() && stream.at_end()) http.peer_closed();
    while (!http.output().empty()) {
        const std::size_t n = stream.send(http.output());
        if (n == 0) break;
        http.consume_output(n);
    }
}

/// A web server of a lesson. Unlike one in earnest it takes a moment to see that its client has closed, so that the
/// four segments of a close can be told apart.
class LessonServer : public tcp::AcceptHandler {
  public:
    using Handler = std::function<void(const http::Request&, http::Responder, SocketAddress client)>;

    LessonServer(sim::World& world, std::string host, Duration close_delay, Handler handler);
    ~LessonServer() override;
    /// Called when a client has closed its side, before this side is closed.
    std::function<void()> on_client_closed;

    void on_acceptable(tcp::Listener listener) override;

  private:
    class Session;
    sim::World& world_;
    std::string host_;
    Duration close_delay_;
    Handler handler_;
    std::list<std::unique_ptr<Session>> sessions_;
};

/// One connection of a lesson's client: a request, its answer, and the close.
class LessonClient : public tcp::ConnectionHandler {
  public:
    /// `connected` is called when the handshake is complete, `done` once with the answer or what went wrong.
    LessonClient(sim::World& world, std::string host, const http::ClientSettings& settings = {});

    std::function<void()> on_connected;
    std::function<void(tcp::Error)> on_end;

    /// Connects; an error at once is told by `on_end` as well.
    void connect(SocketAddress server);
    /// Sends a request as soon as the handshake is complete, and calls `done` with the answer or what went wrong.
    void send(http::Request request, http::Completion done);
    void close();
    [[nodiscard]] tcp::Stream stream() const { return stream_; }

    void on_established(tcp::Stream stream) override;
    void on_readable(tcp::Stream stream) override;
    void on_writable(tcp::Stream stream) override;
    void on_closed(tcp::Stream stream, tcp::Error error) override;

  private:
    sim::World& world_;
    std::string host_;
    http::ClientConnection http_;
    tcp::Stream stream_;
    bool established_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace hourglass::lab
