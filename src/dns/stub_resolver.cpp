// What a query does before and after the network: special names, hosts file, cache, results.
// The network's side is in stub_exchange.cpp.

#include "hourglass/dns/stub_resolver.h"

#include <algorithm>

namespace hourglass::dns {

namespace {

bool wants(Families families, const IpAddress& address) {
    const auto bit = address.is_v4() ? Families::v4 : Families::v6;
    return (static_cast<unsigned>(families) & static_cast<unsigned>(bit)) != 0;
}

std::size_t slot_of(Type type) { return type == Type::aaaa ? 0 : 1; }

/// IPv6 first, otherwise in the order given.
void order(std::vector<IpAddress>& addresses) {
    std::ranges::stable_partition(addresses, [](const IpAddress& a) { return a.is_v6(); });
}

ResolveResult of_literal(const IpAddress& address, Families families) {
    if (!wants(families, address)) return std::unexpected(ResolveError::no_data);
    return Resolution{{address}, Name(), Duration::max(), Source::literal};
}

/// RFC 6761, section 6.3: the loopback addresses, without asking anybody.
Resolution of_localhost(const Name& name, Families families) {
    constexpr auto v6 = IpAddress::v6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1});
    Resolution r{{}, name, Duration::max(), Source::special};
    for (const IpAddress& address : {v6, IpAddress::v4(127, 0, 0, 1)})
        if (wants(families, address)) r.addresses.push_back(address);
    return r;
}

/// A host name that a message could carry but nobody means: international names come here in their ASCII form
/// (RFC 5890, section 2.3.2.1).
std::optional<Name> host_name(std::string_view text) {
    if (!std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; })) return std::nullopt;
    auto name = Name::parse(text);
    if (!name || name->is_root()) return std::nullopt;
    return std::move(*name);
}

Name single_label(std::string_view label) { return *Name::join(label, Name()); }

}  // namespace

StubResolver::StubResolver(ResolverSettings settings, HostsFile hosts, const SipKey& secret)
    : settings_(std::move(settings)), hosts_(std::move(hosts)), secret_(secret), cache_(settings_.cache_entries) {
    settings_.attempts = std::max(settings_.attempts, 1u);
    settings_.last_port = std::max(settings_.last_port, settings_.first_port);
}

QueryId StubResolver::resolve(std::string_view text, Families families, Instant now) {
    const QueryId id{next_query_++};
    ++counters_.queries;
    const auto name = host_name(text);
    if (auto result = resolve_here(text, name ? &*name : nullptr, families)) {
        results_.push_back({id, std::move(*result)});
        return id;
    }
    if (queries_.size() >= settings_.max_queries) {
        results_.push_back({id, std::unexpected(ResolveError::limit_reached)});
        return id;
    }
    Query& query = queries_[id];
    for (const Type type : {Type::aaaa, Type::a}) {
        const auto bit = type == Type::a ? Families::v4 : Families::v6;
        if ((static_cast<unsigned>(families) & static_cast<unsigned>(bit)) == 0) continue;
        if (ask(id, query, *name, type, now)) ++query.pending;
    }
    if (query.pending == 0) finish_query(id, query, now);
    return id;
}

std::optional<ResolveResult> StubResolver::resolve_here(std::string_view text, const Name* name,
                                                        Families families) const {
    if (const auto literal = IpAddress::parse(text)) return of_literal(*literal, families);
    if (name == nullptr) return std::unexpected(ResolveError::bad_name);
    if (name->is_within(single_label("localhost"))) return of_localhost(*name, families);
    if (name->is_within(single_label("invalid"))) return std::unexpected(ResolveError::name_error);
    if (auto found = find_in_hosts(*name, families)) return std::move(*found);
    return std::nullopt;
}

std::optional<Resolution> StubResolver::find_in_hosts(const Name& name, Families families) const {
    Resolution r{{}, name, Duration::max(), Source::hosts_file};
    for (const HostsFile::Entry* entry : hosts_.find(name)) {
        if (!wants(families, entry->address) || r.addresses.size() >= settings_.max_addresses) continue;
        if (r.addresses.empty()) r.canonical_name = entry->names.front();
        r.addresses.push_back(entry->address);
    }
    if (r.addresses.empty()) return std::nullopt;
    order(r.addresses);
    return r;
}

