#pragma once

#include <memory>
#include <string>

#include "hourglass/http/dial.h"

namespace hourglass::http {

/// Puts TLS on a client's connections. `runtime::TlsClient` is one over OpenSSL.
class SecureClient {
  public:
    SecureClient() = default;
    SecureClient(const SecureClient&) = delete;
    SecureClient& operator=(const SecureClient&) = delete;
    virtual ~SecureClient() = default;

    /// A transport with TLS on the one that `open` begins. It is connected once the handshake is complete and the
    /// server's certificate is found to be right for `server_name`; otherwise it ends with `tcp::Error::aborted`, and
    /// `failure` says why.
    [[nodiscard]] virtual std::unique_ptr<Transport> secure(const std::string& server_name, TransportHandler& handler,
                                                            const OpenTransport& open, DialObserver observer) = 0;
};

/// Takes over a connection that exists already: the transport that it makes is its handler's, and is told of what
/// happens by the one who owns the connection.
class SecureServer {
  public:
    SecureServer() = default;
    SecureServer(const SecureServer&) = delete;
    SecureServer& operator=(const SecureServer&) = delete;
    virtual ~SecureServer() = default;

    /// TLS, in the server's role, on the connection that `open` gives. `handler` is told `on_ready` when bytes may move
    /// and `on_closed` when the connection has gone.
    [[nodiscard]] virtual std::unique_ptr<Transport> accept(TransportHandler& handler, const OpenTransport& open) = 0;
};

}  // namespace hourglass::http
