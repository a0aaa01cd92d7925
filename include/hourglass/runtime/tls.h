#pragma once

#include <expected>
#include <memory>
#include <string>

#include "hourglass/http/secure.h"
#include "hourglass/runtime/setup_error.h"

namespace hourglass::runtime {

/// Whom a client of TLS trusts.
struct TlsClientSettings {
    /// The certificate must be signed by someone who is trusted, and be for the server's name (RFC 9110, section
    /// 4.3.4). Without it anybody in between can read along.
    bool verify = true;
    std::string ca_file{};  ///< Certificates in PEM that are trusted; empty: those of the system.
    /// What the client shows of itself to a server that asks (RFC 8446, section 4.4.2): as `TlsServerSettings` has
    /// them; empty: nothing.
    std::string certificate_file{};
    std::string key_file{};
};

/// TLS 1.2 and 1.3 for a client, by OpenSSL. It works over any transport.
class TlsClient final : public http::SecureClient {
  public:
    static std::expected<std::unique_ptr<TlsClient>, SetupError> make(const TlsClientSettings& settings = {});
    ~TlsClient() override;

    [[nodiscard]] std::unique_ptr<http::Transport> secure(const std::string& server_name,
                                                          http::TransportHandler& handler,
                                                          const http::OpenTransport& open,
                                                          http::DialObserver observer) override;

  private:
    struct Context;
    TlsClient(std::unique_ptr<Context> context, bool verify);
    std::unique_ptr<Context> context_;
    bool verify_;
};

/// What a server of TLS shows.
struct TlsServerSettings {
    std::string certificate_file;  ///< PEM: the server's certificate, then those that lead to the root.
    std::string key_file;          ///< PEM, without a passphrase.
};

/// TLS 1.2 and 1.3 for a server, by OpenSSL.
class TlsServer final : public http::SecureServer {
  public:
    /// The error is one line: a file that is missing or not PEM, a key that does not belong to the certificate, a
    /// certificate that has expired.
    static std::expected<std::unique_ptr<TlsServer>, SetupError> make(const TlsServerSettings& settings);
    ~TlsServer() override;

    [[nodiscard]] std::unique_ptr<http::Transport> accept(http::TransportHandler& handler,
                                                          const http::OpenTransport& open) override;

  private:
    struct Context;
    explicit TlsServer(std::unique_ptr<Context> context);
    std::unique_ptr<Context> context_;
};

}  // namespace hourglass::runtime