/// Takes the answer from the cache, or makes the query wait for a lookup; true when it waits.
bool StubResolver::ask(QueryId id, Query& query, const Name& name, Type type, Instant now) {
    if (const Cache::Entry* entry = cache_.find(name, type, now)) {
        ++counters_.from_cache;
        take_answer(query, type, entry->answer, entry->expires);
        return false;
    }
    const auto same = std::ranges::find_if(
        lookups_, [&](const auto& entry) { return entry.second.type == type && entry.second.name == name; });
    if (same != lookups_.end()) {
        same->second.waiting.push_back(id);
        return true;
    }
    if (settings_.servers.empty() || lookups_.size() >= settings_.max_questions) {
        query.error = settings_.servers.empty() ? ResolveError::no_servers : ResolveError::limit_reached;
        return false;
    }
    const auto at = lookups_.emplace(next_lookup_++, Lookup{}).first;
    Lookup& lookup = at->second;
    lookup.name = lookup.target = name;
    lookup.type = type;
    lookup.waiting.push_back(id);
    begin_attempt(at, now);
    return true;
}

void StubResolver::take_answer(Query& query, Type type, const Answer& answer, Instant expires) const {
    if (!answer.addresses.empty()) query.expires = std::min(query.expires, expires);
    query.answers[slot_of(type)] = answer;
}

void StubResolver::finish(Lookups::iterator at, const std::expected<Answer, ResolveError>& outcome, Source source,
                          Instant now) {
    Lookup lookup = std::move(at->second);
    end_attempt(lookup);
    lookups_.erase(at);
    if (outcome) cache_.insert(lookup.name, lookup.type, *outcome, now);
    for (const QueryId id : lookup.waiting) {
        const auto waiting = queries_.find(id);
        if (waiting == queries_.end()) continue;
        Query& query = waiting->second;
        if (outcome)
            take_answer(query, lookup.type, *outcome, now + std::chrono::seconds(outcome->ttl));
        else
            query.error = outcome.error();
        query.source = source;
        if (--query.pending == 0) finish_query(id, query, now);
    }
}

/// Addresses of either family make a success; then a failure of the servers weighs more than "no data", because the
/// name may have what could not be learnt.
void StubResolver::finish_query(QueryId id, const Query& query, Instant now) {
    Resolution r;
    r.source = query.source;
    ResolveError error = query.error.value_or(ResolveError::no_data);
    for (const auto& answer : query.answers) {
        if (!answer) continue;
        if (answer->negative == ResolveError::name_error) error = ResolveError::name_error;
        if (r.addresses.empty()) r.canonical_name = answer->canonical_name;
        r.addresses.insert(r.addresses.end(), answer->addresses.begin(), answer->addresses.end());
    }
    if (r.addresses.empty()) {
        results_.push_back({id, std::unexpected(error)});
    } else {
        r.ttl = std::max(query.expires - now, Duration::zero());  // one may run out while the other is awaited
        order(r.addresses);
        results_.push_back({id, std::move(r)});
    }
    queries_.erase(id);
}

void StubResolver::cancel(QueryId id) {
    if (queries_.erase(id) == 0) return;
    for (auto at = lookups_.begin(); at != lookups_.end();) {
        Lookup& lookup = at->second;
        std::erase(lookup.waiting, id);
        if (!lookup.waiting.empty()) {
            ++at;
            continue;
        }
        end_attempt(lookup);
        at = lookups_.erase(at);
    }
}

namespace {

template <typename T>
std::optional<T> take_front(std::deque<T>& queue) {
    if (queue.empty()) return std::nullopt;
    T front = std::move(queue.front());
    queue.pop_front();
    return front;
}

}  // namespace

std::optional<OutgoingDatagram> StubResolver::next_datagram() { return take_front(datagrams_); }
std::optional<TcpRequest> StubResolver::tcp_wanted() { return take_front(tcp_requests_); }
std::optional<Port> StubResolver::next_released_port() { return take_front(released_ports_); }
std::optional<TcpExchangeId> StubResolver::next_released_tcp() { return take_front(released_tcp_); }
std::optional<QueryResult> StubResolver::next_result() { return take_front(results_); }

}  // namespace hourglass::dns
