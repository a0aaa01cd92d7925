#include "hourglass/runtime/tls.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string_view>
#include <utility>

#include "runtime/tls_transport.h"

namespace hourglass::runtime {

namespace {

constexpr std::string_view kProtocol = "http/1.1";      ///< RFC 7301, section 6
constexpr unsigned char kProtocols[] = "\x08http/1.1";  ///< as ALPN lists it
constexpr unsigned kProtocolsSize = sizeof kProtocols - 1;

std::unexpected<SetupError> failure(std::string message, std::error_code code = {}) {
    return std::unexpected(SetupError{code, std::move(message)});
}

/// Says what is wrong with a file that can't be opened.
std::expected<void, SetupError> readable(std::string_view what, const std::string& name) {
    std::FILE* const file = std::fopen(name.c_str(), "rb");
    if (file == nullptr) {
        const std::error_code code(errno, std::generic_category());
        return failure(fmt::format("the {} '{}' can't be read: {}", what, name, code.message()), code);
    }
    std::fclose(file);
    return {};
}

SslContext make_context(const SSL_METHOD* method) {
    SslContext context(SSL_CTX_new(method));
    SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
    return context;
}

std::string date_of(const ASN1_TIME* time) {
    const std::unique_ptr<BIO, OpenSslFree<&BIO_free>> text(BIO_new(BIO_s_mem()));
    ASN1_TIME_print(text.get(), time);
    char* bytes = nullptr;
    const auto size = static_cast<std::size_t>(BIO_get_mem_data(text.get(), &bytes));
    return {bytes, size};
}

std::expected<void, SetupError> in_time(const SSL_CTX* context, const std::string& name) {
    const X509* const certificate = SSL_CTX_get0_certificate(context);
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        return failure(
            fmt::format("the certificate '{}' has expired on {}", name, date_of(X509_get0_notAfter(certificate))));
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        return failure(fmt::format("the certificate '{}' does not hold before {}", name,
                                   date_of(X509_get0_notBefore(certificate))));
    return {};
}

/// RFC 7301, section 3.2: a client that offers protocols, but not this one, is refused.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned offered_size, void*) {
    for (unsigned at = 0; at < offered_size; at += offered[at] + 1U) {
        if (std::string_view(reinterpret_cast<const char*>(offered + at + 1), offered[at]) != kProtocol) continue;
        *chosen = offered + at + 1;
        *size = offered[at];
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/// No passphrase is asked for on a terminal.
int no_passphrase(char*, int, int, void*) { return 0; }

/// The certificate that this side shows, with the key that belongs to it.
std::expected<void, SetupError> show(SSL_CTX* ssl, const std::string& certificate, const std::string& key) {
    if (const auto can_read = readable("certificate", certificate); !can_read) return can_read;
    if (const auto can_read = readable("key", key); !can_read) return can_read;
    SSL_CTX_set_default_passwd_cb(ssl, no_passphrase);
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate.c_str()) != 1) {
        ERR_clear_error();
        return failure(fmt::format("the file '{}' holds no certificate in PEM", certificate));
    }
    if (SSL_CTX_use_PrivateKey_file(ssl, key.c_str(), SSL_FILETYPE_PEM) != 1) {
        const bool other = ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH;
        ERR_clear_error();
        if (!other) return failure(fmt::format("the file '{}' holds no key in PEM without a passphrase", key));
        return failure(fmt::format("the key '{}' does not belong to the certificate '{}'", key, certificate));
    }
    if (SSL_CTX_check_private_key(ssl) != 1) {
        ERR_clear_error();
        return failure(fmt::format("the key '{}' does not belong to the certificate '{}'", key, certificate));
    }
    return in_time(ssl, certificate);
}

}  // namespace

struct TlsClient::Context {
    SslContext ssl;
};

TlsClient::TlsClient(std::unique_ptr<Context> context, bool verify) : context_(std::move(context)), verify_(verify) {}
TlsClient::~TlsClient() = default;

std::expected<std::unique_ptr<TlsClient>, SetupError> TlsClient::make(const TlsClientSettings& settings) {
    auto context = std::make_unique<Context>(Context{make_context(TLS_client_method())});
    SSL_CTX* const ssl = context->ssl.get();
    if (settings.ca_file.empty()) {
        SSL_CTX_set_default_verify_paths(ssl);
    } else {
        if (const auto can_read = readable("certificate", settings.ca_file); !can_read)
            return std::unexpected(can_read.error());
        if (SSL_CTX_load_verify_locations(ssl, settings.ca_file.c_str(), nullptr) != 1) {
            ERR_clear_error();
            return failure(fmt::format("the file '{}' holds no certificate in PEM", settings.ca_file));
        }
    }
    SSL_CTX_set_verify(ssl, settings.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_alpn_protos(ssl, kProtocols, kProtocolsSize);
    if (!settings.certificate_file.empty())
        if (const auto shown = show(ssl, settings.certificate_file, settings.key_file); !shown)
            return std::unexpected(shown.error());
    return std::unique_ptr<TlsClient>(new TlsClient(std::move(context), settings.verify));
}

std::unique_ptr<http::Transport> TlsClient::secure(const std::string& server_name, http::TransportHandler& handler,
                                                   const http::OpenTransport& open, http::DialObserver observer) {
    SslHandle ssl(SSL_new(context_->ssl.get()));
    SSL_set_connect_state(ssl.get());
    X509_VERIFY_PARAM* const checks = SSL_get0_param(ssl.get());
    if (const auto address = IpAddress::parse(server_name)) {
        // RFC 6066, section 3: addresses are not sent as a name.
        const auto octets = address->wire_octets();
        if (verify_) X509_VERIFY_PARAM_set1_ip(checks, octets.data(), octets.size());
    } else {
        SSL_set_tlsext_host_name(ssl.get(), server_name.c_str());
        X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        if (verify_) X509_VERIFY_PARAM_set1_host(checks, server_name.c_str(), server_name.size());
    }
    auto transport = std::make_unique<TlsTransport>(std::move(ssl), server_name, handler, std::move(observer));
    transport->begin(open);
    return transport;
}

struct TlsServer::Context {
    SslContext ssl;
};

TlsServer::TlsServer(std::unique_ptr<Context> context) : context_(std::move(context)) {}
TlsServer::~TlsServer() = default;

std::expected<std::unique_ptr<TlsServer>, SetupError> TlsServer::make(const TlsServerSettings& settings) {
    auto context = std::make_unique<Context>(Context{make_context(TLS_server_method())});
    SSL_CTX* const ssl = context->ssl.get();
    SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, nullptr);
    SSL_CTX_set_options(ssl, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION);
    if (const auto shown = show(ssl, settings.certificate_file, settings.key_file); !shown)
        return std::unexpected(shown.error());
    return std::unique_ptr<TlsServer>(new TlsServer(std::move(context)));
}

std::unique_ptr<http::Transport> TlsServer::accept(http::TransportHandler& handler, const http::OpenTransport& open) {
    SslHandle ssl(SSL_new(context_->ssl.get()));
    SSL_set_accept_state(ssl.get());
    auto transport = std::make_unique<TlsTransport>(std::move(ssl), "the client", handler, http::DialObserver());
    transport->begin(open);
    return transport;
}

}  // namespace hourglass::runtime
