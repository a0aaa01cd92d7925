#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "hourglass/base/time.h"
#include "hourglass/http/client.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/transport.h"

namespace hourglass::http::detail {

/// A client's connection: its transport, the HTTP on it, and how long an answer is waited for. Its owner has the
/// transport, calls `established`, `pump` and `closed` as things happen to it, and `poll` when the deadline has come.
class ClientSession {
  public:
    /// `now` reads the world's clock.
    ClientSession(Transport& transport, SocketAddress server, const ClientSettings& http,
                  const TcpClientSettings& settings, std::function<Instant()> now);
    ClientSession(const ClientSession&) = delete;
    ClientSession& operator=(const ClientSession&) = delete;

    void send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver);
    /// Closes when the requests under way are done.
    void close();
    [[nodiscard]] bool reusable() const { return !closing_ && http_.reusable(); }

    void established();
    /// Moves what can move, in both directions.
    void pump();
    /// The transport has gone, or never came to be.
    void closed(tcp::Error error);

    [[nodiscard]] Instant deadline() const;
    void poll(Instant now);

  private:
    void fail(ClientError::Kind kind, std::string_view what);

    Transport& transport_;
    SocketAddress server_;
    TcpClientSettings settings_;
    std::function<Instant()> now_;
    ClientConnection http_;
    Instant active_;  ///< when a byte moved last
    ClientError failure_{ClientError::Kind::connection_closed, {}, {}, "the connection is closed", true};
    bool established_ = false;
    bool closing_ = false;
    bool shut_down_ = false;  ///< this side, while the other goes on
    bool pumping_ = false;
};

}  // namespace hourglass::http::detail
