#include "runtime/tls_transport.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <utility>

namespace hourglass::runtime {

namespace {

constexpr std::size_t kRecord = 16 * 1024;       ///< RFC 8446, section 5.1
constexpr std::size_t kMostWaiting = 64 * 1024;  ///< Bytes for the transport, beyond which nothing is taken.

std::string agreed_on(const SSL* ssl) {
    std::string text = fmt::format("{}, {}", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(ssl, &protocol, &size);
    if (size > 0) text += fmt::format(", {}", std::string_view(reinterpret_cast<const char*>(protocol), size));
    return text;
}

}  // namespace

std::string openssl_reason() {
    const unsigned long code = ERR_get_error();
    ERR_clear_error();
    const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
    return reason != nullptr ? reason : "no reason is given";
}

TlsTransport::TlsTransport(SslHandle ssl, std::string peer, http::TransportHandler& handler,
                           http::DialObserver observer)
    : ssl_(std::move(ssl)),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())),
      peer_(std::move(peer)),
      handler_(handler),
      observer_(std::move(observer)) {
    SSL_set_bio(ssl_.get(), in_, out_);
    SSL_set_mode(ssl_.get(), SSL_MODE_RELEASE_BUFFERS);
}

void TlsTransport::begin(const http::OpenTransport& open) { inner_ = open(*this); }

void TlsTransport::on_connected() { shake_hands(); }

void TlsTransport::on_ready() {
    if (!established_) return shake_hands();
    flush();
    handler_.on_ready();
}

void TlsTransport::on_closed(tcp::Error error) {
    if (!established_ && failure_.empty() && inner_->failure().empty())
        failure_ = fmt::format("the connection to {} ended during the TLS handshake: {}", peer_, to_string(error));
    handler_.on_closed(refused_ ? tcp::Error::prohibited : failure_.empty() ? error : tcp::Error::aborted);
}

void TlsTransport::shake_hands() {
    while (failure_.empty()) {
        ERR_clear_error();
        const int result = SSL_do_handshake(ssl_.get());
        flush();
        if (result == 1) return established();
        if (SSL_get_error(ssl_.get(), result) != SSL_ERROR_WANT_READ) return fail_handshake();
        if (feed()) continue;
        if (inner_->at_end()) fail(fmt::format("{} closed the connection during the TLS handshake", peer_));
        return;
    }
}

void TlsTransport::established() {
    established_ = true;
    if (observer_) observer_({.kind = http::DialEvent::Kind::secured, .name = peer_, .text = agreed_on(ssl_.get())});
    handler_.on_connected();
}

void TlsTransport::fail_handshake() {
    const long verified = SSL_get_verify_result(ssl_.get());
    const std::string reason = openssl_reason();
    refused_ = verified != X509_V_OK;
    fail(verified != X509_V_OK
             ? fmt::format("the certificate of {} is not right: {}", peer_, X509_verify_cert_error_string(verified))
             : fmt::format("no TLS with {}: {}", peer_, reason));
}

/// The alert that OpenSSL has written is sent; the owner is told when the connection has gone.
void TlsTransport::fail(std::string failure) {
    failure_ = std::move(failure);
    flush();
    inner_->close();
}

/// Gives OpenSSL what has arrived. False when that is nothing.
bool TlsTransport::feed() {
    return inner_->receive(
        [this](std::span<const std::byte> bytes) { BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())); });
}

/// Sends what waits, as far as the transport takes it.
void TlsTransport::flush() {
    while (BIO_ctrl_pending(out_) > 0) {
        char* waiting = nullptr;
        const auto size = static_cast<std::size_t>(BIO_get_mem_data(out_, &waiting));
        const std::span<const std::byte> bytes = std::as_bytes(std::span(waiting, size));
        std::size_t sent = inner_->send(std::span(&bytes, 1));
        if (sent == 0) return;
        for (std::array<char, kRecord> gone; sent > 0;)
            sent -=
                static_cast<std::size_t>(BIO_read(out_, gone.data(), static_cast<int>(std::min(sent, gone.size()))));
    }
    switch (std::exchange(after_, After::nothing)) {
        case After::nothing:
            break;
        case After::shutdown:
            inner_->shutdown();
            break;
        case After::close:
            inner_->close();
            break;
    }
}

std::size_t TlsTransport::send(std::span<const std::span<const std::byte>> pieces) {
    if (!established_ || said_goodbye_ || !failure_.empty()) return 0;
    std::size_t taken = 0;
    std::size_t piece = 0;
    std::size_t at = 0;  // in that piece
    std::array<std::byte, kRecord> record;
    while (piece < pieces.size() && BIO_ctrl_pending(out_) < kMostWaiting) {
        std::size_t filled = 0;  // small pieces share a record
        while (filled < record.size() && piece < pieces.size()) {
            const auto part = pieces[piece].subspan(at, std::min(pieces[piece].size() - at, record.size() - filled));
            if (!part.empty()) std::memcpy(record.data() + filled, part.data(), part.size());
            filled += part.size();
            at += part.size();
            if (at < pieces[piece].size()) break;
            ++piece;
            at = 0;
        }
        ERR_clear_error();
        if (filled == 0 || SSL_write(ssl_.get(), record.data(), static_cast<int>(filled)) <= 0) break;
        taken += filled;
        flush();
    }
    return taken;
}

bool TlsTransport::receive(const std::function<void(std::span<const std::byte>)>& take) {
    if (!established_ || at_end_ || !failure_.empty()) return false;
    std::array<std::byte, kRecord> record;
    for (;;) {
        ERR_clear_error();
        const int size = SSL_read(ssl_.get(), record.data(), static_cast<int>(record.size()));
        if (size > 0) {
            take(std::span(record).first(static_cast<std::size_t>(size)));
            return true;
        }
        switch (SSL_get_error(ssl_.get(), size)) {
            case SSL_ERROR_ZERO_RETURN:
                at_end_ = true;
                return false;
            case SSL_ERROR_WANT_READ:
                flush();  // an answer to a key update
                if (feed()) break;
                // RFC 8446, section 6.1: an end without close_notify may be someone else's doing.
                if (inner_->at_end())
                    fail(fmt::format("{} cut the connection off without the end that TLS asks for", peer_));
                return false;
            default:
                fail(fmt::format("TLS with {} broke down: {}", peer_, openssl_reason()));
                return false;
        }
    }
}

void TlsTransport::say_goodbye(After after) {
    if (established_ && failure_.empty() && !std::exchange(said_goodbye_, true)) SSL_shutdown(ssl_.get());
    after_ = after;
    flush();
}

void TlsTransport::shutdown() { say_goodbye(After::shutdown); }
void TlsTransport::close() {
    if (!established_) return inner_->close();
    say_goodbye(After::close);
}
void TlsTransport::abort() { inner_->abort(); }

}  // namespace hourglass::runtime
