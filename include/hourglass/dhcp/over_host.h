#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "hourglass/dhcp/client.h"
#include "hourglass/ip/host.h"

namespace hourglass::dhcp {

/// A DHCP client on an Ethernet interface of a host: it gives the interface the address, the default route and the MTU
/// of its lease and takes them away when the lease ends. It runs in the host's `poll`, and has the host's UDP port 68
/// to itself: one for a host. The host must outlive it.
class HostClient : private ClientOutput {
  public:
    /// Called from the host's `poll` when there is a lease, or a renewed one, or none any more. It must not end the
    /// client.
    using Handler = std::function<void(const std::optional<Lease>&)>;

    /// The interface's MAC address is filled in. `test` is how an offered address is tested before it is used.
    HostClient(ip::Host& host, ip::InterfaceId interface, ClientSettings settings = {},
               const ip::DuplicateTest& test = ip::kDuplicateTestV4);
    ~HostClient() override;
    HostClient(const HostClient&) = delete;
    HostClient& operator=(const HostClient&) = delete;

    /// Begins. The error is that of the port: another program of this host has it.
    std::expected<void, udp::Error> start(Instant now);
    void on_change(Handler handler) { handler_ = std::move(handler); }
    /// Gives the lease back and stops; the host's next `poll` lets the message out.
    void release(Instant now);

    [[nodiscard]] const Client& client() const { return client_; }
    [[nodiscard]] const std::optional<Lease>& lease() const { return client_.lease(); }

  private:
    void broadcast(std::span<const std::byte> message, const std::optional<IpAddress>& from) override;
    void unicast(std::span<const std::byte> message, const IpAddress& server) override;
    void test(const Lease& lease) override;
    void install(const Lease& lease) override;
    void withdraw(const Lease& lease) override;

    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;
    void add_routes(const Lease& lease);
    void remove_routes();

    ip::Host& host_;
    ip::InterfaceId interface_;
    ip::DuplicateTest duplicate_test_;
    Client client_;
    Handler handler_;
    std::optional<udp::SocketId> socket_;
    std::optional<Prefix> tried_;    ///< Under test, or in use.
    std::vector<ip::Route> routes_;  ///< Of the lease.
    bool changed_ = false;           ///< The handler is still to be told.
    bool untestable_ = false;        ///< The host would not test the address.
    std::uint32_t poller_ = 0;
    std::shared_ptr<HostClient*> self_;  ///< Null for tests that outlive this object.
};

}  // namespace hourglass::dhcp
