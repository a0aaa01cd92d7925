#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include "hourglass/base/address.h"
#include "hourglass/http/transport.h"
#include "hourglass/runtime/os_loop.h"
#include "hourglass/tcp/stack.h"

struct sockaddr;

namespace hourglass::runtime {

/// What an error of the operating system means for a connection, in the words of our own TCP.
[[nodiscard]] tcp::Error to_tcp_error(std::error_code error);

/// Who is told about a stream. The stream may be destroyed in every one of these calls.
class OsStreamHandler {
  public:
    virtual void on_connected() {}
    /// There may be more to receive, or room to send.
    virtual void on_ready() = 0;
    /// The connection has gone: with `tcp::Error::none` after `close`, otherwise with what ended it. Never called from
    /// inside a call of the stream.
    virtual void on_closed(tcp::Error error) = 0;

  protected:
    OsStreamHandler() = default;
    OsStreamHandler(const OsStreamHandler&) = delete;
    OsStreamHandler& operator=(const OsStreamHandler&) = delete;
    ~OsStreamHandler() = default;
};

/// A connection of the operating system's TCP, IPv4 or IPv6, that never blocks. What it moves between two turns of the
/// loop has a limit, so that no connection keeps the others waiting.
class OsStream final : public http::Transport, private Watcher {
  public:
    /// Begins to connect; the handler is told how it ends.
    static std::unique_ptr<OsStream> connect(OsLoop& loop, const SocketAddress& remote, OsStreamHandler& handler);
    /// The same to a socket of the Unix domain.
    static std::unique_ptr<OsStream> connect(OsLoop& loop, const std::string& path, OsStreamHandler& handler);
    /// Takes over a connected socket that does not block. `loop` and `handler` must outlive the stream.
    OsStream(OsLoop& loop, int socket, const SocketAddress& remote, OsStreamHandler& handler);
    /// The same for a socket from which something can probably be received already: the loop watches it from the call
    /// of `watch` on only, which a connection that is over by then does not need.
    struct Unwatched {};
    OsStream(OsLoop& loop, int socket, const SocketAddress& remote, OsStreamHandler& handler, Unwatched);
    void watch();
    /// Resets the connection if it is still there.
    ~OsStream() override;

    std::size_t send(std::span<const std::span<const std::byte>> pieces) override;
    std::size_t send(std::span<const std::byte> bytes) { return send(std::span(&bytes, 1)); }
    /// The same for what a call of `send_file`, `shutdown` or `close` follows at once: both may share a segment.
    std::size_t send_followed(std::span<const std::span<const std::byte>> pieces);
    /// What has been received is acknowledged now, and what follows soon, not only with the next data to send.
    void acknowledge_at_once();
    [[nodiscard]] bool sends_files() const override { return true; }
    std::optional<std::size_t> send_file(const http::FilePart& part) override;
    bool receive(const std::function<void(std::span<const std::byte>)>& take) override;
    /// The same into memory of the caller's, `kReadSize` of it at best. Returns how many bytes came: none also at the
    /// end, and after an error.
    std::size_t receive_into(std::span<std::byte> room);
    static constexpr std::size_t kReadSize = 64 * 1024;
    [[nodiscard]] bool at_end() const override { return at_end_; }
    void shutdown() override;
    void close() override;
    void abort() override;
    [[nodiscard]] bool exists() const override { return socket_ >= 0; }
    [[nodiscard]] std::optional<http::TransportInfo> info() const override;

    [[nodiscard]] SocketAddress local() const;
    [[nodiscard]] const SocketAddress& remote() const { return remote_; }
    /// The socket, for what the system knows about it; -1 when the connection has gone.
    [[nodiscard]] int native() const { return socket_; }

  private:
    void on_ready(Readiness readiness) override;
    void on_later() override;
    static std::unique_ptr<OsStream> connect(OsLoop& loop, const SocketAddress& remote, const sockaddr* address,
                                             unsigned size, OsStreamHandler& handler);
    void on_connect_done();
    [[nodiscard]] bool may_move();
    std::size_t send(std::span<const std::span<const std::byte>> pieces, int flags);
    void end(tcp::Error error);

    OsLoop& loop_;
    OsStreamHandler& handler_;
    SocketAddress remote_;
    int socket_ = -1;
    tcp::Error error_ = tcp::Error::none;
    std::uint32_t moved_ = 0;  ///< Bytes since the last turn.
    bool connecting_ = false;
    bool readable_ = false;
    bool writable_ = true;
    bool peer_done_ = false;  ///< The system has told of the peer's FIN, or of an error.
    bool at_end_ = false;
    bool awaits_turn_ = false;
    bool sent_files_ = false;
};

}  // namespace hourglass::runtime
