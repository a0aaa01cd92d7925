#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/buffer.h"
#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/udp/sockets.h"
#include "hourglass/wire/parse_error.h"

namespace hourglass::udp {

/// The layer below, as UDP sees it.
class DatagramOutput {
  public:
    virtual ~DatagramOutput() = default;
    /// True for unicast addresses of this host.
    [[nodiscard]] virtual bool is_own_address(const IpAddress& address) const = 0;
    /// The local address to use towards `destination`; nothing when there is no route.
    [[nodiscard]] virtual std::optional<IpAddress> source_for(const IpAddress& destination) const = 0;
    /// Sends a datagram that begins with its UDP header, checksum in place.
    virtual void send_datagram(Packet datagram, const IpAddress& source, const IpAddress& destination) = 0;
};

/// What became of a datagram that arrived.
enum class Delivery : std::uint8_t { queued, no_socket, queue_full };

/// The sockets of one host, and the datagrams that wait for their handlers.
class SocketTable final : public Sockets {
  public:
    struct Limits {
        std::uint32_t sockets = 4096;
        std::uint32_t queued_datagrams = 1024;  ///< Over all sockets.
    };
    static constexpr std::uint16_t kFirstEphemeralPort = 49152;  ///< RFC 6335, section 6.

    SocketTable(Limits limits, const SipKey& secret, DatagramOutput& output, BufferPool& pool);

    std::expected<SocketId, Error> open(SocketAddress local, DatagramHandler handler) override;
    void close(SocketId socket) override;
    std::expected<void, Error> send(SocketId socket, SocketAddress to, std::span<const std::byte> bytes) override;
    void set_header(SocketId socket, std::uint8_t traffic_class, std::uint8_t hop_limit) override;
    void on_failure(SocketId socket, FailureHandler handler) override;
    [[nodiscard]] SocketAddress local(SocketId socket) const override;

    /// A packet has arrived whose UDP header starts at `offset`. It is taken (moved from) only when it is queued: what
    /// there is no socket for can still be quoted in an ICMP error.
    std::expected<Delivery, wire::ParseError> receive(Packet& packet, std::size_t offset, const IpAddress& source,
                                                      const IpAddress& destination);
    /// True when a socket has asked for this group.
    [[nodiscard]] bool is_joined(const IpAddress& group) const;
    /// The network reports on a datagram from this address and port. False when no open socket can have sent it.
    bool report(const SocketAddress& local, const Failure& failure);
    /// Calls the handlers of what has arrived.
    void poll(Instant now);
    [[nodiscard]] bool has_work() const { return !queue_.empty() || !failures_.empty(); }

  private:
    struct Socket {
        SocketAddress local;
        // Shared: they may close their own socket while they run.
        std::shared_ptr<const DatagramHandler> handler;
        std::shared_ptr<const FailureHandler> failure_handler{};
        std::uint8_t traffic_class = 0, hop_limit = 0;
    };
    struct Waiting {
        SocketId socket{};
        SocketAddress from;
        SocketAddress to;
        Packet payload;
    };

    [[nodiscard]] std::expected<Port, Error> choose_port(const IpAddress& address);
    [[nodiscard]] std::optional<SocketId> find(const SocketAddress& destination) const;

    Limits limits_;
    SipKey secret_;
    DatagramOutput& output_;
    BufferPool& pool_;
    std::uint64_t port_draws_ = 0;
    std::uint32_t last_id_ = 0;
    std::map<SocketId, Socket> sockets_;
    std::map<SocketAddress, SocketId> bound_;
    std::map<IpAddress, std::uint32_t> groups_;  // Sockets that have joined each.
    std::vector<Waiting> queue_;
    std::vector<std::pair<SocketId, Failure>> failures_;
};

}  // namespace hourglass::udp
