#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "hourglass/http/message.h"

namespace hourglass::http {

/// A protocol that has taken over the connection from HTTP: after 101 (RFC 9110, section 7.8), or after 2xx to CONNECT
/// (section 9.3.6). From bytes to bytes, as `ServerConnection` and `ClientConnection` are; they pass on to it what the
/// transport brings, and give the transport what it has to say.
///
/// It is destroyed when the connection has gone or both sides have said everything; for a protocol that had not come to
/// its end, that is the loss of the connection. None of its functions may destroy the HTTP connection that it is on.
class Upgraded {
  public:
    Upgraded() = default;
    Upgraded(const Upgraded&) = delete;
    Upgraded& operator=(const Upgraded&) = delete;
    virtual ~Upgraded() = default;

    /// Bytes from the peer, first those that came behind the HTTP message. Called only while `wants_input`; all are
    /// taken.
    virtual void receive(std::span<const std::byte> bytes) = 0;
    /// The peer has closed its side.
    virtual void peer_closed() = 0;
    /// False while no more is wanted: the transport is not read then, and TCP's window does the rest.
    [[nodiscard]] virtual bool wants_input() const { return true; }

    /// The next bytes to send in at most `pieces.size()` pieces, at least one; returns how many there are. Valid until
    /// the next call on this object.
    virtual std::size_t output(std::span<std::span<const std::byte>> pieces) const = 0;
    /// All bytes that wait to be sent.
    [[nodiscard]] virtual std::size_t output_size() const = 0;
    /// The first `n` bytes have been sent.
    virtual void consume_output(std::size_t n) = 0;
    /// Gives the function to call when output, or a wish for input, has come up outside of the calls above.
    virtual void on_change(std::function<void()> changed) = 0;

    /// Everything has been said and sent: the connection closes.
    [[nodiscard]] virtual bool should_close() const = 0;
    /// Everything has been said and sent, but more may be heard: the transport closes this side, and is read on.
    [[nodiscard]] virtual bool should_shutdown() const { return false; }
    /// The connection has to be reset.
    [[nodiscard]] virtual bool should_abort() const { return false; }
    /// Whoever runs the server is about to stop: the protocol should end in its own good order.
    virtual void close() {}
    /// No byte has moved for as long as the owner of the transport waits. True to go on waiting, as after a ping that
    /// was sent now; false, and the connection is reset.
    virtual bool on_quiet() { return false; }
};

/// True when `request` asks to switch to `protocol`, with or without a version ("websocket", "h2c", "IRC/6.9"): by
/// Upgrade, with the connection option that goes with it, over HTTP/1.1 (RFC 9110, section 7.8).
[[nodiscard]] bool offers_upgrade(const Request& request, std::string_view protocol);

/// 101 with Upgrade, for `Responder::upgrade`.
[[nodiscard]] Response switching_protocols(std::string_view protocol);

/// 426 (RFC 9110, section 15.5.22): the request would be answered over `protocol` only.
[[nodiscard]] Response upgrade_required(std::string_view protocol);

/// Two protocols back to back, for a gateway that passes on what it does not understand: what one receives is what the
/// other has to say. When one side has closed its direction, so does the other once everything has been passed on, and
/// the opposite direction goes on until it ends too. RFC 9110, section 9.3.6, ends a tunnel with either side's
/// connection, and a connection that is half-closed has not ended (RFC 9293, section 3.6). When one is lost, the other
/// is reset, but first given what had come from the lost one, as that section asks for.
struct Tunnel {
    std::unique_ptr<Upgraded> near{};
    std::unique_ptr<Upgraded> far{};

    /// `capacity`: bytes that are held in each direction before no more input is wanted.
    static Tunnel make(std::size_t capacity = 256 * 1024);
};

}  // namespace hourglass::http
