#pragma once

#include <expected>
#include <memory>

#include "hourglass/base/address.h"
#include "hourglass/http/client.h"
#include "hourglass/http/over_tcp.h"
#include "hourglass/http/secure.h"
#include "hourglass/http/server.h"
#include "hourglass/runtime/os_loop.h"
#include "hourglass/runtime/setup_error.h"

namespace hourglass::runtime {

/// HTTP servers over the operating system's TCP: `http::TcpServer` for a machine's own addresses. The connections
/// behave the same, because it is the same session that runs on either transport.
class OsServer {
  public:
    /// `loop` and `application` must outlive the server.
    OsServer(OsLoop& loop, const http::Application& application, const http::ServerSettings& http = {},
             const http::TcpServerSettings& settings = {});
    /// Resets what is still connected.
    ~OsServer();
    OsServer(const OsServer&) = delete;
    OsServer& operator=(const OsServer&) = delete;

    /// Listens on one more address; an unspecified one stands for every address of its family, port zero for a free
    /// port. With TLS where `secure` is given, which must outlive the server. Returns where it listens.
    [[nodiscard]] std::expected<SocketAddress, SetupError> listen(const SocketAddress& local,
                                                                  http::SecureServer* secure = nullptr);
    /// Has requests answered by another application from now on, on the connections that are there too. What has been
    /// asked is still answered by the one before, which lives until then.
    void reload(std::shared_ptr<const http::Application> application);
    /// Listens no more, answers what has been asked, and closes the connections.
    void close();
    /// Connections that are open, closing ones included.
    [[nodiscard]] std::size_t connections() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

/// An HTTP client on one connection of the operating system's TCP, as `http::TcpClient` is over ours. It connects at
/// once; requests wait until it has.
class OsClient {
  public:
    /// `loop` must outlive the client.
    OsClient(OsLoop& loop, const SocketAddress& server, const http::ClientSettings& http = {},
             const http::TcpClientSettings& settings = {});
    /// Resets the connection; what is under way ends without a call.
    ~OsClient();
    OsClient(const OsClient&) = delete;
    OsClient& operator=(const OsClient&) = delete;

    /// Queues a request and collects the response. What goes wrong, the connection included, comes as the result; it
    /// may come before this call returns. The callback must not destroy the client.
    void send(http::Request request, http::Completion done);
    /// Queues a request with its body streamed both ways, see `ClientConnection::send`.
    void send(http::Request request, std::unique_ptr<http::BodySource> body,
              std::shared_ptr<http::ResponseReceiver> receiver);
    /// Closes when the requests under way are done.
    void close();
    /// True when another request may be sent.
    [[nodiscard]] bool reusable() const;

  private:
    class Implementation;
    std::unique_ptr<Implementation> implementation_;
};

}  // namespace hourglass::runtime
