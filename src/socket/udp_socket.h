#pragma once

#include <array>
#include <deque>

#include "hourglass/udp/sockets.h"
#include "socket/socket.h"

namespace hourglass::socket {

/// A datagram socket (udp(7)).
class UdpSocket final : public Socket {
  public:
    UdpSocket(Sockets::Table& table, int domain);
    ~UdpSocket() override;

    Result<void> bind(const SocketAddress& local) override;
    Result<void> connect(const SocketAddress& remote) override;
    Result<void> disconnect() override;
    Result<void> shutdown(int how) override;
    void close() override;
    [[nodiscard]] Result<SocketAddress> local_address() const override;
    [[nodiscard]] Result<SocketAddress> remote_address() const override;
    Result<Received> receive(ReadBuffers buffers, int flags) override;
    Result<std::size_t> send(WriteBuffers buffers, int flags, const std::optional<SocketAddress>& to) override;
    [[nodiscard]] std::uint32_t readiness() override;
    Result<int> ioctl(unsigned long request) override;
    [[nodiscard]] MemoryInfo memory_info() const override;
    [[nodiscard]] int type() const override { return type::dgram; }
    [[nodiscard]] int protocol() const override { return 17; }

  private:
    struct Datagram {
        SocketAddress from;
        std::vector<std::byte> bytes;
    };

    Result<udp::SocketId> open(const SocketAddress& local);
    Result<void> bind_if_unbound(const SocketAddress& remote);
    void arrived(const SocketAddress& from, std::span<const std::byte> bytes);
    void failed(const udp::Failure& failure);
    [[nodiscard]] std::optional<udp::SocketId> socket_for(const IpAddress& destination) const;
    void options_changed() override;
    Result<void> check_destination(const SocketAddress& to) const;
    Result<void> set_buffer(bool send, std::int32_t bytes) override;
    [[nodiscard]] std::int32_t buffer(bool send) const override { return send ? send_buffer_ : receive_buffer_; }
    [[nodiscard]] Result<std::int32_t> path_mtu() const override;
    [[nodiscard]] bool fits_path(std::size_t payload, const IpAddress& destination) const;

    std::array<std::optional<udp::SocketId>, 2> ids_;  ///< One a family, where it takes both.
    std::optional<SocketAddress> local_;
    std::optional<SocketAddress> peer_;
    std::deque<Datagram> queue_;
    std::size_t queued_bytes_ = 0;
    std::uint32_t drops_ = 0;
    std::vector<std::byte> corked_;  ///< What MSG_MORE has kept back.
    std::optional<SocketAddress> corked_for_;
    std::int32_t send_buffer_, receive_buffer_;
    bool read_shut_ = false, write_shut_ = false;
};

}  // namespace hourglass::socket
