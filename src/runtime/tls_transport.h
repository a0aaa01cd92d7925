#pragma once

#include <memory>
#include <openssl/ssl.h>
#include <string>

#include "hourglass/http/secure.h"

namespace hourglass::runtime {

/// What `free` functions of OpenSSL free.
template <auto Free>
struct OpenSslFree {
    template <typename T>
    void operator()(T* what) const {
        Free(what);
    }
};
using SslContext = std::unique_ptr<SSL_CTX, OpenSslFree<&SSL_CTX_free>>;
using SslHandle = std::unique_ptr<SSL, OpenSslFree<&SSL_free>>;

/// Why OpenSSL's last call failed, in its words; the queue of errors is then empty.
[[nodiscard]] std::string openssl_reason();

/// TLS on another transport (RFC 8446): OpenSSL turns bytes into bytes through buffers in memory, and this moves them.
class TlsTransport final : public http::Transport, private http::TransportHandler {
  public:
    /// `ssl` is ready for the handshake in its role; `peer` names the other side in what goes wrong.
    TlsTransport(SslHandle ssl, std::string peer, http::TransportHandler& handler, http::DialObserver observer);

    /// `open` gives the transport underneath: connected already in the server's role.
    void begin(const http::OpenTransport& open);

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override;
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override;
    [[nodiscard]] bool at_end() const override { return at_end_; }
    void shutdown() override;
    void close() override;
    void abort() override;
    [[nodiscard]] bool exists() const override { return inner_->exists(); }
    [[nodiscard]] std::optional<http::TransportInfo> info() const override { return inner_->info(); }
    [[nodiscard]] std::string failure() const override { return failure_.empty() ? inner_->failure() : failure_; }

  private:
    /// What is done with the transport underneath once all that waits has left.
    enum class After : std::uint8_t { nothing, shutdown, close };

    void on_connected() override;
    void on_ready() override;
    void on_closed(tcp::Error error) override;

    void shake_hands();
    void established();
    void fail_handshake();
    [[nodiscard]] bool feed();
    void flush();
    void say_goodbye(After after);
    void fail(std::string failure);

    SslHandle ssl_;
    BIO* in_ = nullptr;   ///< What has arrived; the handle owns it.
    BIO* out_ = nullptr;  ///< What is to be sent; likewise.
    std::string peer_;
    http::TransportHandler& handler_;
    http::DialObserver observer_;
    std::string failure_;
    After after_ = After::nothing;
    bool established_ = false;
    bool refused_ = false;  ///< the certificate
    bool at_end_ = false;
    bool said_goodbye_ = false;
    std::unique_ptr<http::Transport> inner_;
};

}  // namespace hourglass::runtime
