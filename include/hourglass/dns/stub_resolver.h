#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "hourglass/base/address.h"
#include "hourglass/base/siphash.h"
#include "hourglass/base/time.h"
#include "hourglass/dns/cache.h"
#include "hourglass/dns/hosts.h"
#include "hourglass/dns/message.h"
#include "hourglass/dns/resolution.h"

namespace hourglass::dns {

/// Which addresses are wanted.
enum class Families : std::uint8_t { v4 = 1, v6 = 2, both = 3 };

/// What a stub resolver may be told. The defaults serve a host with recursive servers near by.
struct ResolverSettings {
    std::vector<SocketAddress> servers{};            ///< Asked in this order.
    Duration timeout = std::chrono::seconds(2);      ///< For an answer over UDP; doubles with each round.
    unsigned attempts = 3;                           ///< Rounds over all servers, at least 1.
    Duration tcp_timeout = std::chrono::seconds(5);  ///< For a whole exchange over TCP.
    std::uint16_t udp_size = 1232;                   ///< Announced with EDNS (RFC 6891); 0: no EDNS.
    std::uint16_t first_port = 49152;                ///< Source ports are drawn from here ...
    std::uint16_t last_port = 65535;                 ///< ... to here (RFC 5452, section 9.2).
    std::uint32_t forgeries = 8;                     ///< Wrong ids on a port until the question goes over TCP instead.
    // Limits.
    std::size_t max_queries = 4096;                     ///< Calls of `resolve` that wait for a result.
    std::size_t max_questions = 256;                    ///< Different questions on the network.
    std::size_t max_aliases = 16;                       ///< CNAMEs from a name to its addresses.
    std::size_t max_addresses = 64;                     ///< Of one family for one name; further ones are left out.
    std::size_t cache_entries = 4096;                   ///< Answers kept; 0 keeps none.
    Duration max_ttl = std::chrono::hours(24);          ///< Longer TTLs are cut.
    Duration max_negative_ttl = std::chrono::hours(3);  ///< RFC 2308, section 5.
};

/// Names one call of `StubResolver::resolve`.
enum class QueryId : std::uint64_t {};
/// Names one exchange over TCP.
enum class TcpExchangeId : std::uint64_t {};

/// A datagram for a server. The source port matters: an answer counts only when it comes back to it.
struct OutgoingDatagram {
    SocketAddress server;
    Port local_port{};
    std::vector<std::byte> bytes;
};

/// A request for a connection to `server` that sends `bytes`, the message already behind its length.
struct TcpRequest {
    TcpExchangeId exchange{};
    SocketAddress server;
    std::vector<std::byte> bytes;
};

/// The end of a query.
struct QueryResult {
    QueryId query{};
    ResolveResult result;
};

/// What a resolver has counted since it began.
struct ResolverCounters {
    std::uint64_t queries = 0;     ///< Calls of `resolve`.
    std::uint64_t from_cache = 0;  ///< Questions that the cache answered.
    std::uint64_t datagrams_sent = 0;
    std::uint64_t answers = 0;   ///< Responses that passed the checks, over UDP or TCP.
    std::uint64_t timeouts = 0;  ///< Attempts without an answer.
    std::uint64_t tcp_exchanges = 0;
    std::uint64_t ignored_late = 0;       ///< Datagrams to a port on which nothing is expected any more.
    std::uint64_t ignored_server = 0;     ///< ... from another address or port than was asked.
    std::uint64_t ignored_id = 0;         ///< ... with another id, or not a response.
    std::uint64_t ignored_question = 0;   ///< ... that answer another question.
    std::uint64_t ignored_malformed = 0;  ///< ... that are no message.
};

/// A stub resolver (RFC 1034, section 5.3.1): turns host names into addresses by asking recursive or authoritative
/// servers. It opens no socket and reads no clock or file: the world passes in datagrams and time, and after every call
/// takes what `next_datagram`, `tcp_wanted`, `next_result` and the `next_released_...` functions hold, until they give
/// nothing.
///
/// Against forged answers (RFC 5452) every attempt has an id and a source port of its own, drawn with a key that an
/// attacker does not know; an answer must come from the server asked, to that port, with that id and question; and
/// queries for the same name share one question.
class StubResolver {
  public:
    /// `secret` makes ids and ports unpredictable; give it random bits (a constant makes a run reproducible).
    StubResolver(ResolverSettings settings, HostsFile hosts, const SipKey& secret);

    /// Begins to resolve `name`, always read as absolute. In this order it may be: an address; `localhost` or
    /// `invalid`, or a name beneath (RFC 6761, sections 6.3 and 6.4); a name in the hosts file; a question for the
    /// cache or the servers. With `Families::both` the result holds what was found of either family, once both
    /// questions are answered. Every query ends in one `next_result`, unless cancelled.
    QueryId resolve(std::string_view name, Families families, Instant now);
    /// Forgets a query; harmless when it has ended.
    void cancel(QueryId query);

