#pragma once

#include <memory>
#include <optional>
#include <string>

#include "hourglass/http/secure.h"
#include "hourglass/runtime/tls.h"

namespace hourglass::cli {

/// TLS with a certificate that may be replaced; connections keep the one that they began with.
class ReloadableTls final : public http::SecureServer {
  public:
    /// What is wrong with the files; the certificate is then as it was.
    std::optional<std::string> load(const std::string& certificate, const std::string& key) {
        auto loaded = runtime::TlsServer::make({certificate, key});
        if (!loaded) return loaded.error().message;
        tls_ = std::move(*loaded);
        return std::nullopt;
    }
    std::unique_ptr<http::Transport> accept(http::TransportHandler& handler, const http::OpenTransport& open) override {
        return tls_->accept(handler, open);
    }

  private:
    std::unique_ptr<runtime::TlsServer> tls_;
};

}  // namespace hourglass::cli
