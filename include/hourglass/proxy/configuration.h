#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/time.h"
#include "hourglass/http/over_tcp.h"

namespace hourglass::proxy {

/// What an upstream server speaks.
enum class Protocol : std::uint8_t { http, uwsgi };

/// How a server is chosen among those of an upstream that can take a request.
enum class Balance : std::uint8_t {
    round_robin,        ///< in turn, by weight
    least_connections,  ///< the one with the fewest requests under way for its weight
    hash,               ///< always the same for the same key, as far as it can be (consistent hashing)
};

/// What is hashed for `Balance::hash`.
struct HashKey {
    enum class Kind : std::uint8_t { client, target, header };
    Kind kind = Kind::client;
    std::string header{};  ///< the field's name, for Kind::header
    bool operator==(const HashKey&) const = default;
};

/// One server of an upstream.
struct ServerConfiguration {
    std::string name{};        ///< "host:port" or "unix:/path" as it is written
    SocketAddress address{};   ///< where that is; unspecified until a name has been resolved
    std::string path{};        ///< of a socket of the Unix domain, in the place of an address
    std::uint32_t weight = 1;  ///< its share, 1 to 100
    bool backup = false;       ///< used only while no other server is up
    bool operator==(const ServerConfiguration&) const = default;
};

/// Requests that find out whether a server is up.
struct HealthCheckConfiguration {
    std::string path = "/";
    Duration interval = std::chrono::seconds(5);
    Duration timeout = std::chrono::seconds(2);
    std::uint32_t rise = 2;           ///< good answers in a row after which a server is up
    std::uint32_t fall = 3;           ///< bad ones after which it is down
    std::uint16_t lowest_good = 200;  ///< statuses of good answers
    std::uint16_t highest_good = 399;
    bool operator==(const HealthCheckConfiguration&) const = default;
};

/// A group of servers that have the same content.
struct UpstreamConfiguration {
    std::string name{};
    Protocol protocol = Protocol::http;
    bool tls = false;        ///< HTTP over TLS; the servers' certificates are verified
    std::string ca{};        ///< a file in PEM of those who sign them; empty: those whom the system trusts
    std::string tls_name{};  ///< what the certificates are for; empty: the host of `host`, or else of the server
    std::vector<ServerConfiguration> servers{};
    Balance balance = Balance::round_robin;
    HashKey hash_key{};

    std::uint32_t max_fails = 3;                    ///< failures within `fail_time` that set a server aside; 0: none do
    Duration fail_time = std::chrono::seconds(10);  ///< for that long
    std::optional<HealthCheckConfiguration> check{};

    std::uint32_t connections = 512;                     ///< to one server at once
    std::uint32_t keepalive = 32;                        ///< idle ones kept for each server
    Duration keepalive_time = std::chrono::seconds(60);  ///< for that long; shorter than the server keeps them
    std::uint32_t queue = 256;                           ///< requests that wait for a connection; further ones: 503
    Duration queue_time = std::chrono::seconds(5);       ///< for that long, then 503
    Duration connect_time = std::chrono::seconds(5);     ///< until a connection is there; then 504
    Duration response_time = std::chrono::seconds(60);   ///< without a byte from or to the server; then 504
    std::uint32_t tries = 3;                             ///< servers that a request is tried on, at most
    Duration retry_delay =
        Duration::zero();  ///< before the second try, on average; twice as long before each further one
    std::vector<std::uint16_t> retry_status{};  ///< answers to safe requests that count as failures as well
    std::string host{};                         ///< Host for the servers; empty: the client's
    std::string script_name{};                  ///< uwsgi: SCRIPT_NAME
    bool operator==(const UpstreamConfiguration&) const = default;
};

/// How many requests one client may make.
struct RateLimitConfiguration {
    double rate = 10;                ///< requests a second, in the long run
    std::uint32_t burst = 20;        ///< at once
    std::uint32_t clients = 65'536;  ///< remembered at a time; a table that is full forgets who was not there longest
    bool operator==(const RateLimitConfiguration&) const = default;
};

/// Which requests go to which upstream.
struct RouteConfiguration {
    std::vector<std::string> hosts{};  ///< names, or "*.example.com" for those below; empty: any
    std::string path = "/";            ///< the prefix, by whole segments
    std::string upstream{};
    bool strip_path = false;  ///< the prefix is taken off before the request goes on
    bool cache = false;       ///< answers may be stored and used again
    std::optional<RateLimitConfiguration> rate_limit{};
    /// Bodies up to this size are received whole before a server is troubled with them, which also lets a request be
    /// repeated on another server; larger ones are passed on as they come.
    std::uint64_t request_buffer = 64 * 1024;
    std::uint64_t response_buffer = 256 * 1024;  ///< bytes of an answer that are held for a slow client
    std::uint64_t max_body = 100 * 1024 * 1024;  ///< of a request; beyond: 413
    std::vector<std::pair<std::string, std::string>> request_headers{};   ///< set on the way to the server
    std::vector<std::pair<std::string, std::string>> response_headers{};  ///< set on the way to the client
    bool operator==(const RouteConfiguration&) const = default;
};

/// The store of the response cache (RFC 9111).
struct CacheConfiguration {
    std::uint64_t size = 64 * 1024 * 1024;        ///< bytes of all stored responses
    std::uint64_t entry = 4 * 1024 * 1024;        ///< bytes of the content of one
    std::uint32_t variants = 16;                  ///< stored for one URI, by Vary
    Duration heuristic = std::chrono::hours(24);  ///< the longest freshness that is assumed (section 4.2.2); 0: none
    Duration stale_if_error = Duration::zero();   ///< served stale for so long when no server answers (RFC 5861)
    /// Served stale for so long while it is validated, where the response does not say it itself (RFC 5861, section 3).
    Duration stale_while_revalidate = Duration::zero();
    /// Requests for what another request is fetching already wait for that, for so long at most; 0: they don't.
    Duration collapse = std::chrono::seconds(5);
    bool operator==(const CacheConfiguration&) const = default;
};

enum class AccessLogFormat : std::uint8_t { none, common, combined, json };

/// All that a reverse proxy is told.
struct Configuration {
    std::vector<std::string> listen{};      ///< "127.0.0.1:8080", ":80"
    std::vector<std::string> listen_tls{};  ///< the same, with TLS
    std::string certificate{};       ///< a file in PEM: the server's certificate, then those that lead to the root
    std::string key{};               ///< a file in PEM
    std::string name = "hourglass";  ///< the pseudonym in Via (RFC 9110, section 7.6.3)
    bool trust_forwarded = false;    ///< Forwarded and X-Forwarded-* of clients are kept and added to
    AccessLogFormat access_log = AccessLogFormat::combined;
    http::TcpServerSettings clients{};     ///< limits of the clients' connections
    std::uint64_t client_requests = 1000;  ///< on one connection of a client; 0 is without limit
    std::vector<UpstreamConfiguration> upstreams{};
    std::vector<RouteConfiguration> routes{};
    std::optional<CacheConfiguration> cache{};
};

}  // namespace hourglass::proxy