    /// A datagram has arrived. What fails the checks is counted and ignored.
    void receive(const SocketAddress& from, Port local_port, std::span<const std::byte> bytes, Instant now);
    /// The datagram from `local_port` could not be sent, or the network reported that it did not arrive: goes on to the
    /// next server at once.
    void unreachable(Port local_port, Instant now);
    /// Bytes of the connection's stream have arrived, in any portions.
    void receive_tcp(TcpExchangeId exchange, std::span<const std::byte> bytes, Instant now);
    /// The connection could not be made, or ended before the answer was complete.
    void tcp_failed(TcpExchangeId exchange, Instant now);
    /// Runs what is due: attempts whose time is up.
    void poll(Instant now);
    /// When `poll` is to be called next; `kNever` when no question is under way.
    [[nodiscard]] Instant next_deadline() const;

    /// The next datagram to send.
    [[nodiscard]] std::optional<OutgoingDatagram> next_datagram();
    /// The next connection to make, after a truncated answer (RFC 7766, section 5) or too many forged ones.
    [[nodiscard]] std::optional<TcpRequest> tcp_wanted();
    /// A source port on which no answer is expected any more: its socket can be closed.
    [[nodiscard]] std::optional<Port> next_released_port();
    /// An exchange whose connection can be closed.
    [[nodiscard]] std::optional<TcpExchangeId> next_released_tcp();
    /// The next query that has ended.
    [[nodiscard]] std::optional<QueryResult> next_result();

    [[nodiscard]] const ResolverCounters& counters() const { return counters_; }
    [[nodiscard]] const ResolverSettings& settings() const { return settings_; }
    [[nodiscard]] const Cache& cache() const { return cache_; }
    void clear_cache() { cache_.clear(); }
    /// Questions that wait for a server.
    [[nodiscard]] std::size_t questions_under_way() const { return lookups_.size(); }

  private:
    using LookupId = std::uint64_t;

    /// A call of `resolve` that waits for one or two lookups.
    struct Query {
        unsigned pending = 0;
        std::array<std::optional<Answer>, 2> answers;  ///< AAAA, then A.
        Instant expires = kNever;                      ///< The earliest end of an answer with addresses.
        std::optional<ResolveError> error;             ///< The gravest failure that is not an answer.
        Source source = Source::cache;
    };
    /// A question on the network, for all queries that ask it.
    struct Lookup {
        Name name;
        Type type = Type::a;
        std::vector<QueryId> waiting;
        // The chain of aliases so far.
        Name target;
        std::size_t aliases = 0;
        std::uint32_t ttl = UINT32_MAX;
        // The attempt under way.
        std::size_t attempt = 0;  ///< Counts over servers and rounds.
        std::vector<bool> failed_servers;
        bool edns = true;
        std::uint16_t id = 0;
        Port port{};                       ///< Zero while over TCP.
        std::optional<TcpExchangeId> tcp;  ///< Set while over TCP.
        TcpFramer framer;
        std::uint32_t forgeries = 0;
        Instant deadline = kNever;
    };
    using Lookups = std::map<LookupId, Lookup>;

    [[nodiscard]] std::optional<ResolveResult> resolve_here(std::string_view text, const Name* name,
                                                            Families families) const;
    [[nodiscard]] std::optional<Resolution> find_in_hosts(const Name& name, Families families) const;
    bool ask(QueryId id, Query& query, const Name& name, Type type, Instant now);

    void begin_attempt(Lookups::iterator at, Instant now);
    void send(Lookup& lookup, Instant now);
    void start_tcp(Lookup& lookup, Instant now);
    void end_attempt(Lookup& lookup);
    void next_attempt(Lookups::iterator at, Instant now);
    void server_failed(Lookups::iterator at, Instant now);
    [[nodiscard]] bool answers_question(const Lookup& lookup, const Message& head);
    void handle_response(Lookups::iterator at, std::span<const std::byte> bytes, Instant now);
    void follow_alias(Lookups::iterator at, const Name& target, Instant now);
    void finish(Lookups::iterator at, const std::expected<Answer, ResolveError>& outcome, Source source, Instant now);
    void take_answer(Query& query, Type type, const Answer& answer, Instant expires) const;
    void finish_query(QueryId id, const Query& query, Instant now);

    [[nodiscard]] const SocketAddress& server_of(const Lookup& lookup) const;
    [[nodiscard]] Message question_message(const Lookup& lookup) const;
    [[nodiscard]] Lookups::iterator find_tcp(TcpExchangeId exchange);
    [[nodiscard]] Lookups::iterator find_port(Port port);
    [[nodiscard]] Port draw_port();
    [[nodiscard]] std::uint64_t draw();

    ResolverSettings settings_;
    HostsFile hosts_;
    SipKey secret_;
    Cache cache_;
    ResolverCounters counters_;
    std::uint64_t drawn_ = 0;
    std::uint64_t next_query_ = 1;
    LookupId next_lookup_ = 1;
    std::uint64_t next_exchange_ = 1;
    std::map<QueryId, Query> queries_;
    Lookups lookups_;
    std::deque<OutgoingDatagram> datagrams_;
    std::deque<TcpRequest> tcp_requests_;
    std::deque<Port> released_ports_;
    std::deque<TcpExchangeId> released_tcp_;
    std::deque<QueryResult> results_;
};

}  // namespace hourglass::dns
