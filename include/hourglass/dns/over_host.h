#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hourglass/dns/authoritative_server.h"
#include "hourglass/dns/stub_resolver.h"
#include "hourglass/ip/host.h"

namespace hourglass::dns {

/// A stub resolver on a host: UDP sockets on the ports that it draws, TCP when an answer is truncated. It runs in the
/// host's `poll`. The host must outlive it.
class HostResolver {
  public:
    /// Told of the result, once, from the host's `poll`. It may call `resolve` and `cancel`.
    using Handler = std::function<void(const ResolveResult&, Instant now)>;

    /// Ids and ports are drawn with a key made from the host's secret.
    HostResolver(ip::Host& host, ResolverSettings settings, HostsFile hosts = {});
    ~HostResolver();
    HostResolver(const HostResolver&) = delete;
    HostResolver& operator=(const HostResolver&) = delete;

    /// Begins to resolve `name`, as `StubResolver::resolve`.
    QueryId resolve(std::string_view name, Families families, Handler handler);
    /// Forgets a query; its handler is not called.
    void cancel(QueryId query);

    [[nodiscard]] const StubResolver& stub() const { return stub_; }

  private:
    class Exchange;

    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;
    void send(const OutgoingDatagram& datagram, Instant now);
    void connect(TcpRequest request, Instant now);
    void release();

    ip::Host& host_;
    StubResolver stub_;
    /// Asked and not answered. The stub is asked in the next poll, which knows what time it is.
    struct Question {
        std::string name;
        Families families{};
        Handler handler;
        std::optional<QueryId> asked;  ///< The stub's number for it.
    };
    std::map<QueryId, Question> questions_;
    std::vector<QueryId> unasked_;
    std::map<QueryId, QueryId> ours_;  ///< By the stub's number.
    std::uint64_t next_question_ = 1;
    std::map<Port, udp::SocketId> sockets_;
    std::map<TcpExchangeId, std::unique_ptr<Exchange>> exchanges_;
    bool pending_ = false;  ///< The stub has been called since the last poll and may hold output.
    std::uint32_t poller_ = 0;
};

/// What a name server on a host may be told.
struct HostServerSettings {
    ServerSettings server{};
    std::size_t max_connections = 128;                 ///< Over TCP at a time; further ones are reset.
    Duration idle_timeout = std::chrono::seconds(10);  ///< A TCP connection without a query (RFC 7766, section 6.2.3).
};

/// An authoritative server on a host, over UDP and TCP (RFC 7766, section 5). The host must outlive it.
class HostServer {
  public:
    HostServer(ip::Host& host, std::vector<Zone> zones, const HostServerSettings& settings = {});
    ~HostServer();
    HostServer(const HostServer&) = delete;
    HostServer& operator=(const HostServer&) = delete;

    /// Opens UDP socket and TCP listener on `local`, usually port 53. An unspecified address serves every local address
    /// of its family; call again for the other family. The error says what is wrong.
    std::expected<void, std::string> listen(SocketAddress local);

    [[nodiscard]] const AuthoritativeServer& server() const { return server_; }
    /// Answers from other zones from now on, on the connections that are there too.
    void reload(std::vector<Zone> zones) { server_.reload(std::move(zones)); }
    /// TCP connections that are open.
    [[nodiscard]] std::size_t connections() const { return connections_.size(); }

  private:
    class Acceptor;
    class Connection;

    void accept(tcp::Listener listener);
    void poll(Instant now);
    [[nodiscard]] Instant next_deadline() const;

    ip::Host& host_;
    AuthoritativeServer server_;
    HostServerSettings settings_;
    std::unique_ptr<Acceptor> acceptor_;
    std::vector<udp::SocketId> sockets_;
    std::vector<tcp::Listener> listeners_;
    std::map<std::uint64_t, std::unique_ptr<Connection>> connections_;
    std::uint64_t next_connection_ = 0;
    std::uint32_t poller_ = 0;
};

}  // namespace hourglass::dns
