#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/http/upgrade.h"
#include "hourglass/http/websocket.h"
#include "http/output.h"
#include "http/websocket_frame.h"

namespace hourglass::http::detail {

/// One end of a WebSocket behind its handshake. Held by a shared pointer so that a `WebSocket` can tell whether it is
/// still there.
class WebSocketCore : public std::enable_shared_from_this<WebSocketCore> {
  public:
    /// `masks` gives keys to a client; a server has none, and wants the client's.
    WebSocketCore(WebSocketEvents events, const WebSocketSettings& settings, std::string protocol,
                  std::function<std::uint64_t()> masks);

    // What the connection does.
    void receive(std::span<const std::byte> bytes);
    void peer_closed();
    [[nodiscard]] bool wants_input() const;
    [[nodiscard]] bool should_close() const;
    [[nodiscard]] bool should_abort() const { return abort_; }
    void consume_output(std::size_t n);
    [[nodiscard]] bool on_quiet();
    /// The connection has gone.
    void lost(std::string_view how);
    /// The handshake was not what it should be.
    void refuse(std::string_view why);
    void open();

    // What the application does.
    bool send(Opcode opcode, std::string_view payload);
    void close(CloseCode code, std::string_view reason);
    void set_paused(bool paused);
    [[nodiscard]] bool is_open() const { return opened_ && !close_sent_ && !ended_; }
    [[nodiscard]] const std::string& protocol() const { return protocol_; }

    OutputQueue out_{};
    std::function<void()> changed_{};

  private:
    void run();
    void take(const FrameReader::Step& step);
    void take_control(Opcode opcode, std::string_view payload);
    void take_close(std::string_view payload);
    void fail(const Violation& violation);
    void write(Opcode opcode, std::string_view payload);
    void write_close(CloseCode code, std::string_view reason);
    void end(CloseCode code, std::string_view reason);
    void tell_writable();
    void wake();
    template <typename Event, typename... Arguments>
    void call(const Event& event, Arguments&&... arguments);

    WebSocketEvents events_;
    WebSocketSettings settings_;
    std::string protocol_;
    std::function<std::uint64_t()> masks_;
    FrameReader reader_;
    std::string message_{};
    std::string waiting_{};  ///< input that came when none was wanted
    bool opened_ = false;
    bool close_sent_ = false;
    bool close_received_ = false;
    bool failed_ = false;  ///< no further byte of input has a meaning
    bool ended_ = false;   ///< the application knows that it is over
    bool peer_closed_ = false;
    bool abort_ = false;
    bool refused_ = false;  ///< a message was not taken for want of room
    bool paused_ = false;
    bool pinged_ = false;  ///< nothing has come since a ping for the sake of quiet
    bool running_ = false;
};

/// What the HTTP connection holds of it.
[[nodiscard]] std::unique_ptr<Upgraded> make_websocket(std::shared_ptr<WebSocketCore> core);

}  // namespace hourglass::http::detail
