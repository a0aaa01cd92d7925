#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/http/client.h"
#include "hourglass/http/server.h"

namespace hourglass::http {

namespace detail {
class WebSocketCore;
}

/// Why a WebSocket was closed (RFC 6455, section 7.4.1). Any number from 3000 to 4999 is an application's.
enum class CloseCode : std::uint16_t {
    normal = 1000,
    going_away = 1001,  ///< a server stops, or a browser leaves the page
    protocol_error = 1002,
    unsupported_data = 1003,
    no_status = 1005,  ///< never sent: the peer closed without a code
    abnormal = 1006,   ///< never sent: the connection was lost, or never came to be
    invalid_payload = 1007,
    policy_violation = 1008,
    too_big = 1009,
    extension_required = 1010,
    internal_error = 1011,
};

/// One message, whole.
struct WebSocketMessage {
    bool text = false;  ///< UTF-8 text, checked; otherwise bytes
    std::string data{};
};

/// One end of a WebSocket. Copies are the same end; it may outlive the connection, and is then closed.
class WebSocket {
  public:
    WebSocket() = default;

    /// Sends a message. False when this end is closing or closed, when a text is not UTF-8, or when more than
    /// `WebSocketSettings::output` bytes still wait: `on_writable` says when they have gone.
    bool send_text(std::string_view text) const;
    bool send_binary(std::span<const std::byte> bytes) const;
    /// The same with the message's kind in it.
    bool send(const WebSocketMessage& message) const;
    /// Sends a ping of at most 125 bytes. The peer's pings are answered without being asked.
    bool ping(std::string_view payload = {}) const;
    /// Begins the closing handshake (RFC 6455, section 7.1.2): nothing more is sent, and the peer's Close awaited.
    /// `reason` is cut to 123 bytes. A code that must not be sent becomes `normal`.
    void close(CloseCode code = CloseCode::normal, std::string_view reason = {}) const;
    /// Takes no further message until `resume`: the peer is held back by TCP's window.
    void pause() const;
    void resume() const;

    /// True while messages may be sent.
    [[nodiscard]] bool open() const;
    /// Bytes that wait to be sent.
    [[nodiscard]] std::size_t buffered() const;
    /// The subprotocol that both ends agreed on; empty when none.
    [[nodiscard]] std::string_view protocol() const;

  private:
    friend class detail::WebSocketCore;
    explicit WebSocket(std::weak_ptr<detail::WebSocketCore> core) : core_(std::move(core)) {}
    std::weak_ptr<detail::WebSocketCore> core_;
};

/// What happens to a WebSocket; each may be absent. None may destroy the server or client. An exception closes the
/// WebSocket with `internal_error`.
struct WebSocketEvents {
    std::function<void(const WebSocket&)> on_open{};
    std::function<void(const WebSocket&, WebSocketMessage)> on_message{};
    std::function<void(const WebSocket&, std::string_view payload)> on_pong{};
    /// A message can be sent again after one was refused.
    std::function<void(const WebSocket&)> on_writable{};
    /// The end, exactly once: the closing handshake is done, or the connection lost. For a client also when the
    /// handshake failed; `reason` then says how.
    std::function<void(const WebSocket&, CloseCode code, std::string_view reason)> on_close{};
};

/// What an end of a WebSocket takes and sends. Sizes are in bytes.
struct WebSocketSettings {
    /// A message, over all its frames. Beyond: closed with `too_big`.
    std::size_t message = 16 * 1024 * 1024;
    /// Output that waits, beyond which no message is sent or received.
    std::size_t output = 1024 * 1024;
    /// Subprotocols that this end speaks, the best first (RFC 6455, section 1.9).
    std::vector<std::string> protocols{};
    /// Server: pages that may connect, as "https://example.com"; "*" is every page. Empty: pages from the host that the
    /// request is for. Who sends no Origin is no browser, and always may.
    std::vector<std::string> origins{};
};

/// A handler that takes WebSockets (RFC 6455, section 4.2). Other requests get 426 or 400, pages of other origins 403.
[[nodiscard]] Handler websocket(WebSocketEvents events, WebSocketSettings settings = {});
/// The same with events of its own for each WebSocket, by its request.
[[nodiscard]] Handler websocket(std::function<WebSocketEvents(const Request&)> accept, WebSocketSettings settings = {});

/// A client's handshake: what to send on a connection, and who takes the answer.
struct WebSocketOpening {
    Request request{};
    std::shared_ptr<ResponseReceiver> receiver{};
};

/// Opens a WebSocket to `target` at `authority` ("example.com:8080"). More fields may be added to the request, such as
/// Origin or Cookie. `random` gives bits that nobody can predict (RFC 6455, section 10.3).
[[nodiscard]] WebSocketOpening open_websocket(std::string_view authority, std::string_view target,
                                              WebSocketEvents events, std::function<std::uint64_t()> random,
                                              WebSocketSettings settings = {});

/// Events that send every message back.
[[nodiscard]] WebSocketEvents websocket_echo();

}  // namespace hourglass::http
