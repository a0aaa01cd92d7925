#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "hourglass/http/server.h"
#include "hourglass/uwsgi/request.h"

namespace hourglass::uwsgi {

/// Turns what a gateway sends, a packet and a body, into the same request as HTTP/1.0 says it, which is one message
/// with the connection to itself: no transfer coding, no 100, an answer that may end with the connection.
class RequestTranslator {
  public:
    explicit RequestTranslator(const Limits& limits = {}) : limits_(limits) {}

    /// Appends to `http` what follows from `bytes`; after an error nothing more. Bytes behind the body are passed over.
    [[nodiscard]] std::expected<void, Error> translate(std::span<const std::byte> bytes, std::string& http);
    /// True when the packet is complete.
    [[nodiscard]] bool packet_complete() const noexcept { return complete_; }
    /// Who asked the gateway, as far as it said; valid when the packet is complete.
    [[nodiscard]] const SocketAddress& client() const noexcept { return client_; }

  private:
    [[nodiscard]] std::expected<void, Error> translate_packet(std::string& http);

    Limits limits_;
    std::string packet_;  ///< the packet so far
    std::uint64_t body_left_ = 0;
    SocketAddress client_{};
    bool complete_ = false;
    std::optional<Error> failure_{};
};

/// The application's end of a connection from a gateway (nginx's uwsgi_pass, ours), from bytes to bytes: it carries one
/// request to an `http::Application`, and the answer back.
///
/// It may be destroyed at any time except from within its own callbacks.
class ServerConnection {
  public:
    /// `application` must outlive the connection. `gateway` is what responders say of the client when the gateway does
    /// not.
    ServerConnection(const http::Application& application, const http::ServerSettings& settings,
                     const Limits& limits = {}, SocketAddress gateway = {});
    ~ServerConnection();
    ServerConnection(const ServerConnection&) = delete;
    ServerConnection& operator=(const ServerConnection&) = delete;

    /// Bytes from the gateway. All are taken, also when no input is wanted; they then wait.
    void receive(std::span<const std::byte> bytes);
    /// The gateway has closed its side.
    void peer_closed();
    [[nodiscard]] bool wants_input() const;

    /// The next bytes to send, in one piece; empty when there are none. Valid until the next call on this object.
    [[nodiscard]] std::span<const std::byte> output() const;
    [[nodiscard]] std::size_t output_size() const;
    /// The transport has sent the first `n` bytes.
    void consume_output(std::size_t n);
    /// Gives the function to call when output, or a wish for input, has come up outside of the calls above.
    void on_change(std::function<void()> changed);

    /// Everything has been said: the transport should close.
    [[nodiscard]] bool should_close() const;
    /// The answer was cut off: the connection has to be aborted, because an orderly close could pass for its end.
    [[nodiscard]] bool should_abort() const;
    /// Why the packet was refused, if it was. The gateway gets a 400.
    [[nodiscard]] std::optional<Error> error() const { return error_; }

  private:
    void refuse(Error error);

    const http::Application& application_;
    http::ServerSettings settings_;
    SocketAddress gateway_;
    RequestTranslator translator_;
    std::unique_ptr<http::ServerConnection> http_;  ///< once the packet is complete
    std::function<void()> changed_;
    std::optional<Error> error_{};
    std::string refusal_;  ///< the answer to a packet that was refused
    std::size_t refusal_at_ = 0;
};

}  // namespace hourglass::uwsgi
