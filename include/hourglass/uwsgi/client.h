#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

#include "hourglass/http/client.h"
#include "hourglass/uwsgi/request.h"

namespace hourglass::uwsgi {

namespace detail {
class ClientEngine;
}

/// A client connection's settings. Sizes are in bytes.
struct ClientSettings {
    http::Limits limits{};       ///< of the response
    std::uint8_t modifier1 = 0;  ///< 0: a request for a web application
    std::uint8_t modifier2 = 0;
    std::size_t output = 256 * 1024;  ///< waiting for the transport, beyond which no source is read
    std::uint32_t interim_responses = 16;
};

/// The gateway's end of a connection to a uwsgi server, from bytes to bytes, in the shape of `http::ClientConnection`.
/// It carries one request: a packet of variables and the body. The answer is an HTTP response, which ends with its
/// Content-Length or with the connection.
class ClientConnection {
  public:
    explicit ClientConnection(const ClientSettings& settings = {});
    ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    /// Sends the request. Its content is `body`, whose size must be known, or without one `request.body`. A request
    /// that can't be sent ends with `invalid_request`. False after the first request; `receiver` is then not called.
    bool send(http::Request request, GatewayContext context, std::unique_ptr<http::BodySource> body,
              std::shared_ptr<http::ResponseReceiver> receiver);

    /// Bytes from the server. All are taken, also when no input is wanted; they then wait.
    void receive(std::span<const std::byte> bytes);
    /// The server has closed its side.
    void peer_closed();
    /// The transport has failed, or time is up.
    void fail(const http::ClientError& error);
    /// False while the transport should not read.
    [[nodiscard]] bool wants_input() const;

    /// The next bytes to send, in one piece; empty when there are none. Valid until the next call on this object.
    [[nodiscard]] std::span<const std::byte> output() const;
    /// The same in several pieces; returns how many.
    std::size_t output(std::span<std::span<const std::byte>> pieces) const;
    [[nodiscard]] std::size_t output_size() const;
    /// The transport has sent the first `n` bytes.
    void consume_output(std::size_t n);
    /// Gives the function to call when output, or a wish for input, has come up outside of the calls above.
    void on_change(std::function<void()> changed);

    /// 1 while the request is under way.
    [[nodiscard]] std::size_t pending() const;
    /// True until the request is sent.
    [[nodiscard]] bool reusable() const;
    /// The answer is complete: the transport should close.
    [[nodiscard]] bool should_close() const;

  private:
    std::shared_ptr<detail::ClientEngine> engine_;
};

}  // namespace hourglass::uwsgi
