#pragma once

#include <array>

#include "hourglass/tcp/stack.h"
#include "socket/socket.h"

namespace hourglass::socket {

/// A stream socket (tcp(7)): a listener or a connection, and what remains to be told of it when it has gone.
class TcpSocket final : public Socket, private tcp::ConnectionHandler, private tcp::AcceptHandler {
  public:
    TcpSocket(Sockets::Table& table, int domain);
    ~TcpSocket() override;

    // tcp_socket.cpp
    Result<void> bind(const SocketAddress& local) override;
    Result<void> listen(int backlog) override;
    Result<std::pair<std::shared_ptr<Socket>, SocketAddress>> accept() override;
    Result<void> connect(const SocketAddress& remote) override;
    Result<void> disconnect() override;
    Result<void> shutdown(int how) override;
    void close() override;
    [[nodiscard]] Result<SocketAddress> local_address() const override;
    [[nodiscard]] Result<SocketAddress> remote_address() const override;

    // tcp_socket_data.cpp
    Result<Received> receive(ReadBuffers buffers, int flags) override;
    Result<std::size_t> send(WriteBuffers buffers, int flags, const std::optional<SocketAddress>& to) override;
    [[nodiscard]] std::uint32_t readiness() override;
    Result<int> ioctl(unsigned long request) override;

    // tcp_socket_options.cpp
    Result<void> set_option(int level, int option, std::span<const std::byte> value) override;
    [[nodiscard]] Result<OptionValue> option(int level, int option) override;
    [[nodiscard]] Result<TcpInfo> tcp_info() const override;
    [[nodiscard]] MemoryInfo memory_info() const override;

    [[nodiscard]] tcp::Stream stream() const override { return stream_; }
    [[nodiscard]] int type() const override { return type::stream; }
    [[nodiscard]] int protocol() const override { return 6; }
    [[nodiscard]] bool is_listening() const override { return phase_ == Phase::listening; }
    /// The address that bind() or listen() took; nothing when the stack chose one for a connection.
    [[nodiscard]] const std::optional<SocketAddress>& bound_to() const { return bound_; }
    /// Takes IPv4 as well as IPv6.
    [[nodiscard]] bool is_dual() const { return domain() == family::inet6 && !options_.v6_only; }

  private:
    enum class Phase : std::uint8_t {
        idle,  ///< No connection, maybe bound.
        listening,
        connecting,
        connected,  ///< Until both sides have closed, or it failed.
        ended,
    };

    // What the stack tells.
    void on_established(tcp::Stream) override;
    void on_readable(tcp::Stream) override;
    void on_urgent(tcp::Stream) override;
    void on_writable(tcp::Stream) override;
    void on_closed(tcp::Stream, tcp::Error error) override;
    void on_acceptable(tcp::Listener) override;

    [[nodiscard]] Result<void> check_remote(const SocketAddress& remote) const;
    Result<void> start_connecting(const SocketAddress& remote);
    [[nodiscard]] tcp::ConnectOptions connect_options() const;
    [[nodiscard]] std::optional<tcp::Listener> acceptable() const;
    void stop_listening();
    /// No connection any more, as before the first connect().
    void reset_phase();

    std::size_t take_bytes(ReadBuffers buffers, int flags);
    Result<Received> receive_urgent(ReadBuffers buffers, int flags);
    /// What receive() says when there are no bytes.
    Result<Received> nothing_to_receive();
    Result<void> check_sendable();
    Result<std::size_t> fast_open(const SocketAddress& to, WriteBuffers buffers);
    [[nodiscard]] std::uint32_t fast_open_room(const SocketAddress& to) const;
    Result<void> set_fast_open_connect(std::int32_t value);
    std::size_t write_bytes(WriteBuffers buffers, std::size_t most, int flags);
    void complete_zero_copy(std::size_t sent, int flags);
    [[nodiscard]] bool has_ended() const;
    [[nodiscard]] bool is_send_buffer_open();

    Result<void> set_tcp_option(int option, std::int32_t value);
    Result<void> set_congestion(std::span<const std::byte> value);
    [[nodiscard]] Result<OptionValue> tcp_option(int option);
    void options_changed() override;
    Result<void> set_buffer(bool send, std::int32_t bytes) override;
    [[nodiscard]] std::int32_t buffer(bool send) const override;
    [[nodiscard]] Result<std::int32_t> path_mtu() const override;
    [[nodiscard]] tcp::ConnectionInfo info() const;
    void apply(const tcp::Tuning& tuning);

    Phase phase_ = Phase::idle;
    bool read_shut_ = false, write_shut_ = false;
    bool connect_told_ = false;    ///< connect() has said that it succeeded.
    bool end_seen_ = false;        ///< The peer's FIN has come: what is read after the last byte is an end.
    bool urgent_read_ = false;     ///< The urgent octet has been received.
    bool tell_inq_ = false;        ///< TCP_INQ.
    bool corked_by_more_ = false;  ///< The last send() had MSG_MORE.
    std::uint32_t zero_copy_sends_ = 0;
    std::uint32_t backlog_ = 0;
    std::optional<SocketAddress> bound_;
    std::optional<SocketAddress> deferred_;  ///< TCP_FASTOPEN_CONNECT: connect() waits for the first data.
    std::array<std::optional<tcp::Listener>, 2> listeners_;  ///< One a family.
    tcp::Stream stream_;
    tcp::ConnectionInfo last_info_;  ///< Of a connection that has gone.
    tcp::Tuning tuning_;
};

/// Linux's error for the stack's.
[[nodiscard]] Errno errno_of(tcp::Error error);
[[nodiscard]] TcpInfo tcp_info_of(const tcp::ConnectionInfo& info, const tcp::Settings& settings);

}  // namespace hourglass::socket
