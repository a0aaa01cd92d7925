#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/http/client.h"
#include "hourglass/http/secure.h"
#include "hourglass/http/server.h"
#include "hourglass/ip/host.h"

namespace hourglass::http {

/// Bytes that a client has to move, on average over each stretch of time. Zero bytes: no such limit.
struct LeastRate {
    std::uint32_t bytes_per_second = 0;
    Duration over{};
};

/// What a server of connections allows, over whichever TCP.
struct TcpServerSettings {
    std::uint32_t connections = 10'000;           ///< At once; further ones wait in the accept queue.
    std::uint32_t accept_queue = 512;             ///< Connections that wait to be accepted, for each listener.
    Duration idle = std::chrono::seconds(75);     ///< Without a request under way, after which the connection closes.
    Duration head = std::chrono::seconds(30);     ///< For a whole header section, however steadily it drips in.
    Duration stalled = std::chrono::seconds(60);  ///< Without a byte from or to a client who has a part to do.
    /// Of a request's body, while it is wanted. Below: 408.
    LeastRate body{.bytes_per_second = 500, .over = std::chrono::seconds(20)};
    /// Of what waits to be sent, though it were a byte now and then. Below: reset.
    LeastRate response{.bytes_per_second = 500, .over = std::chrono::seconds(60)};
    /// Connections at once from one client, an IPv4 address or an IPv6 network of 64 bits; further ones are refused. 0
    /// is without limit: many clients can come through one proxy.
    std::uint32_t connections_per_client = 0;
    /// Without a byte on a connection that another protocol has taken over, after which that is asked to go on.
    Duration upgraded = std::chrono::seconds(60);
    Duration handshake = std::chrono::seconds(10);  ///< For the whole of TLS's, before the first request.
    /// Input is discarded behind the last response, so that no reset overtakes it (RFC 9112, section 9.6): for so long,
    /// and no more than so many bytes.
    Duration linger = std::chrono::seconds(5);
    std::uint64_t linger_bytes = 16 * 1024 * 1024;
};

/// HTTP servers over a host's own TCP: it listens, and gives each connection a `ServerConnection`. A connection that
/// does not want input is not read, so that TCP's window holds the client back.
class TcpServer {
  public:
    /// `host` and `application` must outlive the server.
    TcpServer(ip::Host& host, const Application& application, const ServerSettings& http = {},
              const TcpServerSettings& settings = {});
    /// Aborts what is still connected.
    ~TcpServer();
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    /// Listens on one more address; with TLS where `secure` is given, which must outlive the server.
    [[nodiscard]] std::expected<void, tcp::Error> listen(SocketAddress local, SecureServer* secure = nullptr);
    /// Has requests answered by another application from now on, on the connections that are there too. What has been
    /// asked is still answered by the one before, which lives until then.
    void reload(std::shared_ptr<const Application> application);
    /// Listens no more, answers what has been asked, and closes the connections.
    void close();
    /// Connections that are open, closing ones included.
    [[nodiscard]] std::size_t connections() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

/// What a client of a connection waits for.
struct TcpClientSettings {
    Duration connect = std::chrono::seconds(30);   ///< Until the handshake is complete.
    Duration response = std::chrono::seconds(60);  ///< Without a byte in either direction while a response is awaited.
    /// Without a byte on a connection that another protocol has taken over, after which that is asked to go on.
    Duration upgraded = std::chrono::seconds(60);
};

/// An HTTP client on one connection over a host's own TCP. It connects at once; requests wait until it has.
class TcpClient {
  public:
    /// `host` must outlive the client.
    TcpClient(ip::Host& host, SocketAddress server, const ClientSettings& http = {},
              const TcpClientSettings& settings = {});
    /// Aborts the connection; what is under way ends without a call.
    ~TcpClient();
    TcpClient(const TcpClient&) = delete;
    TcpClient& operator=(const TcpClient&) = delete;

    /// Queues a request and collects the response. What goes wrong, the connection included, comes as the result; it
    /// may come before this call returns. The callback must not destroy the client.
    void send(Request request, Completion done);
    /// Queues a request with its body streamed both ways, see `ClientConnection::send`.
    void send(Request request, std::unique_ptr<BodySource> body, std::shared_ptr<ResponseReceiver> receiver);
    /// Closes when the requests under way are done.
    void close();

    /// The connection underneath; its handle is void when it has gone.
    [[nodiscard]] tcp::Stream stream() const;
    /// True when another request may be sent.
    [[nodiscard]] bool reusable() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::http
