#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "lab/ground.h"

namespace hourglass::lab {

/// A server that believes in two segments: a SYN makes a connection, at once. It takes the place of a host's TCP to
/// show what that wastes, and is told to the recorder as a real one.
class TwoWayServer {
  public:
    /// What one connection holds: its variables and the buffer that its application was given.
    static constexpr std::uint32_t kMemory = 65536;

    /// Greets each client with so many octets, which it sends again every second while nothing answers.
    TwoWayServer(Ground& ground, std::string_view host, SocketAddress local, std::uint32_t greeting);
    ~TwoWayServer();
    TwoWayServer(const TwoWayServer&) = delete;
    TwoWayServer& operator=(const TwoWayServer&) = delete;

    [[nodiscard]] std::size_t open_connections() const { return open_.size(); }
    [[nodiscard]] std::uint64_t accepted() const { return accepted_; }
    /// Octets of data sent, and of those the ones that nobody acknowledged.
    [[nodiscard]] std::uint64_t octets_sent() const { return octets_sent_; }

  private:
    struct Connection {
        tcp::Seq snd_nxt, snd_una, rcv_nxt;
        bool answered = false;
    };

    bool take(std::span<const std::byte> packet, std::uint64_t id);
    void open(SocketAddress client, const wire::TcpView& segment, std::uint64_t id);
    void greet(SocketAddress client, bool again);
    void send(SocketAddress client, wire::TcpHeader header, std::string_view data, tcp::SendReason reason, bool again);
    void tell(SocketAddress client, const wire::TcpView& segment, std::uint64_t id, tcp::State before, tcp::State after,
              tcp::Verdict verdict);

    Ground& ground_;
    std::string host_;
    SocketAddress local_;
    std::string greeting_;
    std::map<SocketAddress, Connection> open_;
    std::uint64_t next_packet_id_ = tcp::kFirstPacketId << 12;  ///< Far from those of stacks.
    std::uint64_t accepted_ = 0;
    std::uint64_t octets_sent_ = 0;
};

}  // namespace hourglass::lab
