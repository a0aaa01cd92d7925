#pragma once

#include <functional>
#include <gtest/gtest.h>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "dns/support.h"
#include "hourglass/dns/authoritative_server.h"
#include "hourglass/dns/stub_resolver.h"

namespace hourglass::dns {

/// Carries a resolver's datagrams and TCP exchanges to servers and back, in virtual time. What a server says, and
/// whether it says anything, is the test's to decide.
class FakeNetwork {
  public:
    /// The response to a query, or nothing when it is lost.
    using Responder = std::function<std::optional<std::vector<std::byte>>(std::span<const std::byte>)>;

    explicit FakeNetwork(StubResolver& stub) : resolver(stub) {}

    void serve(const SocketAddress& at, Responder udp, Responder tcp = {}) { servers_[at] = {udp, tcp}; }
    void serve(const SocketAddress& at, AuthoritativeServer& server) {
        serve(
            at, [&server](auto query) { return std::optional(server.answer(query, Transport::udp)); },
            [&server](auto query) { return std::optional(server.answer(query, Transport::tcp)); });
    }

    /// Runs until nothing is left to do, or `until`.
    void run(Instant until = kNever) {
        for (;;) {
            exchange();
            const Instant next =
                std::min(arrivals_.empty() ? kNever : arrivals_.begin()->first, resolver.next_deadline());
            if (next == kNever || next > until) break;
            now = std::max(now, next);
            while (!arrivals_.empty() && arrivals_.begin()->first <= now) {
                const auto deliver = arrivals_.extract(arrivals_.begin()).mapped();
                deliver();
            }
            resolver.poll(now);
        }
        if (until != kNever) now = std::max(now, until);
    }

    /// Resolves a name and runs until its result is there.
    ResolveResult resolve(std::string_view text, Families families = Families::v4) {
        const QueryId id = resolver.resolve(text, families, now);
        run();
        for (const QueryResult& r : results)
            if (r.query == id) return r.result;
        ADD_FAILURE() << text << " has no result";
        return std::unexpected(ResolveError::timed_out);
    }

    StubResolver& resolver;
    Instant now{std::chrono::seconds(1000)};
    Duration delay = std::chrono::milliseconds(10);  ///< One way.
    std::vector<OutgoingDatagram> sent;
    std::vector<TcpRequest> tcp_requests;
    std::vector<QueryResult> results;
    std::multiset<Port> open_ports;
    std::size_t open_connections = 0;

  private:
    struct Server {
        Responder udp, tcp;
    };

    void exchange() {
        while (auto datagram = resolver.next_datagram()) {
            open_ports.insert(datagram->local_port);
            sent.push_back(*datagram);
            const auto server = servers_.find(datagram->server);
            if (server == servers_.end()) continue;
            auto response = server->second.udp(datagram->bytes);
            if (!response) continue;
            arrivals_.emplace(now + 2 * delay, [this, d = *datagram, r = std::move(*response)] {
                resolver.receive(d.server, d.local_port, r, now);
            });
        }
        while (auto request = resolver.tcp_wanted()) {
            ++open_connections;
            tcp_requests.push_back(*request);
            exchange_tcp(*request);
        }
        while (auto port = resolver.next_released_port()) open_ports.erase(*port);
        while (resolver.next_released_tcp()) --open_connections;
        while (auto result = resolver.next_result()) results.push_back(std::move(*result));
    }

    void exchange_tcp(const TcpRequest& request) {
        const auto server = servers_.find(request.server);
        if (server == servers_.end() || !server->second.tcp) {
            arrivals_.emplace(now + 2 * delay, [this, request] { resolver.tcp_failed(request.exchange, now); });
            return;
        }
        TcpFramer framer;
        std::span<const std::byte> stream(request.bytes);
        const auto query = framer.take(stream);
        const auto response = query ? server->second.tcp(*query) : std::nullopt;
        if (!response) return;
        arrivals_.emplace(now + 4 * delay, [this, id = request.exchange, bytes = tcp_framed(*response)] {
            const auto all = std::span(bytes);
            resolver.receive_tcp(id, all.first(1), now);  // the length itself comes in two parts
            resolver.receive_tcp(id, all.subspan(1), now);
        });
    }

    std::map<SocketAddress, Server> servers_;
    std::multimap<Instant, std::function<void()>> arrivals_;
};

}  // namespace hourglass::dns
