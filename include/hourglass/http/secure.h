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
    /// server's certificate is found to be right for `server_name`; otherwise it ends, with `tcp::Error::prohibited`
    /// where it is the certificate, and `failure` says why.
    [[nodiscard]] virtual std::unique_ptr<Transport> secure(const std::string& server_name, TransportHandler& handler,
                                                            const OpenTransport& open, DialObserver observer) = 0;
};

/// Puts TLS on the connections that a server accepts. `runtime::TlsServer` is one over OpenSSL.
class SecureServer {
  public:
    SecureServer() = default;
    SecureServer(const SecureServer&) = delete;
    SecureServer& operator=(const SecureServer&) = delete;
    virtual ~SecureServer() = default;

    /// A transport with TLS on the accepted connection that `open` gives. `handler` is told `on_connected` once the
    /// handshake is complete.
    [[nodiscard]] virtual std::unique_ptr<Transport> accept(TransportHandler& handler, const OpenTransport& open) = 0;
};

}  // namespace hourglass::http
